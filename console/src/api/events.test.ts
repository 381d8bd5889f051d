import { expect, test } from "vitest";

import { events, parse } from "./events";

test("events are read whole, however they arrive", async () => {
  const text = 'event: progress\ndata: {"read": 1}\n\n: still here\n\ndata: one\ndata: two\n\nevent: report\nda';
  const [whole, rest] = parse(text);
  expect(whole).toEqual([{ name: "progress", data: '{"read": 1}' }, { name: "message", data: "one\ntwo" }]);
  expect(rest).toBe("event: report\nda");
  const bytes = new TextEncoder().encode(`${text}ta: é\n\n`);
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const names: string[] = [];
  for await (const { name, data } of events(new Response(stream))) names.push(`${name} ${data}`);
  expect(names).toEqual(['progress {"read": 1}', "message one\ntwo", "report é"]);
});
