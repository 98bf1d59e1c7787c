/**
 * `tail`: prints records as they come, by long polls, one per partition: every order and every start can
 * be had with them. An outage of the node is a remark and a retry; a gap is said, never passed in
 * silence, also one that retention made meanwhile.
 *
 * @module
 */
import { concat, utf8 } from "../base/bytes.ts";
import { sleep } from "../base/clock.ts";
import { isOperatingError, OperatingError } from "../base/errors.ts";
import { segment } from "./api.ts";
import type { Command, CommandContext } from "./command.ts";
import { FILTER_FLAGS, FILTER_USAGE, filterQuery } from "./filter_flags.ts";

const WAIT_MS = 20_000;
const PAGE_RECORDS = 1_000;
const RETRY_MS = 1_000;
const NEW_LINE = Uint8Array.of(0x0a);

export const TAIL: Command = {
  usage: "TOPIC [--from earliest|latest|OFFSET] [--order arrival|source] [--partition P] " +
    `[--count N] [--json] ${FILTER_USAGE}`,
  summary: "print records as they come, from the latest on",
  positionals: { min: 1, max: 1 },
  valued: ["--from", "--order", "--partition", "--count", ...FILTER_FLAGS],
  bare: ["--json"],
  run: tail,
};

interface TailRecord {
  readonly value?: string | null;
  readonly value_base64?: string;
}

interface TopicDocument {
  readonly partitions: readonly TopicPartition[];
}

interface TopicPartition {
  readonly partition: number;
  readonly log_start_offset: number;
  readonly high_watermark: number;
}

interface PageGap {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  /** What was lost before it came to this node. */
  readonly source?: { readonly log_id: string; readonly from: number; readonly to?: number };
}

interface Page {
  readonly records: readonly TailRecord[];
  readonly gaps?: readonly PageGap[];
  readonly next_offset: number;
  /** In its place, in the order of source. */
  readonly cursor?: string;
}

async function tail(context: CommandContext): Promise<void> {
  const { args } = context;
  const topic = args.positionals[0]!;
  const from = args.text("--from") ?? "latest";
  if (!/^(earliest|latest|\d+)$/.test(from)) {
    const message = `Cannot use --from "${from}": expected earliest, latest or an offset`;
    throw new OperatingError("invalid_argument", message);
  }
  const order = args.text("--order") ?? "arrival";
  if (order !== "arrival" && order !== "source") {
    const message = `Cannot use --order "${order}": expected arrival or source`;
    throw new OperatingError("invalid_argument", message);
  }
  const one = args.count("--partition");
  const described = await describe(context, topic);
  const partitions = described.filter((it) => one === null || it.partition === one);
  if (partitions.length === 0) {
    throw new OperatingError("unknown_partition", `Cannot find partition ${one} of ${topic}`);
  }
  const filter = filterQuery(args);
  const done = new AbortController();
  const signal = AbortSignal.any([context.signal, done.signal]);
  const printer = new Printer(context, args.count("--count", 1), () => done.abort());
  const followAt = ({ partition }: TopicPartition, offset: number) => {
    const path = `/v1/topics/${segment(topic)}/partitions/${partition}/records`;
    return follow({ ...context, signal }, printer, { path, order, filter, offset });
  };
  const followAdded = async (known: number): Promise<void> => {
    while (!signal.aborted) {
      await sleep(context.timers, WAIT_MS, signal);
      // Where the node is away, whoever follows it says so.
      const now = signal.aborted ? [] : await describe({ ...context, signal }, topic, []);
      const added = now.slice(known).map((it) => followAt(it, it.log_start_offset));
      if (added.length > 0) return void await Promise.all([...added, followAdded(now.length)]);
    }
  };
  const followed = partitions.map((it) => {
    // Named once, so that what comes during a retry is not passed over.
    const named = { earliest: it.log_start_offset, latest: it.high_watermark }[from];
    return followAt(it, named ?? Number(from));
  });
  try {
    await Promise.all(one === null ? [...followed, followAdded(described.length)] : followed);
  } finally {
    done.abort();
  }
}

/** @param otherwise where that is not to be had; thrown where left out */
async function describe(
  { api, signal }: CommandContext,
  topic: string,
  otherwise?: readonly TopicPartition[],
): Promise<readonly TopicPartition[]> {
  try {
    const path = `/v1/topics/${segment(topic)}`;
    return (await api().get(path, signal) as TopicDocument).partitions;
  } catch (error) {
    if (otherwise === undefined) throw error;
    return otherwise;
  }
}

class Printer {
  readonly #context: CommandContext;
  readonly #full: () => void;
  #left: number;

  constructor(context: CommandContext, count: number | null, full: () => void) {
    this.#context = context;
    this.#full = full;
    this.#left = count ?? Infinity;
  }

  async print(records: readonly TailRecord[]): Promise<void> {
    const shown = records.slice(0, this.#left);
    this.#left -= shown.length;
    const json = this.#context.args.has("--json");
    const lines = shown.flatMap((record) => [
      json ? utf8(JSON.stringify(record)) : valueOf(record),
      NEW_LINE,
    ]);
    if (lines.length > 0) await this.#context.terminal.out(concat(lines));
    if (this.#left <= 0) this.#full();
  }
}

interface Start {
  readonly path: string;
  readonly order: string;
  readonly filter: string;
  readonly offset: number;
}

async function follow(
  { api, terminal, timers, signal }: CommandContext,
  printer: Printer,
  { path, order, filter, offset }: Start,
): Promise<void> {
  const inOrder = order === "source" ? "order=source&" : "";
  let place = `offset=${offset}`;
  while (!signal.aborted) {
    const query = `${inOrder}${place}&max_records=${PAGE_RECORDS}&max_wait_ms=${WAIT_MS}${filter}`;
    try {
      const page = await api().get(`${path}?${query}`, signal) as Page;
      for (const gap of page.gaps ?? []) terminal.remark(`gap in ${path}: ${told(gap)}`);
      await printer.print(page.records);
      place = page.cursor === undefined ? `offset=${page.next_offset}` : `cursor=${page.cursor}`;
    } catch (error) {
      if (signal.aborted) return;
      const left = placeLeft(error);
      if (left !== null) {
        terminal.remark(`gap in ${path}: ${left.told}`);
        place = left.place;
        continue;
      }
      if (!isOperatingError(error) || !error.retriable) throw error;
      terminal.remark(`${error.message}; trying again`);
      await sleep(timers, RETRY_MS, signal);
    }
  }
}

function valueOf(record: TailRecord): Uint8Array {
  if (record.value_base64 !== undefined) return Uint8Array.fromBase64(record.value_base64);
  return utf8(record.value ?? "");
}

/** Where to go on when retention was quicker, and what it took; null for every other trouble. */
function placeLeft(error: unknown): { readonly place: string; readonly told: string } | null {
  if (!isOperatingError(error, "offset_out_of_range")) return null;
  const { missed, cursor, log_start_offset: start } = error.detail;
  if (!Array.isArray(missed) || missed.length === 0) return null;
  const gaps = missed.map(({ from, to }) => told({ from, to, reason: "retention" })).join("; ");
  return { told: gaps, place: typeof cursor === "string" ? `cursor=${cursor}` : `offset=${start}` };
}

function told({ from, to, reason, source }: PageGap): string {
  if (source?.to === undefined) return `offsets ${from} to ${to - 1}, ${reason}`;
  return `before offset ${from}, offsets ${source.from} to ${source.to - 1} of log ` +
    `${source.log_id}, ${reason}`;
}
