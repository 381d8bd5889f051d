import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** A mail as it came in. */
export interface Mail {
  to: string[];
  text: string;
}

/** A mail server on a free port that takes every mail and delivers none (RFC 5321, section 4.5.1). */
export class MailSink {
  readonly received: Mail[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<MailSink> {
    const server = createServer();
    const sink = new MailSink(server);
    server.on("connection", (socket) => void sink.converse(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return sink;
  }

  /** The address as `--smtp-url` takes it. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("The mail server does not listen.");
    return `smtp://127.0.0.1:${address.port}?tls=none`;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async converse(socket: Socket): Promise<void> {
    const say = (line: string) => socket.write(`${line}\r\n`);
    socket.on("error", () => socket.destroy());
    say("220 sink");
    let to: string[] = [];
    let text: string[] | undefined;
    for await (const line of createInterface({ input: socket })) {
      if (text) {
        if (line === ".") {
          this.received.push({ to, text: text.join("\n") });
          [to, text] = [[], undefined];
          say("250 taken");
        } else {
          text.push(line.startsWith(".") ? line.slice(1) : line);
        }
        continue;
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === "RCPT") to.push(/<(.*)>/.exec(line)?.[1] ?? "");
      if (verb === "DATA") text = [];
      say(verb === "DATA" ? "354 go on" : verb === "QUIT" ? "221 bye" : "250 sink");
      if (verb === "QUIT") socket.end();
    }
  }
}
