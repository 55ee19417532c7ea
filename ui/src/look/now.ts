// The present, for words such as "3 minutes ago": they would stand still where nothing else changes.
import { useEffect, useState } from "react";

/** Milliseconds since 1970, renewed now and then. */
export function useNow(every = 30_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
