/**
 * How long it takes from publishing a record at a gateway until it can be read at the centre, while
 * other records come in beside it: marked records go in, and are looked for in what comes out.
 *
 * @module
 */
import { Core } from "../../src/core/core.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { loadCoreFile } from "../../src/host/core_file.ts";
import { pause } from "./processes.ts";

export interface LiveProbeOptions {
  readonly gatewayUrl: string;
  readonly centreUrl: string;
  readonly topic: string;
  readonly intervalMs: number;
}

const MARK = "probe ";
/** A backlog's batches are larger than those with a few live records. */
const LIVE_BATCH_BYTES_MAX = 32 * 1024;
const POLL_MS = 1_000;
const PAGE_BYTES = 8 << 20;

export class LiveProbe {
  /** Milliseconds from sending to seeing, in the order of sending. */
  readonly delaysMs: number[] = [];
  /** What ended it before its time. */
  failure: unknown = null;
  readonly #options: LiveProbeOptions;
  readonly #core = Core.create(loadCoreFile());
  readonly #sentMs: number[] = [];
  readonly #running: Promise<unknown>;
  #sending = true;
  #reading = true;

  constructor(options: LiveProbeOptions) {
    this.#options = options;
    this.#running = Promise.all([this.#send(), this.#read()]).catch((error) => {
      this.failure = error;
    });
  }

  get sent(): number {
    return this.#sentMs.length;
  }

  /** Sends no more, and waits until all were seen, or it takes too long. */
  async stop(timeoutMs: number): Promise<void> {
    this.#sending = false;
    const deadline = performance.now() + timeoutMs;
    const isWaiting = () => this.failure === null && this.#seen < this.#sentMs.length;
    while (isWaiting() && performance.now() < deadline) await pause(50);
    this.#reading = false;
    await this.#running;
  }

  get #seen(): number {
    return Object.keys(this.delaysMs).length;
  }

  /** Ends at once. */
  abandon(): void {
    this.#sending = this.#reading = false;
  }

  async #send(): Promise<void> {
    const { gatewayUrl, topic, intervalMs } = this.#options;
    while (this.#sending) {
      const number = this.#sentMs.push(performance.now()) - 1;
      const response = await fetch(`${gatewayUrl}/v1/topics/${topic}/records`, {
        method: "POST",
        headers: { "content-type": "text/plain" },
        body: `${MARK}${number}`,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`Cannot publish: status ${response.status}`);
      await pause(intervalMs);
    }
  }

  async #read(): Promise<void> {
    const { centreUrl, topic } = this.#options;
    const decoder = new TextDecoder();
    let offset = 0;
    while (this.#reading) {
      const query = `offset=${offset}&max_bytes=${PAGE_BYTES}&max_records=1000000` +
        `&min_bytes=1&max_wait_ms=${POLL_MS}`;
      const response = await fetch(
        `${centreUrl}/v1/topics/${topic}/partitions/0/records?${query}`,
        {
          headers: { accept: "application/vnd.logboom.batches" },
        },
      );
      const page = new Uint8Array(await response.arrayBuffer());
      // Before the first batch there is no such topic.
      if (response.status === 404) await pause(20);
      else if (!response.ok) throw new Error(`Cannot read: status ${response.status}`);
      else offset = this.#look(page, decoder, performance.now()) ?? offset;
    }
  }

  /** Returns where to go on; null where the page is empty. */
  #look(page: Uint8Array, decoder: TextDecoder, nowMs: number): number | null {
    let next: number | null = null;
    for (let at = 0; at < page.length;) {
      const { sizeBytes, lastOffset } = readBatchHeader(page, at);
      next = lastOffset + 1;
      if (sizeBytes <= LIVE_BATCH_BYTES_MAX) {
        for (const { value } of this.#core.decode(page.subarray(at, at + sizeBytes))) {
          const text = value === null ? "" : decoder.decode(value);
          if (!text.startsWith(MARK)) continue;
          const number = Number(text.slice(MARK.length));
          this.delaysMs[number] ??= nowMs - this.#sentMs[number]!;
        }
      }
      at += sizeBytes;
    }
    return next;
  }
}
