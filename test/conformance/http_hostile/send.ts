/**
 * Sends what well-behaved clients cannot: over a bare socket, byte for byte. The connection is for
 * one request; the answer is what came until its end.
 */
import { connect, type Socket } from "node:net";
import type { HostileAnswer, HostileRequest, WrittenRequest } from "./hostile_case.ts";

const GIVE_UP_MS = 50_000;

export async function send(http: string, request: HostileRequest): Promise<HostileAnswer> {
  const { hostname, port } = new URL(http);
  const socket = connect(Number(port), hostname);
  const answer = received(socket);
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  if ("raw" in request) await sendRaw(socket, request);
  else socket.write(written(request, `${hostname}:${port}`));
  try {
    return parsed(await answer);
  } finally {
    socket.destroy();
  }
}

async function sendRaw(
  socket: Socket,
  { raw, pauseMs = 0 }: { readonly raw: string | readonly string[]; readonly pauseMs?: number },
): Promise<void> {
  const pieces = typeof raw === "string" ? [raw] : raw;
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    // Answered meanwhile, or cut off.
    if (socket.destroyed || socket.readableEnded) return;
    socket.write(piece, "latin1");
  }
}

function written(request: WrittenRequest, host: string): Uint8Array {
  const { method = "GET", path, headers = {}, body } = request;
  const made = typeof body === "function" ? body() : body ?? "";
  const bytes = typeof made === "string" ? new TextEncoder().encode(made) : made;
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`, "connection: close"];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined) lines.push(`content-length: ${bytes.length}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), bytes]);
}

/** All that comes until the answer is whole, or the connection ends. */
function received(socket: Socket): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    const end = () => {
      clearTimeout(timer);
      resolve(Buffer.concat(parts));
    };
    const timer = setTimeout(() => reject(new Error("No answer, and no end")), GIVE_UP_MS);
    socket.on("data", (part) => {
      parts.push(part);
      if (isWhole(Buffer.concat(parts).toString("latin1"))) end();
    });
    socket.on("end", end);
    socket.on("close", end);
    // A reset behind the answer takes nothing from it.
    socket.on("error", end);
  });
}

/** Whether the body has the length that its head says. */
function isWhole(text: string): boolean {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1];
  return length !== undefined && text.length >= headEnd + 4 + Number(length);
}

function parsed(bytes: Uint8Array): HostileAnswer {
  const text = Buffer.from(bytes).toString("latin1");
  const headEnd = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, Math.max(headEnd, 0)).split("\r\n");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const rest = headEnd < 0 ? "" : text.slice(headEnd + 4);
  const chunked = headers.get("transfer-encoding") === "chunked";
  const body = Buffer.from(chunked ? dechunked(rest) : rest, "latin1").toString("utf8");
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0), headers, body };
}

function dechunked(text: string): string {
  let body = "";
  for (let at = 0; at < text.length;) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = parseInt(text.slice(at, lineEnd), 16);
    if (!(size > 0)) break;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  return body;
}
