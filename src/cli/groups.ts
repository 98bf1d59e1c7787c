/** `groups`: who reads in groups, how far behind they are, and where they go on. @module */
import { OperatingError } from "../base/errors.ts";
import { type Api, jsonBody, segment } from "./api.ts";
import type { Command, CommandContext } from "./command.ts";
import { formatTable } from "./table.ts";

interface Place {
  readonly topic: string;
  readonly partition: number;
}

interface Offset extends Place {
  readonly offset: number;
  readonly high_watermark: number;
  readonly lag: number;
  readonly missed: number;
}

interface Group {
  readonly group: string;
  readonly state: string;
  readonly generation: number | null;
  readonly assignor: string | null;
  readonly lag: number;
}

interface GroupList {
  readonly groups: readonly (Group & { readonly members: number })[];
}

interface DescribedGroup extends Group {
  readonly members: readonly {
    readonly member_id: string;
    readonly client_id: string;
    readonly host: string;
    readonly assignments: readonly Place[];
  }[];
  readonly offsets: readonly (Offset & { readonly member_id: string | null })[];
}

interface DescribedTopic {
  readonly partitions: readonly {
    readonly partition: number;
    readonly log_start_offset: number;
    readonly high_watermark: number;
  }[];
}

const OFFSET = /^[0-9]{1,16}$/;

export const GROUPS: Command = {
  usage: "[GROUP | reset GROUP TOPIC [--to earliest|latest|OFFSET|TIME] [--partition P] | " +
    "delete GROUP]",
  summary: "list consumer groups; describe one, move where it goes on, or forget it",
  positionals: { min: 0, max: 3 },
  valued: ["--to", "--partition"],
  bare: [],
  async run(context) {
    const { api, args, terminal } = context;
    const [first, group, topic] = args.positionals;
    if (first === "reset" && group !== undefined && topic !== undefined) {
      return await reset(context, group, topic);
    }
    if (args.text("--to") !== null || args.text("--partition") !== null) {
      throw invalid("Cannot use --to or --partition here: they are for groups reset GROUP TOPIC");
    }
    if (first === undefined) return await list(context);
    if (group === undefined) return await describe(context, first);
    if (first === "delete" && topic === undefined) {
      await api().delete(pathOf(group));
      return await terminal.out(`${group} is gone, and what it committed\n`);
    }
    throw invalid(`Cannot use "${args.positionals.join(" ")}": expected ${GROUPS.usage}`);
  },
};

async function list({ api, terminal }: CommandContext): Promise<void> {
  const { groups } = await api().get("/v1/groups") as GroupList;
  const rows = groups.map((it) => [it.group, it.state, it.generation, it.members, it.lag]);
  await terminal.out(formatTable(["GROUP", "STATE", "GENERATION", "MEMBERS", "LAG"], rows));
}

async function describe({ api, terminal }: CommandContext, name: string): Promise<void> {
  const group = await api().get(pathOf(name)) as DescribedGroup;
  const { state, generation, assignor, members, offsets } = group;
  const led = generation === null ? "" : `, generation ${generation}, assignor ${assignor ?? "-"}`;
  await terminal.out(`${name}: ${state}${led}, ${group.lag} records behind\n`);
  if (members.length > 0) {
    const rows = members.map((it) => [
      it.member_id,
      it.client_id,
      it.host,
      it.assignments.map(({ topic, partition }) => `${topic}-${partition}`).join(" ") || null,
    ]);
    await terminal.out(`\n${formatTable(["MEMBER", "CLIENT", "HOST", "PARTITIONS"], rows)}`);
  }
  if (offsets.length === 0) return;
  const head = ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MISSED", "MEMBER"];
  const rows = offsets.map((it) => [
    ...[it.topic, it.partition, it.offset, it.high_watermark, it.lag, it.missed, it.member_id],
  ]);
  await terminal.out(`\n${formatTable(head, rows)}`);
}

async function reset(
  { api, args, terminal }: CommandContext,
  group: string,
  topic: string,
): Promise<void> {
  const to = args.text("--to") ?? "earliest";
  const only = args.count("--partition");
  const { partitions } = await api().get(`/v1/topics/${segment(topic)}`) as DescribedTopic;
  const chosen = partitions.filter(({ partition }) => only === null || partition === only);
  if (chosen.length === 0) {
    throw invalid(`Cannot reset ${topic}-${only}: ${topic} has ${partitions.length} partitions`);
  }
  const offsets = await Promise.all(chosen.map(async (log) => ({
    ...{ topic, partition: log.partition },
    offset: await offsetOf(api(), { topic, ...log }, to),
  })));
  const path = `${pathOf(group)}/offsets`;
  const { offsets: before } = await api().get(path) as { readonly offsets: readonly Offset[] };
  await api().put(path, jsonBody({ offsets }));
  const rows = offsets.map(({ partition, offset }) => [
    topic,
    partition,
    before.find((each) => each.topic === topic && each.partition === partition)?.offset ?? null,
    offset,
  ]);
  await terminal.out(formatTable(["TOPIC", "PARTITION", "WAS", "IS"], rows));
}

type Log = Place & DescribedTopic["partitions"][number];

/** Where the first record is that is not before what was asked for. */
async function offsetOf(api: Api, log: Log, to: string): Promise<number> {
  if (to === "earliest") return log.log_start_offset;
  if (to === "latest") return log.high_watermark;
  if (OFFSET.test(to)) return Number(to);
  const timeMs = Date.parse(to);
  if (Number.isNaN(timeMs) || timeMs < 0) {
    const message = `Cannot use --to "${to}": expected earliest, latest, an offset, or a time as ` +
      "2026-11-22T08:00:00Z";
    throw invalid(message);
  }
  const path = `/v1/topics/${segment(log.topic)}/partitions/${log.partition}/records`;
  const page = await api.get(`${path}?timestamp=${timeMs}&max_records=1`) as {
    readonly records: readonly { readonly offset: number }[];
    readonly next_offset: number;
  };
  return page.records[0]?.offset ?? page.next_offset;
}

function pathOf(group: string): string {
  return `/v1/groups/${segment(group)}`;
}

function invalid(message: string): OperatingError {
  return new OperatingError("invalid_argument", message);
}
