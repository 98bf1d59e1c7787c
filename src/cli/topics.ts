/** `topics`: what a node holds, and how it keeps it: topics are made, changed and deleted. @module */
import { OperatingError } from "../base/errors.ts";
import type { Api } from "./api.ts";
import { jsonBody, segment } from "./api.ts";
import type { Command, CommandContext } from "./command.ts";
import { formatBytes, formatTable } from "./table.ts";

interface Topic {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly log_start_offset: number;
    readonly high_watermark: number;
    readonly bytes: number;
  }[];
}

interface DescribedTopic extends Topic {
  readonly topic_id: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly chosen: Readonly<Record<string, unknown>>;
}

interface Deleted {
  readonly records: number;
  readonly ledgered: number;
  readonly freed_bytes: number;
}

export const TOPICS: Command = {
  usage: "[TOPIC | create TOPIC [SETTING=VALUE ...] | set TOPIC [SETTING=VALUE|default ...] | " +
    "delete TOPIC] [--partitions N] [--if-delivered]",
  summary: "list topics and their partitions; describe, make, change or delete one",
  positionals: { min: 0, max: 40 },
  valued: ["--partitions"],
  bare: ["--if-delivered"],
  async run(context) {
    const { api, args, terminal } = context;
    const [first, topic, ...settings] = args.positionals;
    if (topic === undefined) {
      checkFlags(context, {});
      return await terminal.out(await (first === undefined ? list(api()) : describe(api(), first)));
    }
    if (first === "create" || first === "set") {
      checkFlags(context, { partitions: true });
      const form = { ...partitionsOf(context), settings: settingsOf(settings) };
      const made = await (first === "create"
        ? api().post({
          path: "/v1/topics",
          type: "application/json",
          body: jsonBody({ topic, ...form }),
        })
        : api().patch(pathOf(topic), jsonBody(form))) as DescribedTopic;
      return await terminal.out(description(made));
    }
    if (first !== "delete" || settings.length > 0) throw unknownWords(args.positionals);
    checkFlags(context, { ifDelivered: true });
    const query = args.has("--if-delivered") ? "?if_delivered=true" : "";
    const { records, ledgered, freed_bytes } = await api().delete(pathOf(topic) + query) as Deleted;
    await terminal.out(
      `${topic} is gone: ${records} records given up, ${ledgered} of them undelivered and in the ` +
        `ledger, ${formatBytes(freed_bytes)} freed\n`,
    );
  },
};

function checkFlags(
  { args }: CommandContext,
  { partitions = false, ifDelivered = false }: {
    readonly partitions?: boolean;
    readonly ifDelivered?: boolean;
  },
): void {
  const stray = args.text("--partitions") !== null && !partitions
    ? "--partitions"
    : args.has("--if-delivered") && !ifDelivered
    ? "--if-delivered"
    : null;
  if (stray === null) return;
  const message = `Cannot use ${stray} here: --partitions is for create and set, --if-delivered ` +
    "for delete";
  throw new OperatingError("invalid_argument", message);
}

async function list(api: Api): Promise<string> {
  const { topics } = await api.get("/v1/topics") as { readonly topics: readonly Topic[] };
  return table(topics);
}

async function describe(api: Api, topic: string): Promise<string> {
  return description(await api.get(pathOf(topic)) as DescribedTopic);
}

function description(topic: DescribedTopic): string {
  const settings = Object.entries(topic.settings)
    .filter(([name]) => name !== "partitions")
    .map(([name, value]) => [
      name,
      value === "" ? '""' : String(value),
      Object.hasOwn(topic.chosen, name) ? "chosen" : "configured",
    ]);
  return `${topic.topic}, id ${topic.topic_id}\n\n${table([topic])}\n` +
    formatTable(["SETTING", "VALUE", "BY"], settings);
}

function table(topics: readonly Topic[]): string {
  const rows = topics.flatMap(({ topic, partitions }) =>
    partitions.map((it) => [
      topic,
      it.partition,
      it.log_start_offset,
      it.high_watermark,
      it.high_watermark - it.log_start_offset,
      formatBytes(it.bytes),
    ])
  );
  return formatTable(["TOPIC", "PARTITION", "START", "END", "RECORDS", "SIZE"], rows);
}

function pathOf(topic: string): string {
  return `/v1/topics/${segment(topic)}`;
}

function partitionsOf({ args }: CommandContext): { readonly partitions?: number } {
  const partitions = args.count("--partitions");
  return partitions === null ? {} : { partitions };
}

/** What they may be, the node says. */
function settingsOf(given: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(given.map((each) => {
    const at = each.indexOf("=");
    if (at < 1) {
      const message = `Cannot use "${each}": expected SETTING=VALUE, as in retention_ms=86400000`;
      throw new OperatingError("invalid_argument", message);
    }
    const value = each.slice(at + 1);
    return [each.slice(0, at), value === "default" ? null : value];
  }));
}

function unknownWords(words: readonly string[]): OperatingError {
  return new OperatingError(
    "invalid_argument",
    `Cannot do "topics ${
      words.join(" ").slice(0, 80)
    }": expected create, set or delete, and a topic`,
  );
}
