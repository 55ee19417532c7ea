// A text that people take elsewhere, with a button that copies it.
import { Check, Copy } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { announce } from "./announce";

export function Copyable({ text, name, isWide }: { text: string; name: string; isWide?: boolean }) {
  const [isDone, setDone] = useState(false);
  const code = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), 1_500);
    return () => clearTimeout(timer);
  }, [isDone]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      announce(`${name} copied.`);
    } catch {
      // Without a secure context there is no clipboard: select the text, the person's own keys copy it.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      announce(`${name} is selected; press Ctrl and C to copy it.`);
    }
  };
  return (
    <span className={`inline-flex max-w-full min-w-0 items-center rounded-md border border-line bg-sunken ${isWide ? "w-full" : ""}`}>
      <code ref={code} className={`min-w-0 px-2 py-1 ${isWide ? "grow break-all" : "truncate"}`}>{text}</code>
      <button type="button" onClick={() => void copy()} aria-label={`Copy ${name}`} title={`Copy ${name}`} className="grid size-7 shrink-0 place-items-center self-stretch rounded-r-md text-quiet hover:text-ink">
        {isDone ? <Check aria-hidden className="size-3.5 text-good" /> : <Copy aria-hidden className="size-3.5" />}
      </button>
    </span>
  );
}
