// A failure where a person sees it: what happened, why, what to do next. And the net that catches errors of pages.
import { OctagonX } from "lucide-react";
import { Component, type ReactNode } from "react";
import { asFailure, type Failure } from "../transport/failure";
import { Button } from "./button";

export function Trouble({ failure, retry, title, children }: { failure: unknown; retry?: () => void; title?: string; children?: ReactNode }) {
  const known = asFailure(failure);
  return (
    <div role="alert" className="flex gap-3 rounded-lg border border-bad/40 bg-bad-soft p-4">
      <OctagonX aria-hidden className="mt-0.5 size-5 shrink-0 text-bad" />
      <div className="grid min-w-0 gap-2">
        <p className="font-semibold text-bad">{title ?? known.message}</p>
        {title && <p>{known.message}</p>}
        {known.detail && <p className="font-mono text-[0.8125rem] break-words text-quiet">{known.detail}</p>}
        {known.validations.map((one) => (
          <p key={one.field}><code>{one.field}</code>: {one.detail}</p>
        ))}
        <p>{step(known)}</p>
        {retry && <div><Button onClick={retry}>Try again</Button></div>}
        {children}
      </div>
    </div>
  );
}

/** The next step, with its commands set as commands. */
function step(failure: Failure): ReactNode {
  return failure.next.split("`").map((part, at) => (at % 2 === 1 ? <code key={at} className="rounded bg-surface px-1 py-0.5">{part}</code> : part));
}

interface State {
  thrown?: unknown;
}

/** Catches what a page throws while it is drawn. `children` come back with "Try again". */
export class Net extends Component<{ children: ReactNode; isRoot?: boolean }, State> {
  override state: State = {};

  static getDerivedStateFromError(thrown: unknown): State {
    return { thrown };
  }

  override render() {
    if (this.state.thrown === undefined) return this.props.children;
    const again = () => (this.props.isRoot || asFailure(this.state.thrown).kind === "unreachable" ? location.reload() : this.setState({ thrown: undefined }));
    const panel = <Trouble failure={this.state.thrown} retry={again} />;
    return this.props.isRoot ? <main className="mx-auto max-w-2xl p-6">{panel}</main> : panel;
  }
}
