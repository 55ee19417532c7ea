// Every form that a template may ask for: the control that is drawn, what it sends, and what it says of a wrong value.
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import user from "@testing-library/user-event";
import { useState } from "react";
import { afterEach, expect, test } from "vitest";
import { fault, firstValues } from "../rules/parameter";
import type { RichParameter } from "../wire/rest";
import { ParameterField } from "./parameter_field";

afterEach(cleanup);

const text: RichParameter = { name: "p", display_name: "Thing", description: "**bold**", description_plaintext: "What it is.", type: "string", form_type: "input", mutable: true, default_value: "", icon: "", options: [], required: false, ephemeral: false };
const options = ["small", "large"].map((value) => ({ name: value.toUpperCase(), description: `${value} one`, value, icon: "" }));

/** A form of one parameter, as the page of a new workspace holds it; answers with what would be sent. */
function shown(change: Partial<RichParameter>) {
  const one = { ...text, ...change };
  let sent = firstValues([one], {}).p!;
  function Form() {
    const [value, setValue] = useState(sent);
    return <ParameterField one={one} value={value} fault={fault(one, value)} isFromLink={false} change={(next) => { sent = next; setValue(next); }} />;
  }
  render(<Form />);
  return () => sent;
}

test("a text field sends what is typed, and its hint and fault are tied to it", async () => {
  const sent = shown({ validation_regex: "^[a-z]+$", validation_error: "Small letters only.", mutable: false });
  const field = screen.getByRole("textbox", { name: "Thing" });
  await user.type(field, "ab1");
  expect(sent()).toBe("ab1");
  expect(field.getAttribute("aria-invalid")).toBe("true");
  const said = field.getAttribute("aria-describedby")!.split(" ").map((id) => document.getElementById(id)!.textContent);
  expect(said).toEqual(["What it is. It cannot be changed later.", "Small letters only."]);
});

test("a text area keeps lines", async () => {
  const sent = shown({ form_type: "textarea" });
  await user.type(screen.getByRole("textbox"), "one{Enter}two");
  expect(screen.getByRole("textbox").tagName).toBe("TEXTAREA");
  expect(sent()).toBe("one\ntwo");
});

test.each([["switch", "switch"], ["", "switch"], ["checkbox", "checkbox"]])("a bool as %s", async (form_type, role) => {
  const sent = shown({ type: "bool", form_type });
  expect(sent()).toBe("false");
  const control = screen.getByRole(role, { name: "Thing" });
  control.focus();
  await user.keyboard(" ");
  expect(sent()).toBe("true");
  await user.click(screen.getByText("Thing"));
  expect(sent()).toBe("false");
});

test("radio buttons: one of several, with their words", async () => {
  const sent = shown({ form_type: "radio", options, default_value: "small" });
  screen.getByRole("radiogroup", { name: "Thing" });
  expect(screen.getByRole("radio", { name: /SMALL small one/ })).toHaveProperty("checked", true);
  await user.click(screen.getByRole("radio", { name: /LARGE/ }));
  expect(sent()).toBe("large");
});

test("a drop-down of choices waits for one where none is given", async () => {
  const sent = shown({ form_type: "dropdown", options, required: true });
  expect(screen.getByText("A value is needed.", { selector: "[id$=fault]" })).toBeTruthy();
  await user.selectOptions(screen.getByRole("combobox"), "large");
  expect(sent()).toBe("large");
});

test("a choice of a list parameter is a whole list", async () => {
  const lists = [{ name: "Web", description: "", value: '["80","443"]', icon: "" }, { name: "None", description: "", value: "[]", icon: "" }];
  const sent = shown({ type: "list(string)", form_type: "radio", options: lists });
  await user.click(screen.getByRole("radio", { name: "Web" }));
  expect(sent()).toBe('["80","443"]');
  expect(fault({ ...text, type: "list(string)", form_type: "radio", options: lists }, sent())).toBeUndefined();
});

test("several choices are sent in the template's order", async () => {
  const sent = shown({ type: "list(string)", form_type: "multi-select", options });
  await user.click(screen.getByRole("checkbox", { name: /LARGE/ }));
  await user.click(screen.getByRole("checkbox", { name: /SMALL/ }));
  expect(sent()).toBe('["small","large"]');
  await user.click(screen.getByRole("checkbox", { name: /LARGE/ }));
  expect(sent()).toBe('["small"]');
  await user.click(screen.getByRole("checkbox", { name: /SMALL/ }));
  expect(fault({ ...text, type: "list(string)", options, required: true }, sent())).toMatch(/at least one/);
});

test("texts of one's own are added by Enter, comma, or leaving, once each, and taken away", async () => {
  const sent = shown({ type: "list(string)", form_type: "tag-select" });
  const field = screen.getByRole("textbox", { name: "Thing" });
  await user.type(field, "web{Enter}db,web,");
  expect(sent()).toBe('["web","db"]');
  await user.type(field, "cache");
  await user.tab();
  expect(sent()).toBe('["web","db","cache"]');
  await user.click(screen.getByRole("button", { name: "Take db away" }));
  expect(sent()).toBe('["web","cache"]');
  await user.click(field);
  await user.keyboard("{Backspace}");
  expect(sent()).toBe('["web"]');
});

test("a slider goes from end to end and says its value; without both ends it is a number field", async () => {
  const sent = shown({ type: "number", form_type: "slider", validation_min: 2, validation_max: 8, default_value: "4", validation_monotonic: "increasing" });
  const slider = screen.getByRole("slider", { name: "Thing" });
  expect([slider.getAttribute("min"), slider.getAttribute("max"), screen.getByRole("status").textContent]).toEqual(["2", "8", "4"]);
  expect(screen.getByText(/From 2 to 8\. Later it can only be raised\./)).toBeTruthy();
  fireEvent.change(slider, { target: { value: "7" } });
  expect([sent(), screen.getByRole("status").textContent]).toEqual(["7", "7"]);
  cleanup();
  const number = shown({ type: "number", form_type: "slider", validation_min: 2 });
  await user.type(screen.getByRole("textbox"), "1");
  expect(number()).toBe("1");
  expect(screen.getByText("At least 2.")).toBeTruthy();
});
