// Failures: every answer becomes a sentence with a next step.
import { afterEach, expect, test, vi } from "vitest";
import { asFailure, fromAnswer } from "./failure";
import { web } from "./web";

test.each([
  [401, "signed-out"], [403, "forbidden"], [404, "missing"], [410, "missing"], [400, "invalid"], [409, "conflict"], [429, "busy"], [502, "unreachable"], [500, "broken"], [507, "broken"],
])("%d is %s, with a next step", (status, kind) => {
  const failure = fromAnswer(status, { message: "So it is." });
  expect(failure.kind).toBe(kind);
  expect(failure.message).toBe("So it is.");
  expect(failure.next).not.toBe("");
});

test.each([[undefined], ["<html>"], [{ message: 7 }], [null]])("an answer of %j still says something", (body) => {
  expect(fromAnswer(502, body).message).toBe("The server answered 502.");
});

test("a field's fault is found by its name", () => {
  const failure = fromAnswer(400, { message: "No.", validations: [{ field: "name", detail: "taken" }] });
  expect(failure.about("name")).toBe("taken");
  expect(failure.about("other")).toBeUndefined();
});

test("a part of the page that is gone is told apart from an error of ours", () => {
  expect(asFailure(new TypeError("Failed to fetch dynamically imported module: /assets/x.js")).kind).toBe("unreachable");
  expect(asFailure(new Error("undefined is not a function")).kind).toBe("broken");
});

afterEach(() => vi.unstubAllGlobals());

test("a server that is gone is a failure, not an exception of the browser", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(web.call("GET", "/x")).rejects.toMatchObject({ kind: "unreachable", detail: "Failed to fetch" });
});

test("an answer without a body is fine", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 204 })));
  await expect(web.call("PUT", "/x", {})).resolves.toBeUndefined();
});
