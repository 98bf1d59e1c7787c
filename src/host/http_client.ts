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
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const clock: RequestClock = {
    get over() {
      return over;
    },
    suspend: () => clearTimeout(timer),
    resume() {
      if (!over) timer = setTimeout(() => timeout.abort(), call.timeoutMs);
    },
  };
  const signals = [timeout.signal];
  if (call.signal) signals.push(call.signal);
  try {
    clock.resume();
    const response = await fetch(call.url, {
      method: call.method,
      headers: call.headers,
      signal: AbortSignal.any(signals),
      // A credential must never follow a redirect to another place.
      redirect: "manual",
      client,
      ...bodyOf(call, clock),
    });
    const body = await wholeBody(response);
    return { status: response.status, headers: response.headers, body };
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const state = timeout.signal.aborted ? `no answer in ${call.timeoutMs} ms` : reasonOf(error);
    const message = `Cannot reach ${originOf(call.url)}: ${state}`;
    const sent = !/client error \(Connect\)/.test(messageOf(causeOf(error)));
    throw new OperatingError("upstream_unreachable", message, { sent }, error);
  } finally {
    over = true;
    clearTimeout(timer);
  }
}

/** "fetch failed" says nothing; its cause ends with what the system said. */
function reasonOf(error: unknown): string {
  return messageOf(causeOf(error)).split(": ").slice(-2).join(": ");
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

/** What a request is given to come back; it stands while a piece of the body is waited for. */
interface RequestClock {
  readonly over: boolean;
  suspend(): void;
  resume(): void;
}

/** The body whole, or piece by piece as it is paced. */
function bodyOf({ body, pace }: HttpCall, clock: RequestClock): { body?: BodyInit } {
  if (body === undefined) return {};
  if (pace === undefined) return { body };
  let at = 0;
  const pieces = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (at === body.length) return controller.close();
      clock.suspend();
      const bytes = await pace(body.length - at);
      clock.resume();
      // Answered before it was whole: the platform would go on for nothing.
      if (clock.over) return controller.error(new Error("the request is over"));
      controller.enqueue(body.subarray(at, at += bytes));
    },
  }, { highWaterMark: 0 });
  return { body: pieces };
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
