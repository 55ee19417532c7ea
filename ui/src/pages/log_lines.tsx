// Lines of a log, the newest in sight as long as the reader has not scrolled up.
import { useEffect, useRef } from "react";
import { plain } from "../rules/name";
import type { LogLevel } from "../wire/rest";

export interface Line {
  id: number;
  level: LogLevel;
  text: string;
  stage?: string;
}

/** What is drawn at a time: more would make the page slow, and nobody reads it here. */
const SHOWN = 4_000;

const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g;

export function LogLines({ lines, name }: { lines: Line[]; name: string }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  const hidden = lines.length - SHOWN;
  return (
    <div
      ref={box}
      role="log"
      aria-label={name}
      aria-live="off"
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
      className="max-h-96 overflow-auto bg-sunken px-4 py-3 font-mono text-[0.8125rem] leading-relaxed focus-visible:-outline-offset-2"
    >
      {hidden > 0 && <p className="text-quiet">{hidden} earlier lines are not shown.</p>}
      {lines.length === 0 && <p className="text-quiet">Nothing yet.</p>}
      {lines.slice(-SHOWN).map((line, at, all) => (
        <div key={line.id}>
          {line.stage !== undefined && line.stage !== all[at - 1]?.stage && <p className="pt-2 font-semibold first:pt-0">{line.stage}</p>}
          <p className={`break-words whitespace-pre-wrap ${line.level === "error" ? "text-bad" : line.level === "warn" ? "text-warn" : ""}`}>
            {(line.level === "error" || line.level === "warn") && <span className="font-semibold">{line.level}: </span>}
            {plain(line.text.replace(COLOURS, ""))}
          </p>
        </div>
      ))}
    </div>
  );
}
