// A state as a shape and a word; the colour only helps.
import { Check, CircleDashed, CircleStop, LoaderCircle, OctagonX, TriangleAlert, type LucideIcon } from "lucide-react";
import type { Tone, Word } from "../rules/status";

const SHAPES: Record<Tone, { icon: LucideIcon; tone: string }> = {
  good: { icon: Check, tone: "text-good bg-good-soft" },
  working: { icon: LoaderCircle, tone: "text-accent bg-accent-soft" },
  idle: { icon: CircleStop, tone: "text-quiet bg-sunken" },
  warn: { icon: TriangleAlert, tone: "text-warn bg-warn-soft" },
  bad: { icon: OctagonX, tone: "text-bad bg-bad-soft" },
};

export function Mark({ word }: { word: Word }) {
  const { icon: Icon, tone } = SHAPES[word.tone] ?? { icon: CircleDashed, tone: "text-quiet" };
  return (
    <span className={`inline-flex items-center gap-1.5 rounded-full px-2 py-0.5 text-[0.8125rem] font-medium whitespace-nowrap ${tone}`}>
      <Icon aria-hidden className={`size-3.5 shrink-0 ${word.tone === "working" ? "working" : ""}`} />
      {word.text}
    </span>
  );
}
