/** A text as a literal of `$filter`. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** What somebody typed as a value of `$search`; undefined where it is nothing. */
export function searchFor(text: string): string | undefined {
  const words = text.trim();
  return words ? `"${words.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : undefined;
}
