/**
 * A TCP proxy that behaves like a bad uplink: connections are cut in the middle of whatever they
 * carry, fall silent for a while, or are not taken at all. Seeded; a target may come and go.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface ProxyFaults {
  /** Of new connections, how many are cut at once. */
  readonly refuse: number;
  /** Of chunks that pass, how many are the last of their connection. */
  readonly cut: number;
  /** Of chunks that pass, how many wait before they do. */
  readonly stall: number;
  readonly stallMs: number;
}

export class FlakyProxy {
  faults: ProxyFaults;
  cuts = 0;
  readonly #dice: () => number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, dice: () => number, faults: ProxyFaults) {
    this.#server = server;
    this.#dice = dice;
    this.faults = faults;
  }

  static start(
    targetPort: number,
    { dice, faults }: { readonly dice: () => number; readonly faults: ProxyFaults },
  ): Promise<FlakyProxy> {
    const server = createServer({ pauseOnConnect: true });
    const proxy = new FlakyProxy(server, dice, faults);
    server.on("connection", (client) => proxy.#join(client, targetPort));
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(proxy)));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket, targetPort: number): void {
    if (this.#dice() < this.faults.refuse) return this.#cut(client);
    const target = connect(targetPort, "127.0.0.1");
    for (const [from, to] of [[client, target], [target, client]] as const) {
      this.#sockets.add(from);
      from.on("data", (chunk) => this.#pass(chunk, from, to));
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    client.resume();
  }

  #pass(chunk: Uint8Array, from: Socket, to: Socket): void {
    const { cut, stall, stallMs } = this.faults;
    if (this.#dice() < cut) {
      // Half of it arrives: nobody can tell a torn request from a slow one.
      to.write(chunk.subarray(0, chunk.length >> 1));
      return this.#cut(from);
    }
    const write = () => {
      if (!to.destroyed && !to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    };
    if (this.#dice() >= stall) return write();
    from.pause();
    setTimeout(() => {
      write();
      from.resume();
    }, this.#dice() * stallMs);
  }

  #cut(socket: Socket): void {
    this.cuts++;
    socket.destroy();
  }
}
