// Which questions of a program are whole, and that the way back stays on this computer.
import { describe, expect, it } from "vitest";
import { handOffOf, wayBack } from "./hand_off";

const whole = { port: 4321, state: "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", challenge: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" };

describe("the question of a program", () => {
  it.each([
    [whole, true],
    [{ ...whole, port: "4321" }, true],
    [{}, false],
    [{ ...whole, port: 0 }, false],
    [{ ...whole, port: 65536 }, false],
    [{ ...whole, port: "80@evil.example" }, false],
    [{ ...whole, port: "4321.5" }, false],
    [{ ...whole, state: "short" }, false],
    [{ ...whole, state: `${whole.state.slice(1)}&` }, false],
    [{ ...whole, challenge: "" }, false],
    [{ ...whole, challenge: `${whole.challenge}A` }, false],
    [{ ...whole, challenge: `${whole.challenge.slice(0, 42)}V` }, false],
  ])("%o is whole: %s", (search, isWhole) => {
    expect(handOffOf(search) !== undefined).toBe(isWhole);
  });

  it("is answered on this computer", () => {
    const asked = handOffOf(whole);
    if (asked === undefined) throw new Error("it is whole");
    expect(wayBack(asked, { code: "a&b" })).toBe(`http://127.0.0.1:4321/?code=a%26b&state=${whole.state}`);
    expect(wayBack(asked, { refused: "1" })).toBe(`http://127.0.0.1:4321/?refused=1&state=${whole.state}`);
    expect(asked.word).toBe("ABCD");
  });
});
