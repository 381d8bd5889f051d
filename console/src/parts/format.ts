const numbers = new Intl.NumberFormat("en");
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60],
];

/** A number with separators: 100,000. */
export function count(value: number): string {
  return numbers.format(value);
}

/** A number of things: 1 group, 2 groups. */
export function counted(value: number, thing: string): string {
  return `${count(value)} ${thing}${value === 1 ? "" : "s"}`;
}

/** How long ago or ahead a time is, in the largest unit that fits. */
export function ago(time: Date, now: Date): string {
  const seconds = Math.round((time.getTime() - now.getTime()) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return unit === "second" ? (seconds <= 0 ? "just now" : "in a moment") : relative.format(Math.trunc(seconds / size), unit);
}

const TO_THE_SECOND = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
const thisYear = new Intl.DateTimeFormat("en-GB", TO_THE_SECOND);
const anyYear = new Intl.DateTimeFormat("en-GB", { ...TO_THE_SECOND, year: "numeric" });

/** A time in the reader's zone, to the second, such as can be compared with another: 29 Nov, 08:16:19; with the year if it is another one. */
export function moment(time: string, now = new Date()): string {
  const at = new Date(time);
  return (at.getFullYear() === now.getFullYear() ? thisYear : anyYear).format(at);
}

/** A duration in words: 2 h 5 min, 40 s. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
