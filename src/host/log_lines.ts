/**
 * Log lines as JSON, one per line, on stderr. A client that misbehaves a thousand times a second
 * must not fill the journal: of one event, a second holds `LINES_PER_SECOND_MAX` lines, and the
 * next one after that says how many were left out.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { OperatingError } from "../base/errors.ts";
import type { LogFields, Logger, LogLevel } from "../base/log.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const LINES_PER_SECOND_MAX = 20;

/** Events are literals of the source, so the map of windows stays as small as the source. */
interface Window {
  startMs: number;
  lines: number;
  suppressed: number;
}

export interface LogLinesOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  readonly write: (line: string) => void;
}

export function openLogLines({ level, clock, write }: LogLinesOptions): Logger {
  const windows = new Map<string, Window>();
  const log = (lineLevel: LogLevel, event: string, fields: LogFields = {}) => {
    if (LEVELS.indexOf(lineLevel) < LEVELS.indexOf(level)) return;
    const suppressed = enter(windows, event, clock.monotonicMs());
    if (suppressed === null) return;
    const time = new Date(clock.wallMs()).toISOString();
    const more = suppressed > 0 ? { ...fields, suppressed } : fields;
    write(JSON.stringify({ time, level: lineLevel, event, ...more }, plainly) + "\n");
  };
  return {
    debug: (event, fields) => log("debug", event, fields),
    info: (event, fields) => log("info", event, fields),
    warn: (event, fields) => log("warn", event, fields),
    error: (event, fields) => log("error", event, fields),
  };
}

/** Blocks until the line is out: the last line before an exit is the one that matters. */
export function writeStderr(line: string): void {
  const bytes = new TextEncoder().encode(line);
  try {
    for (let from = 0; from < bytes.length;) from += Deno.stderr.writeSync(bytes.subarray(from));
  } catch {
    // Nobody reads: a log that cannot be written must not stop the node.
  }
}

/** How many lines of this event were left out before this one; null when this one is, too. */
function enter(windows: Map<string, Window>, event: string, nowMs: number): number | null {
  const window = windows.get(event);
  if (window === undefined || nowMs - window.startMs >= 1_000) {
    windows.set(event, { startMs: nowMs, lines: 1, suppressed: 0 });
    return window?.suppressed ?? 0;
  }
  if (window.lines < LINES_PER_SECOND_MAX) {
    window.lines++;
    return 0;
  }
  window.suppressed++;
  return null;
}

function plainly(_key: string, value: unknown): unknown {
  if (value instanceof OperatingError) {
    return { code: value.code, message: value.message, ...value.detail };
  }
  if (value instanceof Error) return { message: value.message, stack: value.stack };
  return typeof value === "bigint" ? value.toString() : value;
}
