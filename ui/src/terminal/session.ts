// The line to a terminal in a workspace: opened again after a break under the same id, so that the shell goes on. The
// screen is not here. Says in one word how it stands.
import { server, type Stream } from "../transport/transport";

export type Standing = "connecting" | "open" | "broken" | "ended" | "refused";

export interface Size {
  cols: number;
  rows: number;
}

/** Tries after a break, at growing distance; then a person decides. */
const WAITS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

/** What a server of this interface reads: one object for keys, one for the size of the screen. */
export const keysMessage = (data: string) => JSON.stringify({ data });
export const sizeMessage = ({ cols, rows }: Size) => JSON.stringify({ height: rows, width: cols });

export function sessionPath(daemon: string, id: string, { cols, rows }: Size, command: string): string {
  const query = new URLSearchParams({ reconnect: id, width: String(cols), height: String(rows) });
  if (command !== "") query.set("command", command);
  return `/workspaceagents/${daemon}/pty?${query.toString()}`;
}

export class Session {
  private stream: Stream | undefined;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wasOpen = false;

  constructor(
    private readonly daemon: string,
    private readonly id: string,
    private readonly command: string,
    private size: Size,
    private readonly draw: (bytes: Uint8Array) => void,
    private readonly tell: (standing: Standing) => void,
  ) {}

  connect(): void {
    clearTimeout(this.timer);
    this.stream?.close();
    this.tell("connecting");
    let isOpen = false;
    this.stream = server.open(sessionPath(this.daemon, this.id, this.size, this.command), {
      opened: () => {
        isOpen = true;
        this.wasOpen = true;
        this.tries = 0;
        this.stream?.send(sizeMessage(this.size));
        this.tell("open");
      },
      bytes: (bytes) => this.draw(bytes),
      text: (text) => this.draw(new TextEncoder().encode(text)),
      closed: (isClean) => {
        if (isOpen && isClean) this.tell("ended");
        else if (!this.wasOpen) this.tell("refused");
        else this.again();
      },
    });
  }

  /** A person asked for it: from the first try on. */
  retry(): void {
    this.tries = 0;
    this.connect();
  }

  private again(): void {
    this.tell("broken");
    const wait = WAITS[this.tries];
    this.tries += 1;
    if (wait !== undefined) this.timer = setTimeout(() => this.connect(), wait);
  }

  keys(data: string): void {
    this.stream?.send(keysMessage(data));
  }

  resize(size: Size): void {
    this.size = size;
    this.stream?.send(sizeMessage(size));
  }

  close(): void {
    clearTimeout(this.timer);
    this.stream?.close();
  }
}
