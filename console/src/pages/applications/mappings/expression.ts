import type { ExpressionFunction, ParsedExpression } from "../../../api/mappings";

/** Where an expression is wrong: the line, and a mark below the characters that are. */
export interface Mark {
  line: string;
  below: string;
}

/** The line of an expression with what is wrong with it; positions are in characters, as the server counts. */
export function mark(expression: string, start: number, end: number): Mark {
  const characters = Array.from(expression);
  const from = Math.min(start, characters.length);
  const lineStart = characters.lastIndexOf("\n", from - 1) + 1;
  const next = characters.indexOf("\n", from);
  const lineEnd = next < 0 ? characters.length : next;
  const width = Math.max(1, Math.min(end, lineEnd) - from);
  // A tab stays one, so that the mark stands where the character does.
  const indent = characters.slice(lineStart, from).map((it) => (it === "\t" ? "\t" : " ")).join("");
  return { line: characters.slice(lineStart, lineEnd).join(""), below: indent + "^".repeat(width) };
}

/** The mark of what the server says of an expression. */
export function markOf(expression: string, parsed: ParsedExpression | undefined): Mark | undefined {
  const place = parsed?.error?.innerError;
  return place ? mark(expression, place.start, place.end) : undefined;
}

/** A function as it is written: `Join(separator, source1, ...)`, what may be left out in brackets. */
export function signature({ name, parameters }: ExpressionFunction): string {
  const shown = parameters?.map((it) => `${it.required ? it.name : `[${it.name}]`}${it.allowMultipleOccurrences ? ", ..." : ""}`) ?? [];
  return `${name}(${shown.join(", ")})`;
}

/** Functions that a text is found in, by name, signature or summary. */
export function found(functions: ExpressionFunction[], text: string): ExpressionFunction[] {
  const wanted = text.trim().toLowerCase();
  return functions.filter((it) => `${signature(it)} ${it.summary ?? ""}`.toLowerCase().includes(wanted));
}

/** A text with another one in place of what is selected in it, and where the caret stands then. */
export function inserted(text: string, [start, end]: [number, number], added: string): { text: string; caret: number } {
  return { text: text.slice(0, start) + added + text.slice(end), caret: start + added.length };
}
