/** A minute of UTC, as an address has it (2026-11-29T08:16), as the same in the reader's zone, as a field takes it. */
export function localOf(utc: string | undefined): string {
  if (!utc) return "";
  const at = new Date(`${utc}Z`);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What a field holds, as a minute of UTC; nothing where it is empty. */
export function utcOf(local: string): string | undefined {
  return local ? new Date(local).toISOString().slice(0, 16) : undefined;
}
