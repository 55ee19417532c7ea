// Starting and stopping by the clock: the server's cron line to a form and back. Pure.

export const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

export interface Schedule {
  zone: string;
  hour: number;
  minute: number;
  /** Days of the week, 0 is Sunday. */
  days: number[];
}

/** Reads `[CRON_TZ=zone ]minute hour * * days`; none when it says more than the form can show. */
export function readSchedule(line: string | null | undefined): Schedule | undefined {
  const match = /^(?:CRON_TZ=(\S+)\s+)?(\d{1,2})\s+(\d{1,2})\s+\*\s+\*\s+(\S+)$/.exec((line ?? "").trim());
  if (!match) return undefined;
  const [, zone = "UTC", minute, hour, rest] = match;
  const days = readDays(rest!);
  const schedule = { zone, minute: Number(minute), hour: Number(hour), days: days ?? [] };
  return days && schedule.minute < 60 && schedule.hour < 24 ? schedule : undefined;
}

function readDays(text: string): number[] | undefined {
  if (text === "*") return [0, 1, 2, 3, 4, 5, 6];
  const days = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^([0-7]|[A-Za-z]{3})(?:-([0-7]|[A-Za-z]{3}))?$/.exec(part);
    if (!match) return undefined;
    const from = day(match[1]!);
    const to = match[2] === undefined ? from : day(match[2]);
    if (from === undefined || to === undefined || to < from) return undefined;
    for (let one = from; one <= to; one += 1) days.add(one % 7);
  }
  return [...days].sort((a, b) => a - b);
}

function day(text: string): number | undefined {
  if (/^\d$/.test(text)) return Number(text);
  const at = DAYS.findIndex((name) => name.toLowerCase() === text.toLowerCase());
  return at < 0 ? undefined : at;
}

/** The line that the server keeps. */
export function writeSchedule({ zone, hour, minute, days }: Schedule): string {
  const list = days.length === 7 ? "*" : [...days].sort((a, b) => a - b).join(",");
  return `CRON_TZ=${zone} ${minute} ${hour} * * ${list}`;
}

/** A schedule in words. */
export function scheduleWords(line: string | null | undefined): string {
  if (!line) return "Off";
  const schedule = readSchedule(line);
  if (!schedule) return line;
  const time = `${String(schedule.hour).padStart(2, "0")}:${String(schedule.minute).padStart(2, "0")}`;
  const key = schedule.days.join("");
  const days = key === "0123456" ? "Every day" : key === "12345" ? "Mon to Fri" : schedule.days.map((one) => DAYS[one]).join(", ");
  return `${days} at ${time} (${schedule.zone})`;
}

/** The deadline an hour on: from the one that is, or from now when that is sooner. */
export function later(deadline: string, hours: number, now: number): string {
  return new Date(Math.max(Date.parse(deadline), now) + hours * 3_600_000).toISOString();
}
