/**
 * How grave a record is, as the topic says it is to be read: a top-level member of the JSON value
 * (`json:level`), or a header (`header:severity`). Names in any case, syslog's numbers (0 to 7), and
 * those of pino and bunyan (10 to 60).
 *
 *     rank   name        also                            syslog   pino, bunyan
 *        0   trace       verbose                                  10
 *        1   debug       dbg                                  7   20
 *        2   info        information, informational           6   30
 *        3   notice                                           5
 *        4   warn        warning                              4   40
 *        5   error       err                                  3   50
 *        6   critical    crit, fatal                          2   60
 *        7   alert                                            1
 *        8   emergency   emerg, panic                         0
 *
 * @module
 */
import type { DecodedRecord } from "../core/record.ts";

const NAMES: Readonly<Record<string, number>> = {
  ...{ trace: 0, verbose: 0, debug: 1, dbg: 1 },
  ...{ info: 2, information: 2, informational: 2, notice: 3, warn: 4, warning: 4 },
  ...{ error: 5, err: 5, critical: 6, crit: 6, fatal: 6 },
  ...{ alert: 7, emergency: 8, emerg: 8, panic: 8 },
};
/** Ranks of syslog's 0 to 7. */
const SYSLOG = [8, 7, 6, 5, 4, 3, 2, 1] as const;
/** Ranks of 10 to 19, 20 to 29 …: levels in between belong to the one below. */
const TENS = [0, 1, 2, 4, 5, 6] as const;

/** Reads the rank of a record; null where it does not say, or not so that it can be read. */
export type ReadSeverity = (record: Pick<DecodedRecord, "value" | "headers">) => number | null;

/** Of a name or number as devices write them; null where it is neither. */
export function rankOf(severity: unknown): number | null {
  if (typeof severity === "string") {
    const name = severity.trim().toLowerCase();
    if (Object.hasOwn(NAMES, name)) return NAMES[name]!;
    return /^\d{1,3}$/.test(name) ? rankOf(Number(name)) : null;
  }
  if (typeof severity !== "number" || !Number.isInteger(severity) || severity < 0) return null;
  return SYSLOG[severity] ?? TENS[Math.floor(severity / 10) - 1] ?? null;
}

/** What a topic's `severity_field` says; null where it says nothing. */
export function severityReader(field: string): ReadSeverity | null {
  const [kind, name] = [field.slice(0, field.indexOf(":")), field.slice(field.indexOf(":") + 1)];
  if (name === "") return null;
  if (kind === "json") return ({ value }) => rankOf(memberOf(value, name));
  if (kind !== "header") return null;
  return ({ headers }) => {
    const found = headers.findLast(([header]) => header === name)?.[1];
    return found ? rankOf(decoder.decode(found)) : null;
  };
}

const decoder = new TextDecoder();

function memberOf(value: Uint8Array | null, name: string): unknown {
  if (value === null || value[0] === undefined) return undefined;
  const text = decoder.decode(value);
  // Most of what is no JSON object is told by its first character, and an exception is dear.
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const document = JSON.parse(text) as Record<string, unknown>;
    return Object.hasOwn(document, name) ? document[name] : undefined;
  } catch {
    return undefined;
  }
}
