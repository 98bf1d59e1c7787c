/**
 * From a connection whose first bytes were looked at to the HTTP server behind: the platform's
 * server takes whole listeners, not connections, so that their bytes go over a pair of sockets on
 * the loopback address, as they come.
 *
 * @module
 */
import type { Connection } from "../base/net.ts";

/** Bytes carried at once, each way. */
const PIECE_BYTES = 16 * 1024;

export interface HttpPumpOptions {
  /** Port of the server, on the loopback address. */
  readonly port: number;
  readonly outer: Connection;
  /** What was read of it already. */
  readonly first: Uint8Array;
  /** The connection under which the server sees it has this port of its own. */
  readonly opened: (innerPort: number) => void;
}

/** Resolves when either side has ended; both are closed then. */
export async function pumpHttp({ port, outer, first, opened }: HttpPumpOptions): Promise<void> {
  let inner: Deno.TcpConn;
  try {
    inner = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    // No descriptor is left, or the server begins again: the client tries again.
    return outer.close();
  }
  try {
    opened(inner.localAddr.port);
    inner.setNoDelay(true);
    await Promise.all([inwards(outer, inner, first), outwards(inner, outer)]);
  } catch {
    // One side is gone, and the other need not wait for it.
  } finally {
    outer.close();
    close(inner);
  }
}

async function inwards(outer: Connection, inner: Deno.TcpConn, first: Uint8Array): Promise<void> {
  try {
    await writeAll(inner, first);
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const size = await outer.read(piece);
      if (size === null) break;
      await writeAll(inner, piece.subarray(0, size));
    }
    await inner.closeWrite();
  } catch (error) {
    close(inner);
    throw error;
  }
}

async function outwards(inner: Deno.TcpConn, outer: Connection): Promise<void> {
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const size = await inner.read(piece);
      if (size === null) break;
      await outer.write(piece.subarray(0, size));
    }
  } finally {
    // The server said all it will: what the client still sends would go nowhere.
    outer.close();
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += await to.write(bytes.subarray(written));
}

function close(inner: Deno.TcpConn): void {
  try {
    inner.close();
  } catch {
    // Closed already.
  }
}
