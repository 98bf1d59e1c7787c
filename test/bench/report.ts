/**
 * What a benchmark leaves behind: a table on the terminal, and the same figures as JSON in
 * `bench-results/`, with the machine, the commit and the units they are in.
 *
 * @module
 */
import { cpus, release, totalmem } from "node:os";
import { say } from "./say.ts";

export type Cell = string | number | undefined;

/** Prints rows under their heads; numbers stand right and are shortened to what can be believed. */
export function printTable(title: string, heads: readonly string[], rows: readonly Cell[][]): void {
  const texts = rows.map((row) => heads.map((_, column) => cellText(row[column])));
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...texts.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[], row?: readonly Cell[]) =>
    "  " +
    cells.map((text, column) =>
      typeof row?.[column] === "string" || column === 0
        ? text.padEnd(widths[column]!)
        : text.padStart(widths[column]!)
    ).join("  ").trimEnd();
  say(`\n${title}`);
  say(line(heads));
  say("  " + widths.map((width) => "─".repeat(width)).join("  "));
  texts.forEach((row, i) => say(line(row, rows[i])));
}

function cellText(cell: Cell): string {
  if (cell === undefined || (typeof cell === "number" && Number.isNaN(cell))) return "–";
  if (typeof cell === "string") return cell;
  const size = Math.abs(cell);
  if (size >= 1_000) return Math.round(cell).toLocaleString("en-US");
  return size >= 100 ? cell.toFixed(0) : size >= 10 ? cell.toFixed(1) : cell.toFixed(2);
}

export interface Report {
  readonly bench: string;
  /** Unit of each figure's name, such as `rate: "messages/s"`. */
  readonly units: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  readonly results: unknown;
}

/** Writes `bench-results/<bench>-<time>.json`, and the same as `<bench>.json`; tells where. */
export async function writeReport(report: Report): Promise<void> {
  const at = new Date().toISOString();
  const text = JSON.stringify(
    { ...report, at, commit: await commit(), machine: machine() },
    null,
    2,
  );
  await Deno.mkdir("bench-results", { recursive: true });
  const path = `bench-results/${report.bench}-${at.replaceAll(/[:.]/g, "-")}.json`;
  await Deno.writeTextFile(path, text + "\n");
  await Deno.writeTextFile(`bench-results/${report.bench}.json`, text + "\n");
  say(`\nFigures: ${path}`);
}

function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    memory_bytes: totalmem(),
    os: `${Deno.build.os} ${release()}`,
    arch: Deno.build.arch,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    load_average_1m: Deno.loadavg()[0] ?? 0,
  };
}

async function commit(): Promise<string> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  };
  try {
    const dirty = (await git("status", "--porcelain", "--", "src", "wasm")) !== "";
    return (await git("rev-parse", "--short=12", "HEAD")) + (dirty ? " with local changes" : "");
  } catch {
    return "unknown";
  }
}
