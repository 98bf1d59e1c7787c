/**
 * Small documents as request bodies, in JSON or CBOR: read within a size, a time, and a budget of
 * all together. Records come in by another door (ingress/http/body_limit.ts); this one is for those
 * who ask for something.
 *
 * @module
 */
import { Decoder } from "cbor-x";
import { concat } from "../../base/bytes.ts";
import type { Timers } from "../../base/clock.ts";
import { messageOf, OperatingError } from "../../base/errors.ts";
import { cborItemEnd } from "./cbor_item.ts";
import { bodyMediaType, MediaType } from "./media_type.ts";

export interface DocumentBodyOptions {
  readonly timers: Timers;
  /** Bytes of one body. */
  readonly bytesMax?: number;
  /** Bytes of all bodies that are not read yet. */
  readonly budgetBytes?: number;
  /** Milliseconds a whole body may take. */
  readonly timeoutMs?: number;
}

const BYTES_MAX = 1024 * 1024;
const BUDGET_BYTES = 16 * BYTES_MAX;
const TIMEOUT_MS = 30_000;

const ACCEPTED = [MediaType.json, MediaType.cbor] as const;

/** Maps become plain objects; no structures of cbor-x's own. */
const decoder = new Decoder({ mapsAsObjects: true, useRecords: false });

export class DocumentBodies {
  readonly #timers: Timers;
  readonly #bytesMax: number;
  readonly #budgetBytes: number;
  readonly #timeoutMs: number;
  #heldBytes = 0;

  constructor({ timers, bytesMax, budgetBytes, timeoutMs }: DocumentBodyOptions) {
    this.#timers = timers;
    this.#bytesMax = bytesMax ?? BYTES_MAX;
    this.#budgetBytes = budgetBytes ?? BUDGET_BYTES;
    this.#timeoutMs = timeoutMs ?? TIMEOUT_MS;
  }

  /** Bytes of bodies that are on their way. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * What the body says.
   *
   * @throws {OperatingError} unsupported_media_type, body_too_large, request_timeout, overloaded,
   * malformed_body
   */
  async read(request: Request): Promise<unknown> {
    const type = bodyMediaType(request.headers.get("content-type"), ACCEPTED);
    const bytes = await this.readBytes(request);
    return type === MediaType.json ? parsedJson(bytes) : parsedCbor(bytes);
  }

  /**
   * The bytes of a body, whatever it is said to be; none where there is none.
   *
   * @throws {OperatingError} as {@linkcode DocumentBodies.read} does
   */
  async readBytes(request: Request): Promise<Uint8Array> {
    const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
    if (encoding !== "identity") {
      throw new OperatingError(
        "unsupported_media_type",
        `Cannot take a body with content encoding ${encoding.slice(0, 40)}: send it as it is`,
      );
    }
    return await this.#bytes(request);
  }

  async #bytes(request: Request): Promise<Uint8Array> {
    const announced = Number(request.headers.get("content-length") ?? "0");
    if (announced > this.#bytesMax) throw this.#tooLarge();
    if (request.body === null) return new Uint8Array(0);
    const reader = request.body.getReader();
    const stop = () => void reader.cancel().catch(() => {});
    let held = 0;
    let late = false;
    const cancel = this.#timers.after(this.#timeoutMs, () => {
      late = true;
      stop();
    });
    try {
      const parts: Uint8Array[] = [];
      for (;;) {
        const { done, value } = await reader.read();
        if (late) throw this.#tooLate();
        if (done) return concat(parts);
        held += value.length;
        this.#heldBytes += value.length;
        if (held > this.#bytesMax) throw this.#tooLarge();
        if (this.#heldBytes > this.#budgetBytes) {
          throw new OperatingError("overloaded", "Cannot read body: too many are under way");
        }
        parts.push(value);
      }
    } catch (error) {
      stop();
      if (error instanceof OperatingError) throw error;
      throw new OperatingError("malformed_body", `Cannot read body: ${messageOf(error)}`);
    } finally {
      cancel();
      this.#heldBytes -= held;
    }
  }

  #tooLarge(): OperatingError {
    const message = `Cannot take body: over ${this.#bytesMax} bytes`;
    return new OperatingError("body_too_large", message, { limit: this.#bytesMax });
  }

  #tooLate(): OperatingError {
    const message = `Cannot read body: it was not whole after ${this.#timeoutMs} ms`;
    return new OperatingError("request_timeout", message, { timeout_ms: this.#timeoutMs });
  }
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new OperatingError("malformed_body", `Cannot read body as JSON: ${messageOf(error)}`);
  }
}

function parsedCbor(bytes: Uint8Array): unknown {
  const end = cborItemEnd(bytes, 0);
  if (end !== bytes.length) {
    const position = end < 0 ? -1 - end : end;
    const state = `it is no single well-formed item at byte ${position}`;
    throw new OperatingError("malformed_body", `Cannot read body as CBOR: ${state}`, { position });
  }
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new OperatingError("malformed_body", `Cannot read body as CBOR: ${messageOf(error)}`);
  }
}
