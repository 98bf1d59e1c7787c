/**
 * Requests to another node: one request, one whole answer, within a time and a size.
 *
 * @module
 */
import { messageOf, OperatingError } from "../base/errors.ts";
import { HTTP_BODY_BYTES_MAX } from "../base/limits.ts";
import { concat } from "../base/bytes.ts";
import type { HttpAnswer, HttpCall, HttpClient } from "../base/net.ts";

/** Connections kept open to one upstream, a few more than the requests in flight. */
const IDLE_CONNECTIONS_MAX = 8;

/** Idle connections are dropped before the NAT in between forgets them. */
const IDLE_TIMEOUT_MS = 60_000;

export interface ClosableHttpClient {
  readonly request: HttpClient;
  close(): void;
}

export function openHttpClient(): ClosableHttpClient {
  const pool = Deno.createHttpClient({
    poolMaxIdlePerHost: IDLE_CONNECTIONS_MAX,
    poolIdleTimeout: IDLE_TIMEOUT_MS,
  });
  return { request: (call) => request(pool, call), close: () => pool.close() };
}

async function request(client: Deno.HttpClient, call: HttpCall): Promise<HttpAnswer> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), call.timeoutMs);
  const signals = [timeout.signal];
  if (call.signal) signals.push(call.signal);
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: call.headers,
      signal: AbortSignal.any(signals),
      // A credential must never follow a redirect to another place.
      redirect: "manual",
      client,
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    const body = await wholeBody(response);
    return { status: response.status, headers: response.headers, body };
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const state = timeout.signal.aborted ? `no answer in ${call.timeoutMs} ms` : reasonOf(error);
    const message = `Cannot reach ${originOf(call.url)}: ${state}`;
    throw new OperatingError("upstream_unreachable", message, {}, error);
  } finally {
    clearTimeout(timer);
  }
}

/** "fetch failed" says nothing; its cause ends with what the system said. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause).split(": ").slice(-2).join(": ");
}

/** An answer is read up to a limit: the other side may not be what it says. */
async function wholeBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body) {
    size += part.length;
    if (size > HTTP_BODY_BYTES_MAX) {
      throw new OperatingError(
        "upstream_unreachable",
        `Cannot read the answer of ${originOf(response.url)}: over ${HTTP_BODY_BYTES_MAX} bytes`,
      );
    }
    parts.push(part);
  }
  return concat(parts);
}

/** The URL without path, query or credentials, for messages. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
