// Asking before something is done: nothing happens without the verb, and a failure stays in sight.
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import user from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { fromAnswer } from "../transport/failure";
import { Confirm } from "./dialog";

afterEach(cleanup);

test("nothing is done by cancelling", async () => {
  const run = vi.fn(() => Promise.resolve());
  const close = vi.fn();
  render(<Confirm question={{ title: "Stop box?", text: "It ends.", verb: "Stop", run }} close={close} />);
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  expect(run).not.toHaveBeenCalled();
  expect(close).toHaveBeenCalled();
});

test("a name must be typed where it is asked for", async () => {
  const run = vi.fn(() => Promise.resolve());
  render(<Confirm question={{ title: "Delete box?", text: "Gone.", verb: "Delete", typed: "box", run }} close={() => {}} />);
  const verb = screen.getByRole("button", { name: "Delete" });
  expect(verb).toHaveProperty("disabled", true);
  await user.type(screen.getByRole("textbox"), "box");
  await user.click(verb);
  expect(run).toHaveBeenCalledOnce();
});

test("a failure is shown in the dialog", async () => {
  const close = vi.fn();
  render(<Confirm question={{ title: "Stop?", text: "", verb: "Stop", run: () => Promise.reject(fromAnswer(409, { message: "A build is under way." })) }} close={close} />);
  await user.click(screen.getByRole("button", { name: "Stop" }));
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("A build is under way."));
  expect(close).not.toHaveBeenCalled();
});
