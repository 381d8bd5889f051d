import { createServer, type IncomingHttpHeaders, type Server } from "node:http";

/** A request as it came in. */
export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** An endpoint of webhooks on a free port, which answers as a test says. */
export class Receiver {
  readonly received: Received[] = [];
  status = 200;
  answer = "thanks";

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        receiver.received.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
        response.writeHead(receiver.status).end(receiver.answer);
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return receiver;
  }

  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("The endpoint does not listen.");
    return `http://127.0.0.1:${address.port}/hooks`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
