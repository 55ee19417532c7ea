// A titled area of a page, the page's own head, and the quiet texts for "nothing here" and "not yet".
import type { ReactNode } from "react";
import { useEffect, useRef } from "react";

export function Panel({ title, side, children, flush }: { title?: ReactNode; side?: ReactNode; children: ReactNode; flush?: boolean }) {
  return (
    <section className="min-w-0 rounded-lg border border-line bg-surface">
      {title !== undefined && (
        <header className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-1.5">
          <h2 className="text-[0.9375rem]">{title}</h2>
          {side}
        </header>
      )}
      <div className={flush ? "" : "p-4"}>{children}</div>
    </section>
  );
}

/** The head of a page. It takes the focus when the page opens, so that a reader hears where it is. */
export function Head({ title, under, side, name }: { title: ReactNode; under?: ReactNode; side?: ReactNode; name: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${name} · Homeport`;
    heading.current?.focus({ preventScroll: true });
  }, [name]);
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 ref={heading} tabIndex={-1} className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xl break-words">{title}</h1>
        {under && <p className="mt-1 text-quiet">{under}</p>}
      </div>
      {side && <div className="flex flex-wrap items-center gap-2">{side}</div>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-10 text-center">
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-prose text-quiet">{children}</div>}
    </div>
  );
}

export function Waiting({ what }: { what: string }) {
  return (
    <div role="status" className="grid gap-2 p-4">
      <span className="sr-only">Loading {what}…</span>
      {[70, 92, 55].map((width) => (
        <span key={width} aria-hidden className={`pulse h-4 rounded bg-sunken ${width === 70 ? "w-2/3" : width === 92 ? "w-11/12" : "w-1/2"}`} />
      ))}
    </div>
  );
}

/** Facts as name and value. */
export function Facts({ rows }: { rows: Array<[string, ReactNode]> }) {
  return (
    <dl className="grid grid-cols-[fit-content(42%)_minmax(0,1fr)] gap-x-6 gap-y-1.5">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="min-w-0 break-words text-quiet">{name}</dt>
          <dd className="min-w-0 break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
