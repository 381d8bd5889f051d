/** An event of a stream (HTML, section 9.2). */
export interface StreamEvent {
  name: string;
  data: string;
}

/** The whole events at the start of a text, and what is left of it. */
export function parse(text: string): [StreamEvent[], string] {
  const blocks = text.split(/\r?\n\r?\n/);
  const rest = blocks.pop() ?? "";
  return [blocks.map(event).filter(({ data }) => data !== ""), rest];
}

function event(block: string): StreamEvent {
  const found: StreamEvent = { name: "message", data: "" };
  for (const line of block.split(/\r?\n/)) {
    const [field, value] = line.split(/: ?(.*)/s, 2);
    if (field === "event" && value) found.name = value;
    if (field === "data") found.data += (found.data && "\n") + (value ?? "");
  }
  return found;
}

/** The events of an answer, as they come; for calls that `EventSource` cannot make. */
export async function* events(response: Response): AsyncGenerator<StreamEvent> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const [whole, left] = parse(rest + value);
    rest = left;
    yield* whole;
  }
}
