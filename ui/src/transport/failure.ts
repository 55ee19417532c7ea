// What can go wrong between a page and its server, said for a person: what happened, and what to do next.
import type { Response as Envelope, Validation } from "../wire/rest";

/** Kinds of failures that pages tell apart. */
export type FailureKind = "unreachable" | "signed-out" | "forbidden" | "missing" | "invalid" | "conflict" | "busy" | "broken";

/** A call that failed. */
export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly next: string,
    readonly status = 0,
    readonly detail = "",
    readonly validations: Validation[] = [],
  ) {
    super(message);
    this.name = "Failure";
  }

  /** What is wrong with one field of a form. */
  about(field: string): string | undefined {
    return this.validations.find((one) => one.field === field)?.detail;
  }
}

const NEXT: Record<FailureKind, string> = {
  unreachable: "Check that the server runs (`homeport-server`) and that this computer is on its network, then try again.",
  "signed-out": "Sign in again.",
  forbidden: "Ask the owner of this deployment for the right to do this.",
  missing: "It may have been deleted or renamed. Go back to the list.",
  invalid: "Correct the marked values and send the form again.",
  conflict: "Look at the present state and try again when it fits.",
  busy: "Wait a moment, then try again.",
  broken: "Try again. If it stays, the log of the server says more (`homeport diagnose`).",
};

function kindOf(status: number): FailureKind {
  switch (status) {
    case 401: return "signed-out";
    case 403: return "forbidden";
    case 404: case 410: return "missing";
    case 400: case 422: return "invalid";
    case 409: case 412: return "conflict";
    case 429: case 503: return "busy";
    case 502: case 504: return "unreachable";
    default: return "broken";
  }
}

/** A failure from an answer of the server. The body may be anything: a proxy in between answers in its own words. */
export function fromAnswer(status: number, body: unknown): Failure {
  const envelope = (typeof body === "object" && body !== null ? body : {}) as Partial<Envelope>;
  const kind = kindOf(status);
  const message = typeof envelope.message === "string" && envelope.message !== "" ? envelope.message : `The server answered ${status}.`;
  const validations = Array.isArray(envelope.validations) ? envelope.validations : [];
  return new Failure(kind, message, NEXT[kind], status, envelope.detail ?? "", validations);
}

/** A failure to reach the server at all. */
export function unreachable(why: string): Failure {
  return new Failure("unreachable", "The server cannot be reached.", NEXT.unreachable, 0, why);
}

/** A build that ended badly: the server's own reason, and what a person can do about it. */
export function failedBuild(reason: string | undefined): Failure {
  return new Failure("conflict", reason || "The server gave no reason.", "Look at the log of the build, mend the cause, then start the workspace again.");
}

/** Anything that was thrown, as a failure. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (isChunkFailure(text)) {
    return new Failure("unreachable", "A part of this page could not be loaded.", "The server was updated or went away. Load the page again.", 0, text);
  }
  return new Failure("broken", "This page ran into an error of its own.", "Load the page again. If it stays, please report the text below.", 0, text);
}

/** Whether a script of a page was not there: the words differ between browsers. */
export function isChunkFailure(text: string): boolean {
  return /dynamically imported module|importing a module script|unable to preload|loading chunk/i.test(text);
}
