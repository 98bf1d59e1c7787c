/**
 * A node's HTTP interface, as the commands use it. A problem document becomes an OperatingError
 * with the node's own sentence.
 *
 * @module
 */
import { type ErrorCode, messageOf, OperatingError } from "../base/errors.ts";
import { utf8 } from "../base/bytes.ts";
import type { HttpAnswer, HttpCall, HttpClient } from "../base/net.ts";

const TIMEOUT_MS = 60_000;

export interface ApiOptions {
  readonly url: string;
  readonly token: string | null;
  readonly client: HttpClient;
}

export interface Post {
  readonly path: string;
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** The JSON answer to a GET. */
  get(path: string, signal?: AbortSignal): Promise<unknown> {
    return this.#call(path, { method: "GET", headers: {}, ...(signal ? { signal } : {}) });
  }

  /** An answer to a GET as it is, in the media type asked for. */
  async raw(path: string, accept: string): Promise<HttpAnswer> {
    const answer = await this.#ask(path, { method: "GET", headers: { accept } });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw problemOf(answer.status, new TextDecoder().decode(answer.body));
  }

  post({ path, type, body, headers }: Post): Promise<unknown> {
    return this.#call(path, {
      method: "POST",
      headers: { ...headers, "content-type": type },
      body,
    });
  }

  /** The body of an answer that may be larger than memory, as it comes. */
  async stream(path: string, accept: string): Promise<ReadableStream<Uint8Array>> {
    const { url, token } = this.#options;
    const headers: Record<string, string> = { accept };
    if (token !== null) headers["authorization"] = `Bearer ${token}`;
    let answer: Response;
    try {
      answer = await fetch(url + path, { headers, redirect: "manual" });
    } catch (error) {
      const message = `Cannot reach ${url}: ${messageOf(error)}`;
      throw new OperatingError("upstream_unreachable", message, {}, error);
    }
    if (answer.ok && answer.body !== null) return answer.body;
    throw problemOf(answer.status, await answer.text());
  }

  /** The JSON answer to a PUT of JSON. */
  put(path: string, body: Uint8Array<ArrayBuffer>): Promise<unknown> {
    return this.#call(path, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body,
    });
  }

  /** The JSON answer to a PATCH with JSON. */
  patch(path: string, body: Uint8Array<ArrayBuffer>): Promise<unknown> {
    return this.#call(path, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body,
    });
  }

  delete(path: string): Promise<unknown> {
    return this.#call(path, { method: "DELETE", headers: {} });
  }

  async #call(path: string, call: Omit<HttpCall, "url" | "timeoutMs">): Promise<unknown> {
    const answer = await this.#ask(path, {
      ...call,
      headers: { ...call.headers, accept: "application/json" },
    });
    const text = new TextDecoder().decode(answer.body);
    if (answer.status >= 200 && answer.status < 300) return parsed(text, this.#options.url);
    throw problemOf(answer.status, text);
  }

  #ask(path: string, call: Omit<HttpCall, "url" | "timeoutMs">): Promise<HttpAnswer> {
    const { url, token, client } = this.#options;
    const headers: Record<string, string> = { ...call.headers };
    if (token !== null) headers["authorization"] = `Bearer ${token}`;
    return client({ ...call, headers, url: url + path, timeoutMs: TIMEOUT_MS });
  }
}

function parsed(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `Cannot read the answer of ${url}: it is no JSON; is that a logboom node?`;
    throw new OperatingError("upstream_unreachable", message, {}, error);
  }
}

function problemOf(status: number, text: string): OperatingError {
  let problem: Record<string, unknown> = {};
  try {
    problem = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // A proxy in between answers in its own words.
  }
  const code = typeof problem["code"] === "string" ? problem["code"] : "upstream_unreachable";
  const detail = typeof problem["detail"] === "string" ? problem["detail"] : `HTTP ${status}`;
  return new OperatingError(code as ErrorCode, detail, problem as Record<string, string>);
}

/** One segment of a path. */
export function segment(name: string | number): string {
  return encodeURIComponent(name);
}

export const jsonBody = (value: unknown): Uint8Array<ArrayBuffer> => utf8(JSON.stringify(value));
