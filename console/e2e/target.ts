import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A SCIM service on a free port that has nobody, and takes nobody. */
export class RefusingTarget {
  private constructor(private readonly server: Server) {}

  static async start(): Promise<RefusingTarget> {
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        const empty = { schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], totalResults: 0, Resources: [] };
        const refusal = { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: "400", detail: "Nobody is taken here." };
        const [status, body] = request.method === "GET" ? [200, empty] : [400, refusal];
        response.writeHead(status as number, { "Content-Type": "application/scim+json" }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new RefusingTarget(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/scim`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
