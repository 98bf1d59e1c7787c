/**
 * `produce`: each line of stdin becomes a record. A request that is not answered is sent again with
 * the same sequence, so no line is stored twice.
 *
 * @module
 */
import { concat } from "../base/bytes.ts";
import { sleep } from "../base/clock.ts";
import { isOperatingError } from "../base/errors.ts";
import { segment } from "./api.ts";
import type { Command, CommandContext } from "./command.ts";

const LINE_FEED = 0x0a;
/** Large enough to share a sync, small enough for any limit of a body. */
const REQUEST_BYTES = 512 * 1024;
const ATTEMPTS_MAX = 10;
const RETRY_MS = 1_000;

export const PRODUCE: Command = {
  usage: "TOPIC [--key KEY]",
  summary: "append each line of stdin as a record; ends once all are durable",
  positionals: { min: 1, max: 1 },
  valued: ["--key"],
  bare: [],
  run: produce,
};

async function produce(context: CommandContext): Promise<void> {
  const sender = new LineSender(context);
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of context.terminal.input) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      await sender.send(concat([...pending, chunk.subarray(0, end)]));
      [pending, pendingBytes] = [[], 0];
    }
    if (end < chunk.length) pending.push(chunk.slice(end));
    pendingBytes += chunk.length - end;
    // A line without an end is the node's to refuse, not ours to hold.
    if (pendingBytes > 4 * REQUEST_BYTES) break;
  }
  if (pending.length > 0) await sender.send(concat(pending));
  context.terminal.remark(`${sender.records} records durable`);
}

class LineSender {
  records = 0;
  readonly #context: CommandContext;
  readonly #path: string;
  readonly #producerId = crypto.randomUUID();
  #sequence = 0;

  constructor(context: CommandContext) {
    this.#context = context;
    const key = context.args.text("--key");
    const query = key === null ? "" : `?key=${encodeURIComponent(key)}`;
    this.#path = `/v1/topics/${segment(context.args.positionals[0]!)}/records${query}`;
  }

  /** Whole lines, in requests of about REQUEST_BYTES. */
  async send(lines: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let from = 0; from < lines.length;) {
      let to = lines.length;
      if (to - from > REQUEST_BYTES) {
        const end = lines.lastIndexOf(LINE_FEED, from + REQUEST_BYTES - 1);
        const next = end < from ? lines.indexOf(LINE_FEED, from) : end;
        to = next < 0 ? lines.length : next + 1;
      }
      await this.#post(lines.slice(from, to));
      from = to;
    }
  }

  async #post(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const { api, terminal, timers, signal } = this.#context;
    const headers = {
      "logboom-producer-id": this.#producerId,
      "logboom-sequence": `${this.#sequence++}`,
    };
    for (let attempt = 1;; attempt++) {
      try {
        const answer = await api().post({ path: this.#path, type: "text/plain", body, headers });
        for (const one of [answer].flat() as { records: number }[]) this.records += one.records;
        return;
      } catch (error) {
        const again = isOperatingError(error) && error.retriable && attempt < ATTEMPTS_MAX;
        if (!again || signal.aborted) throw error;
        terminal.remark(`${error.message}; trying again`);
        await sleep(timers, RETRY_MS, signal);
      }
    }
  }
}
