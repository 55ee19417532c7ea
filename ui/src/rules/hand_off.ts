// What a program asks for that sent its person here: read from the address, which anybody may have written. Pure.

/** A question that can be answered. */
export interface HandOffQuestion {
  port: number;
  state: string;
  challenge: string;
  /** What page and program both show. */
  word: string;
}

/** 256 bits in base64url: of the last letter two bits are nothing. */
const SHA256 = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The question of an address; nothing where it is not whole. */
export function handOffOf(search: Record<string, unknown>): HandOffQuestion | undefined {
  const port = Number(search.port);
  const { state, challenge } = search;
  if (!Number.isInteger(port) || port < 1 || port > 65535) return undefined;
  if (typeof state !== "string" || !/^[A-Z2-9]{32}$/.test(state)) return undefined;
  if (typeof challenge !== "string" || !SHA256.test(challenge)) return undefined;
  return { port, state, challenge, word: state.slice(0, 4) };
}

/** The program's own address on this computer. Nothing of the question can lead it elsewhere. */
export function wayBack(question: HandOffQuestion, answer: { code: string } | { refused: "1" }): string {
  return `http://127.0.0.1:${question.port}/?${new URLSearchParams({ ...answer, state: question.state }).toString()}`;
}
