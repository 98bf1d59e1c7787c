/** `link`: how the way to the upstream fares, and what it may use. @module */
import type { Command } from "./command.ts";
import { formatBytes, formatSeconds } from "./table.ts";

export interface BudgetDocument {
  readonly bytes_per_second: number | null;
  readonly bytes_per_day: number | null;
  readonly bytes_per_month: number | null;
  readonly time_zone: string;
  readonly windows: readonly {
    readonly days: readonly string[];
    readonly from: string;
    readonly to: string;
  }[];
  readonly changed: readonly string[];
  readonly used: Readonly<
    Record<"day" | "month", { readonly bytes: number; readonly ends: string }>
  >;
  readonly schedule: { readonly open: boolean; readonly changes: string | null };
}

interface LinkDocument {
  readonly state: string;
  readonly upstream: string | null;
  readonly upstream_node: string | null;
  readonly error: string | null;
  readonly waiting_for: { readonly reason: string; readonly until: string | null } | null;
  readonly lag: {
    readonly records: number;
    readonly backlog_bytes: number;
    readonly live_delay_ms: number | null;
  };
  readonly bytes_per_second: number;
  readonly catch_up_seconds: number | null;
  readonly wire: {
    readonly sent_bytes: number;
    readonly received_bytes: number;
    readonly body_bytes: number;
    readonly zstd_saved_bytes: number;
  };
  readonly compression: { readonly raw_to_wire: number | null };
  readonly budget: BudgetDocument;
}

export const LINK: Command = {
  usage: "",
  summary: "show how the link to the upstream fares",
  positionals: { min: 0, max: 0 },
  valued: [],
  bare: [],
  async run({ api, terminal }) {
    const link = await api().get("/v1/link") as LinkDocument;
    if (link.upstream === null) return terminal.remark("This node has no upstream.");
    await terminal.out([...linkLines(link), ...budgetLines(link.budget)].map(line).join(""));
  },
};

/** Names and values, to be put in two columns. */
export type Line = readonly [name: string, value: string];

export function line([name, value]: Line): string {
  return `${name.padEnd(LINE_NAME_WIDTH)}  ${value}\n`;
}

const LINE_NAME_WIDTH = 16;

function linkLines(link: LinkDocument): Line[] {
  const { lag, wire, waiting_for: waiting, compression: { raw_to_wire: ratio } } = link;
  const { live_delay_ms: delay } = lag;
  const until = waiting?.until == null ? "" : ` until ${waiting.until}`;
  const state = waiting === null ? link.state : `${link.state} for ${waiting.reason}${until}`;
  const node = link.upstream_node === null ? "" : ` (${link.upstream_node})`;
  const saved = wire.body_bytes === 0 ? 0 : 100 * wire.zstd_saved_bytes / wire.body_bytes;
  const catchUp = link.catch_up_seconds === null ? "" : `, ${formatSeconds(link.catch_up_seconds)}`;
  return [
    ["upstream", `${link.upstream}${node}`],
    ["state", link.error === null ? state : `${state}: ${link.error}`],
    ["lag", `${lag.records} records`],
    ["backlog", `${formatBytes(lag.backlog_bytes)}${catchUp}`],
    ...(delay === null ? [] : [["live delay", `${Math.round(delay)} ms`] as const]),
    ["rate", `${formatBytes(link.bytes_per_second)}/s`],
    [
      "sent",
      `${formatBytes(wire.sent_bytes)}, ${saved.toFixed(0)} % saved by zstd` +
      (ratio === null ? "" : `, raw to wire ${ratio.toFixed(1)}`),
    ],
    ["received", formatBytes(wire.received_bytes)],
  ];
}

export function budgetLines(budget: BudgetDocument): Line[] {
  const of = (limit: number | null) => limit === null ? "" : ` of ${formatBytes(limit)}`;
  const { day, month } = budget.used;
  const cap = budget.bytes_per_second;
  return [
    ["cap", cap === null ? "none" : `${formatBytes(cap)}/s`],
    ["used this day", `${formatBytes(day.bytes)}${of(budget.bytes_per_day)}, until ${day.ends}`],
    [
      "used this month",
      `${formatBytes(month.bytes)}${of(budget.bytes_per_month)}, until ${month.ends}`,
    ],
    ["windows", windowsOf(budget)],
    ...(budget.changed.length === 0
      ? []
      : [["set at run time", budget.changed.join(", ")] as const]),
  ];
}

function windowsOf({ windows, time_zone: zone, schedule }: BudgetDocument): string {
  if (windows.length === 0) return "at any time";
  const shown = windows.map(({ days, from, to }) => `${days.join(",")} ${from}-${to}`).join("; ");
  const next = schedule.changes === null
    ? ""
    : `; ${schedule.open ? "closes" : "opens"} ${schedule.changes}`;
  return `${shown} (${zone})${next}`;
}
