// Keeps the page behind a dialog from scrolling. Stands in for `react-remove-scroll`, which writes a style element into the
// page: the server's content policy forbids that.
import { useEffect, type ElementType, type ReactNode } from "react";

interface Props {
  as?: ElementType;
  enabled?: boolean;
  children?: ReactNode;
  [rest: string]: unknown;
}

let locks = 0;

export function RemoveScroll({ as: As = "div", enabled = true, children, allowPinchZoom, shards, removeScrollBar, noIsolation, inert, ...rest }: Props) {
  void [allowPinchZoom, shards, removeScrollBar, noIsolation, inert];
  useEffect(() => {
    if (!enabled) return;
    locks += 1;
    document.documentElement.dataset.scroll = "locked";
    return () => {
      locks -= 1;
      if (locks === 0) delete document.documentElement.dataset.scroll;
    };
  }, [enabled]);
  return <As {...rest}>{children}</As>;
}

RemoveScroll.classNames = { fullWidth: "", zeroRight: "" };
