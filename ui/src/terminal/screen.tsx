// The screen of a terminal, and what stands over it while the line to the workspace is not open.
import { FitAddon } from "@xterm/addon-fit";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal, type ITheme } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef, useState } from "react";
import { Button } from "../look/button";
import { Session, type Standing } from "./session";
import { styledDocument } from "./sheet";

const WORDS: Record<Standing, string> = {
  connecting: "Connecting to the workspace daemon…",
  open: "",
  broken: "The connection broke off. Trying again…",
  ended: "The shell ended.",
  refused: "The terminal could not be opened. The workspace daemon may be starting, or this server cannot open terminals.",
};

/** Dark in both themes, as terminals are: programs choose their colours for that. */
const COLOURS: ITheme = {
  background: "#0d1117", foreground: "#e6edf3", cursor: "#e6edf3", selectionBackground: "#2f5b8f",
  black: "#484f58", red: "#ff7b72", green: "#3fb950", yellow: "#d29922", blue: "#58a6ff", magenta: "#bc8cff", cyan: "#39c5cf", white: "#b1bac4",
  brightBlack: "#6e7681", brightRed: "#ffa198", brightGreen: "#56d364", brightYellow: "#e3b341", brightBlue: "#79c0ff", brightMagenta: "#d2a8ff", brightCyan: "#56d4dd", brightWhite: "#ffffff",
};

interface Props {
  daemon: string;
  name: string;
  command: string;
  isConnected: boolean;
}

export default function Screen({ daemon, name, command, isConnected }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const session = useRef<Session>(null);
  const [standing, setStanding] = useState<Standing>("connecting");

  useEffect(() => {
    if (!box.current || !isConnected) return;
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.875;
    const terminal = new Terminal({ cursorBlink: true, fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono"), fontSize: size, theme: COLOURS, scrollback: 10_000, screenReaderMode: true, documentOverride: styledDocument(document) });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.loadAddon(new WebLinksAddon((event, address) => { if (event.ctrlKey || event.metaKey) window.open(address, "_blank", "noopener,noreferrer"); }));
    terminal.open(box.current);
    fit.fit();
    const line = new Session(daemon, crypto.randomUUID?.() ?? randomId(), command, { cols: terminal.cols, rows: terminal.rows }, (bytes) => terminal.write(bytes), setStanding);
    session.current = line;
    terminal.onData((data) => line.keys(data));
    terminal.onResize((next) => line.resize(next));
    // Tab belongs to the shell; Ctrl+Shift+Escape gives the focus back to the page.
    terminal.attachCustomKeyEventHandler((event) => {
      if (event.type === "keydown" && event.key === "Escape" && event.ctrlKey) {
        document.getElementById("main")?.focus();
        return false;
      }
      return true;
    });
    const observer = new ResizeObserver(() => fit.fit());
    observer.observe(box.current);
    line.connect();
    terminal.focus();
    return () => {
      observer.disconnect();
      line.close();
      terminal.dispose();
    };
  }, [daemon, command, isConnected]);

  const text = isConnected ? WORDS[standing] : "The workspace daemon is not connected. The terminal opens when it is.";
  return (
    <div className="flex min-h-0 grow flex-col overflow-hidden rounded-lg border border-line bg-[#0d1117]">
      <div ref={box} role="group" aria-label={`Terminal of ${name}. Control and Escape leave it.`} className="min-h-0 grow overflow-hidden p-2" />
      <div role="status" className={text === "" ? "sr-only" : "flex flex-wrap items-center gap-3 border-t border-line bg-surface px-4 py-2.5"}>
        {text === "" ? "Connected." : text}
        {isConnected && standing !== "open" && standing !== "connecting" && <Button size="small" onClick={() => session.current?.retry()}>{standing === "ended" ? "Open a new shell" : "Try again"}</Button>}
      </div>
    </div>
  );
}

/** Without a secure context browsers have no `randomUUID`. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
