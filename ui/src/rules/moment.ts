// Times and spans in words. Pure: the present is an argument.

/** "Never" on the wire. */
export function isNever(time: string | null | undefined): boolean {
  return !time || time.startsWith("0001-01-01");
}

const UNITS: Array<[number, string]> = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

/** The largest unit of a span: `3 hours`. */
export function span(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  for (const [unit, name] of UNITS) {
    const count = Math.floor(size / unit);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "a moment";
}

/** `3 hours ago`, `in 2 days`, `never`. */
export function since(time: string | null | undefined, now: number): string {
  if (isNever(time)) return "never";
  const distance = Date.parse(time!) - now;
  if (Number.isNaN(distance)) return "at an unknown time";
  if (Math.abs(distance) < 5_000) return "just now";
  return distance < 0 ? `${span(distance)} ago` : `in ${span(distance)}`;
}

/** What ends within this is said to end soon: a person can still do something about it. */
const SOON = 3 * 86_400_000;

/** When a token or a session ends: `expires in 2 days`, `expired 3 hours ago`, `never expires`. */
export function expiry(time: string | null | undefined, now: number): { text: string; isSoon: boolean } {
  if (isNever(time)) return { text: "never expires", isSoon: false };
  const left = Date.parse(time!) - now;
  if (Number.isNaN(left)) return { text: "expires at an unknown time", isSoon: true };
  if (left <= 0) return { text: `expired ${left > -5_000 ? "just now" : since(time, now)}`, isSoon: true };
  return { text: `expires in ${span(left)}`, isSoon: left < SOON };
}

/** Up to two units, for what is left: `1 h 20 min`. */
export function left(milliseconds: number): string {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return rest > 0 ? `${hours} h ${rest} min` : `${hours} h`;
  return `${rest} min`;
}

/** How long something took: `420 ms`, `3.2 s`, `2 min 5 s`. */
export function took(from: string | null | undefined, to: string | null | undefined): string {
  if (isNever(from) || isNever(to)) return "";
  const milliseconds = Date.parse(to!) - Date.parse(from!);
  if (Number.isNaN(milliseconds)) return "";
  if (milliseconds < 1_000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1_000)} s`;
}

/** Date and time as the reader's computer writes them. */
export function full(time: string): string {
  return isNever(time) ? "never" : new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
