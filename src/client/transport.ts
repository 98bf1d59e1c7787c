/**
 * One request to a node: address, credential, time limit, and what went wrong as a LogboomError.
 *
 * @module
 */
import { CLIENT_REQUEST_MS } from "../base/client_limits.ts";
import { Deadline } from "./deadline.ts";
import type { Environment } from "./environment.ts";
import { errorOfAnswer, LogboomError } from "./logboom_error.ts";

export interface TransportOptions {
  readonly url: string | URL;
  readonly token?: string | undefined;
  readonly environment: Environment;
}

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Behind the base URL, with its query. */
  readonly path: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyInit;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds the node was asked to wait before it answers. */
  readonly waitMs?: number;
}

/** A whole answer. */
export interface Answer {
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** An answer whose body is still to come; `deadline` governs it. */
export interface OpenAnswer {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly deadline: Deadline;
}

export class Transport {
  readonly environment: Environment;
  readonly #base: string;
  readonly #token: string | undefined;

  constructor({ url, token, environment }: TransportOptions) {
    this.environment = environment;
    this.#token = token;
    this.#base = baseOf(url);
  }

  /** @throws {LogboomError} */
  async ask(call: Call): Promise<Answer> {
    const deadline = new Deadline(this.environment, call.signal);
    deadline.within(CLIENT_REQUEST_MS + (call.waitMs ?? 0));
    try {
      const response = await this.#send(call, deadline);
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { headers: response.headers, bytes };
    } catch (error) {
      throw this.#troubleOf(error, call, deadline);
    } finally {
      deadline.end();
    }
  }

  /** A document of JSON. @throws {LogboomError} */
  async json<T>(call: Call): Promise<T> {
    const { bytes } = await this.ask({ accept: "application/json", ...call });
    if (bytes.length === 0) return undefined as T;
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as T;
    } catch (error) {
      throw new LogboomError("invalid_answer", `Cannot read the answer of ${call.path} as JSON`, {
        cause: error,
      });
    }
  }

  /** The caller reads the body, then ends the deadline. @throws {LogboomError} */
  async open(call: Call): Promise<OpenAnswer> {
    const deadline = new Deadline(this.environment, call.signal);
    deadline.within(CLIENT_REQUEST_MS + (call.waitMs ?? 0));
    try {
      const { body } = await this.#send(call, deadline);
      deadline.rest();
      if (body === null) throw new LogboomError("invalid_answer", "Cannot read an empty answer");
      return { body, deadline };
    } catch (error) {
      deadline.end();
      throw this.#troubleOf(error, call, deadline);
    }
  }

  async #send(call: Call, { signal }: Deadline): Promise<Response> {
    signal.throwIfAborted();
    const headers: Record<string, string> = { ...call.headers };
    if (call.accept !== undefined) headers["accept"] = call.accept;
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    const response = await this.environment.fetch(this.#base + call.path, {
      ...{ method: call.method ?? "GET", headers, signal, cache: "no-store" },
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    if (response.ok) return response;
    throw withRetryAfter(errorOfAnswer(response.status, await response.text()), response.headers);
  }

  #troubleOf(error: unknown, { signal, path }: Call, { passed }: Deadline): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof LogboomError) return error;
    if (passed) {
      return new LogboomError("timed_out", `Cannot wait for ${this.#base}${path} any longer`, {
        retriable: true,
        cause: error,
      });
    }
    const state = error instanceof Error ? error.message : String(error);
    return new LogboomError("unreachable", `Cannot reach ${this.#base}: ${state}`, {
      retriable: true,
      cause: error,
    });
  }
}

/** What the answer says of waiting goes along, where the document does not. */
function withRetryAfter(error: LogboomError, headers: Headers): LogboomError {
  const seconds = Number(headers.get("retry-after") ?? NaN);
  if (!Number.isFinite(seconds) || error.detail["retry_after_s"] !== undefined) return error;
  const { code, message, status, retriable } = error;
  const detail = { ...error.detail, retry_after_s: seconds };
  return new LogboomError(code, message, {
    ...{ retriable, detail },
    ...(status === null ? {} : { status }),
  });
}

/** @throws {LogboomError} invalid_argument */
function baseOf(url: string | URL): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (error) {
    throw new LogboomError("invalid_argument", `Cannot use url "${url}": it is no URL`, {
      cause: error,
    });
  }
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    throw new LogboomError("invalid_argument", `Cannot use url "${url}": it is not of HTTP`);
  }
  return parsed.origin + parsed.pathname.replace(/\/+$/, "");
}
