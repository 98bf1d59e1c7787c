/** `budget`: shows and changes what the link to the upstream may use. @module */
import { OperatingError } from "../base/errors.ts";
import { bytes } from "../config/values.ts";
import { Misfit } from "../config/reader.ts";
import type { Arguments } from "./arguments.ts";
import { jsonBody } from "./api.ts";
import type { Command } from "./command.ts";
import { type BudgetDocument, budgetLines, line } from "./link.ts";

const PATH = "/v1/link/budget";

/** Flags and the keys they set. */
const AMOUNTS: Readonly<Record<string, string>> = {
  "--per-second": "bytes_per_second",
  "--per-day": "bytes_per_day",
  "--per-month": "bytes_per_month",
};

export const BUDGET: Command = {
  usage: "[--per-second BYTES|none] [--per-day BYTES|none] [--per-month BYTES|none]\n" +
    "      [--windows 'mon,tue 22:00-06:00; sat 00:00-24:00'|none] [--time-zone ZONE] [--reset]",
  summary: "show what the link may use, or change it at once; --reset returns to the configuration",
  positionals: { min: 0, max: 0 },
  valued: [...Object.keys(AMOUNTS), "--windows", "--time-zone"],
  bare: ["--reset"],
  async run({ api, args, terminal }) {
    const change = changeOf(args);
    const changes = Object.keys(change).length > 0;
    if (changes && args.has("--reset")) {
      throw invalid("Cannot use --reset beside a change: it takes all of them away");
    }
    const budget = args.has("--reset")
      ? await api().delete(PATH)
      : changes
      ? await api().put(PATH, jsonBody(change))
      : await api().get(PATH);
    await terminal.out(budgetLines(budget as BudgetDocument).map(line).join(""));
  },
};

function changeOf(args: Arguments): Record<string, unknown> {
  const change: Record<string, unknown> = {};
  for (const [flag, key] of Object.entries(AMOUNTS)) {
    const text = args.text(flag);
    if (text !== null) change[key] = amountOf(flag, text);
  }
  const windows = args.text("--windows");
  if (windows !== null) change["windows"] = windows === "none" ? null : windowsOf(windows);
  const zone = args.text("--time-zone");
  if (zone !== null) change["time_zone"] = zone;
  return change;
}

function amountOf(flag: string, text: string): number | null {
  if (text === "none") return null;
  try {
    return bytes(1)(text);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw invalid(`Cannot use ${flag} "${text}": ${error.message}, or none`);
  }
}

/** "mon,tue 22:00-06:00; 12:00-13:00" */
function windowsOf(text: string): readonly Record<string, unknown>[] {
  return text.split(";").map((part) => {
    const match = /^\s*(?:([a-z,]+)\s+)?(\d\d:\d\d)-(\d\d:\d\d)\s*$/.exec(part);
    if (match === null) {
      throw invalid(`Cannot use window "${part.trim()}": expected such as "mon,tue 22:00-06:00"`);
    }
    const [, days, from, to] = match;
    return { ...(days === undefined ? undefined : { days: days.split(",") }), from, to };
  });
}

function invalid(message: string): OperatingError {
  return new OperatingError("invalid_argument", message);
}
