// Values of parameters: first ones, those of links, faults.
import { expect, test } from "vitest";
import type { RichParameter } from "../wire/rest";
import { control, fault, firstValues, fromLink } from "./parameter";

const text: RichParameter = { name: "p", display_name: "", description: "", description_plaintext: "", type: "string", form_type: "", mutable: true, default_value: "", icon: "", options: [], required: false, ephemeral: false };
const option = (value: string) => ({ name: value, description: "", value, icon: "" });

test.each<[Partial<RichParameter>, string, RegExp | undefined]>([
  [{ required: true }, "", /needed/],
  [{}, "", undefined],
  [{ type: "number" }, "four", /number/],
  [{ type: "number", validation_min: 2, validation_max: 8 }, "1", /At least 2/],
  [{ type: "number", validation_min: 2, validation_max: 8 }, "9", /At most 8/],
  [{ type: "number", validation_min: 2, validation_max: 8, validation_error: "{min} to {max}, not {value}" }, "9", /^2 to 8, not 9$/],
  [{ type: "number", validation_min: 2, validation_max: 8 }, "8", undefined],
  [{ type: "bool" }, "yes", /true or false/],
  [{ validation_regex: "^[a-z]+$", validation_error: "small letters" }, "A", /^small letters$/],
  [{ validation_regex: "(?P<broken" }, "A", undefined],
  [{ options: [option("a"), option("b")] }, "c", /offered/],
  [{ type: "list(string)" }, "not a list", /list/],
  [{ type: "list(string)", options: [option("a")] }, '["a","z"]', /offered/],
  [{ type: "list(string)", options: [option("a")] }, '["a"]', undefined],
])("%j of %s", (change, value, expected) => {
  const found = fault({ ...text, ...change }, value);
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(expected);
});

test("links fill in, and only what is named so", () => {
  const link = fromLink({ "param.cpu": 4, "param.gpu": true, name: "x", "param.bad": { a: 1 } });
  expect(link).toEqual({ cpu: "4", gpu: "true" });
  expect(firstValues([{ ...text, name: "cpu", default_value: "2" }, { ...text, name: "b", type: "bool" }], link)).toEqual({ cpu: "4", b: "false" });
});

test("each parameter has its control", () => {
  expect(control({ ...text, type: "bool" })).toBe("switch");
  expect(control({ ...text, type: "list(string)", options: [option("a")] })).toBe("choices");
  expect(control({ ...text, options: [option("a")] })).toBe("choice");
});
