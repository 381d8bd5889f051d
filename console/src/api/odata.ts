/** A text as a literal of `$filter`. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** How a call refers to a user or group. */
export function reference(id: string): { "@odata.id": string } {
  return { "@odata.id": `${location.origin}/v1.0/directoryObjects/${id}` };
}

/** What somebody typed as a value of `$search`; undefined where it is nothing. */
export function searchFor(text: string): string | undefined {
  const words = text.trim();
  return words ? `"${words.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : undefined;
}

/** A search, whose words the server has in an order and does not count; without one the whole list, ordered and counted. */
export function searchOr(text: string, order: string): { $search: string } | { $orderby: string; $count: true } {
  const $search = searchFor(text);
  return $search ? { $search } : { $orderby: order, $count: true };
}
