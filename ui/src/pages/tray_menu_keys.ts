// The keyboard of the menu's window: up and down over the lines that are to be seen, left and right close and open, the slash
// leads into the search, Escape out of it. Tab works as everywhere.
import { useEffect, useRef, type RefObject } from "react";

interface Places {
  /** What holds the lines: every one that does something is a button in it. */
  list: RefObject<HTMLElement | null>;
  /** The search. */
  field: RefObject<HTMLInputElement | null>;
  /** Searches no more; whether there was something to give up. */
  stopSearch(): boolean;
}

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

export function useMenuKeys({ list, field, stopSearch }: Places): void {
  /** Which button had the focus last: it may be gone with the next view, and its place is where a person looks. */
  const place = useRef(0);

  useEffect(() => {
    const remember = () => {
      const at = buttonsOf(list.current).indexOf(document.activeElement as HTMLElement);
      if (at >= 0) place.current = at;
    };
    const move = (step: number, typed: HTMLInputElement | null) => {
      const isInside = list.current?.contains(document.activeElement);
      const buttons = buttonsOf(list.current);
      const from = typed ? buttons.filter((one) => isBefore(one, typed)).length - 1 : isInside ? place.current : place.current - 1;
      buttons[Math.max(0, Math.min(buttons.length - 1, from + step))]?.focus();
    };
    const pressed = (event: KeyboardEvent) => {
      const typed = event.target instanceof HTMLInputElement ? event.target : null;
      const button = event.target instanceof HTMLElement && !typed ? event.target.closest("button") : null;
      const step = STEPS[event.key];
      let isDone = true;
      if (event.key === "/" && !typed) field.current?.focus();
      else if (event.key === "Escape") isDone = stopSearch();
      else if (step !== undefined && (!typed || Number.isFinite(step))) move(step, typed);
      else if (event.key === "ArrowRight" && button?.ariaExpanded === "false") button.click();
      else if (event.key === "ArrowLeft" && button?.ariaExpanded === "true") button.click();
      else if (event.key === "ArrowLeft" && button) opener(button)?.focus();
      else isDone = false;
      if (isDone) event.preventDefault();
    };
    // Of the document: after a view without the button that had the focus, nothing has it.
    document.addEventListener("keydown", pressed);
    document.addEventListener("focusin", remember);
    return () => {
      document.removeEventListener("keydown", pressed);
      document.removeEventListener("focusin", remember);
    };
  });
}

function buttonsOf(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>("button:not(:disabled)") ?? [])];
}

function isBefore(one: HTMLElement, other: HTMLElement): boolean {
  return (one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
}

/** The line that opened the one that this button is in. */
function opener(button: HTMLElement): HTMLElement | null | undefined {
  return button.closest("ul")?.closest("li")?.querySelector<HTMLElement>(":scope > button");
}
