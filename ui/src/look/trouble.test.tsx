// Errors where a person sees them: never a blank page.
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { fromAnswer } from "../transport/failure";
import { Net, Trouble } from "./trouble";

afterEach(cleanup);

test("a failure says what happened and what to do", () => {
  render(<Trouble failure={fromAnswer(404, { message: "No such workspace." })} retry={() => {}} />);
  const panel = screen.getByRole("alert");
  expect(panel.textContent).toContain("No such workspace.");
  expect(panel.textContent).toContain("Go back to the list");
  expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
});

test("a page that throws leaves a panel", () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const Broken = () => {
    throw new Error("it broke");
  };
  render(<Net><Broken /></Net>);
  expect(screen.getByRole("alert").textContent).toContain("it broke");
});
