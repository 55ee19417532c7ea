// Says to screen readers, and shows for a moment, what just happened without a page of its own.
import { useEffect, useSyncExternalStore } from "react";

let current = { text: "", at: 0 };
const listeners = new Set<() => void>();

/** Says one sentence. */
export function announce(text: string): void {
  current = { text, at: current.at + 1 };
  listeners.forEach((tell) => tell());
}

function listen(tell: () => void) {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

export function Announcements() {
  const said = useSyncExternalStore(listen, () => current);
  useEffect(() => {
    if (said.text === "") return;
    const timer = setTimeout(() => announce(""), 4_000);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div role="status" aria-live="polite" className="pointer-events-none fixed inset-x-0 bottom-4 z-60 flex justify-center px-4">
      {said.text !== "" && <p className="rounded-md bg-ink px-3 py-2 text-page shadow-lg">{said.text}</p>}
    </div>
  );
}
