/**
 * `forecast`: how fast a node's logs grow, when its disk is full, and what would be lost should the
 * link be down for a while.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import type { Command } from "./command.ts";
import { formatBytes, formatSeconds, formatTable } from "./table.ts";

interface Rates {
  readonly short: number;
  readonly long: number;
}

interface ForecastDocument {
  readonly capacity_bytes: number | null;
  readonly room_bytes: number | null;
  readonly delivered_bytes: number;
  readonly full: readonly {
    readonly rate: string;
    readonly window_seconds: number;
    readonly seconds: number | null;
  }[];
  readonly topics: readonly {
    readonly topic: string;
    readonly disk_policy: string;
    readonly priority: number;
    readonly bytes: number;
    readonly bytes_per_second: Rates;
  }[];
  readonly link_down: {
    readonly days: number;
    readonly losses: readonly {
      readonly topic: string;
      readonly reason: string;
      readonly records: number;
      readonly bytes: number;
      readonly after_seconds: number;
    }[];
  } | null;
}

const DURATION = /^(\d+(?:\.\d+)?)(d|h|min)$/;
const UNITS_PER_DAY: Readonly<Record<string, number>> = { d: 1, h: 24, min: 1_440 };
const TOPICS_HEAD = ["TOPIC", "POLICY", "PRIORITY", "HELD", "PER HOUR NOW", "PER HOUR A DAY"];
const LOSSES_HEAD = ["TOPIC", "WHAT", "RECORDS", "BYTES", "FROM"];

export const FORECAST: Command = {
  usage: "[--link-down 3d|12h|90min]",
  summary: "say when the disk is full, and what is lost should the link be down for so long",
  positionals: { min: 0, max: 0 },
  valued: ["--link-down"],
  bare: [],
  async run({ api, args, terminal }) {
    const duration = args.text("--link-down");
    const query = duration === null ? "" : `?link_down_days=${daysOf(duration)}`;
    const forecast = await api().get(`/v1/forecast${query}`) as ForecastDocument;
    for (const { window_seconds, seconds } of forecast.full) {
      const over = `the last ${formatSeconds(window_seconds)}`;
      await terminal.out(`${fullLine(seconds)} (as fast as records came over ${over})\n`);
    }
    const perHour = (bytesPerSecond: number) => formatBytes(Math.round(3_600 * bytesPerSecond));
    const rows = forecast.topics.map((it) => [
      ...[it.topic, it.disk_policy, it.priority, formatBytes(it.bytes)],
      ...[perHour(it.bytes_per_second.short), perHour(it.bytes_per_second.long)],
    ]);
    await terminal.out(`\n${formatTable(TOPICS_HEAD, rows)}`);
    if (forecast.link_down !== null) await terminal.out(`\n${outageText(forecast.link_down)}`);
  },
};

function fullLine(seconds: number | null): string {
  if (seconds === null) return "The disk will not be full";
  return seconds === 0 ? "The disk is full" : `The disk is full in ${formatSeconds(seconds)}`;
}

function outageText({ days, losses }: NonNullable<ForecastDocument["link_down"]>): string {
  const down = formatSeconds(Math.round(days * 86_400));
  if (losses.length === 0) return `If the link is down for ${down}, nothing is lost.\n`;
  const rows = losses.map((it) => [
    ...[it.topic, it.reason, it.records, formatBytes(it.bytes)],
    `in ${formatSeconds(it.after_seconds)}`,
  ]);
  return `If the link is down for ${down}:\n\n${formatTable(LOSSES_HEAD, rows)}`;
}

/** @throws {OperatingError} invalid_argument */
function daysOf(text: string): string {
  const match = DURATION.exec(text);
  const days = match === null ? 0 : Number(match[1]) / UNITS_PER_DAY[match[2]!]!;
  if (days > 0) return String(Number(days.toFixed(6)));
  const message = `Cannot use --link-down "${text}": expected 3d, 12h or 90min`;
  throw new OperatingError("invalid_argument", message);
}
