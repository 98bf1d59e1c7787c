/**
 * Cuts off connections of the platform's HTTP server whose clients read nothing. Its own means end
 * the body of an answer, which the server looks at only once the client has taken what was sent
 * before (seen on Deno 2.9.6): such a connection, and some hundred kilobytes of it, would stay for as
 * long as the client likes.
 *
 * On Linux a socket is found by its two ends, /proc/net/tcp has the inode to them, and /proc/self/fd
 * the descriptor to that; `shutdown` then wakes the server, which finds it broken and lets go. With
 * SO_LINGER at none the kernel drops what was not sent. Elsewhere nothing is cut.
 *
 *   /proc/net/tcp, tcp6   sl  local_address  rem_address  st  ...  inode (10th field)
 *                         an address is 32-bit words, each in the host's order of bytes, in hex
 *
 * Source: Linux, Documentation/networking/proc_net_tcp.rst; socket(7); shutdown(2).
 *
 * @module
 */

const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];
const SYMBOLS = {
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
} as const;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SHUT_RDWR = 2;
const TABLES = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

type Library = Deno.DynamicLibrary<typeof SYMBOLS>;

/**
 * Cuts the connections between `localPort` and those addresses ("host:port"), or all.
 *
 * @returns how many were found and cut
 */
export function cutSockets(localPort: number, remotes: readonly string[] | "all"): number {
  if (Deno.build.os !== "linux" || remotes.length === 0) return 0;
  const library = open();
  if (library === null) return 0;
  const keys = remotes === "all" ? null : new Set(remotes.map(keyOf));
  const sockets = new Set(inodesOf(localPort, keys));
  let cut = 0;
  for (const { name } of sockets.size === 0 ? [] : Deno.readDirSync("/proc/self/fd")) {
    if (!sockets.has(socketBehind(name))) continue;
    const drop = new Uint8Array(new Int32Array([1, 0]).buffer);
    library.symbols.setsockopt(Number(name), SOL_SOCKET, SO_LINGER, drop, drop.length);
    if (library.symbols.shutdown(Number(name), SHUT_RDWR) === 0) cut += 1;
    if (cut === sockets.size) break;
  }
  return cut;
}

let opened: Library | null | undefined;

function open(): Library | null {
  if (opened !== undefined) return opened;
  for (const name of LIBRARIES) {
    try {
      return opened = Deno.dlopen(name, SYMBOLS);
    } catch {
      // Another C library, or no permission.
    }
  }
  return opened = null;
}

/** What the descriptor of each such socket links to. */
function inodesOf(localPort: number, keys: ReadonlySet<string> | null): string[] {
  const found: string[] = [];
  for (const table of TABLES) {
    let text: string;
    try {
      text = Deno.readTextFileSync(table);
    } catch {
      continue; // A kernel without IPv6.
    }
    for (const line of text.split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [, local, remote] = fields;
      const inode = fields[9];
      if (local === undefined || remote === undefined || inode === undefined) continue;
      // Who listens has nobody at the other end.
      if (portIn(local) !== localPort || portIn(remote) === 0) continue;
      if (keys !== null && !keys.has(keyIn(remote))) continue;
      found.push(`socket:[${inode}]`);
    }
  }
  return found;
}

function socketBehind(descriptor: string): string {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return ""; // The one this directory was read with.
  }
}

function portIn(address: string): number {
  return parseInt(address.slice(address.indexOf(":") + 1), 16);
}

/** An address of the table as 16 bytes in hex, in the order of the network, and its port. */
function keyIn(address: string): string {
  const words = address.slice(0, address.indexOf(":")).match(/.{8}/g) ?? [];
  const bytes = words.map((word) => word.match(/../g)!.reverse().join("")).join("").toLowerCase();
  return `${bytes.length === 8 ? MAPPED + bytes : bytes}:${portIn(address)}`;
}

const MAPPED = "00000000000000000000ffff";

/** The same of "127.0.0.1:80", "::1:80" and "::ffff:127.0.0.1:80". */
function keyOf(remote: string): string {
  const colon = remote.lastIndexOf(":");
  const host = remote.slice(0, colon).replace(/^\[|\]$|%.*$/g, "");
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  const port = Number(remote.slice(colon + 1));
  if (dotted !== null) return `${MAPPED}${dotted.slice(1).map(byteHex).join("")}:${port}`;
  const [head, tail] = host.split("::").map((part) => part.split(":").filter(Boolean));
  const groups = tail === undefined
    ? head!
    : [...head!, ...Array(Math.max(0, 8 - head!.length - tail.length)).fill("0"), ...tail];
  return `${groups.map((group) => group.padStart(4, "0")).join("").toLowerCase()}:${port}`;
}

function byteHex(text: string): string {
  return Number(text).toString(16).padStart(2, "0");
}
