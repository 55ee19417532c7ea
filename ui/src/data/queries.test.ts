// What a stream told stands, also where an older answer comes late.
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { told } from "./queries";

test("an answer that was asked for before the news does not undo them", async () => {
  const queries = new QueryClient();
  const answers: Array<(value: string) => void> = [];
  const observer = new QueryObserver(queries, { queryKey: ["box"], queryFn: () => new Promise<string>((resolve) => answers.push(resolve)) });
  const leave = observer.subscribe(() => {});
  expect(answers).toHaveLength(1);
  told(queries, ["box"], "stopped");
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[0]!("stopping");
  await Promise.resolve();
  expect(queries.getQueryData(["box"])).toBe("stopped");
  answers[1]!("stopped, and asked after the news");
  await vi.waitFor(() => expect(queries.getQueryData(["box"])).toBe("stopped, and asked after the news"));
  // With nothing on its way nothing is asked.
  told(queries, ["box"], "running");
  expect([answers.length, queries.getQueryData(["box"])]).toEqual([2, "running"]);
  leave();
});
