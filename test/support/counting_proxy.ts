/** A TCP proxy that changes nothing and counts: every byte, either way, and when it passed. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface Passed {
  readonly atMs: number;
  readonly bytes: number;
}

export class CountingProxy {
  /** From client to target, in order. */
  readonly up: Passed[] = [];
  upBytes = 0;
  downBytes = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static start(targetPort: number): Promise<CountingProxy> {
    const server = createServer({ pauseOnConnect: true });
    const proxy = new CountingProxy(server);
    server.on("connection", (client) => proxy.#join(client, targetPort));
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(proxy)));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Bytes that went up between two moments. */
  upBetween(fromMs: number, toMs: number): number {
    return this.up.reduce(
      (sum, { atMs, bytes }) => atMs >= fromMs && atMs < toMs ? sum + bytes : sum,
      0,
    );
  }

  /** The most bytes that went up in that many milliseconds, of all moments to begin at. */
  mostUpIn(windowMs: number): number {
    let [most, sum, first] = [0, 0, 0];
    for (const { atMs, bytes } of this.up) {
      sum += bytes;
      while (this.up[first]!.atMs <= atMs - windowMs) sum -= this.up[first++]!.bytes;
      most = Math.max(most, sum);
    }
    return most;
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, targetPort: number): void {
    const target = connect(targetPort, "127.0.0.1");
    client.on("data", (chunk) => {
      this.up.push({ atMs: performance.now(), bytes: chunk.length });
      this.upBytes += chunk.length;
    });
    target.on("data", (chunk) => this.downBytes += chunk.length);
    for (const [from, to] of [[client, target], [target, client]] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
    client.resume();
  }
}
