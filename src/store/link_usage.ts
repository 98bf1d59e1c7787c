/**
 * What a link used this day and this month: written down before it is used, in files that are there
 * beforehand, so that a quota holds across a kill and at zero bytes free.
 *
 *     link-usage-a link-usage-b   a journal (journal.ts) of ["usage", day, bytes, month, bytes]
 *
 * @module
 */
import type { Logger } from "../base/log.ts";
import type { Checksum } from "../format/journal_entry.ts";
import type { Disk } from "./disk.ts";
import { Journal } from "./journal.ts";

export interface UsageMarks {
  /** "2026-11-22", by the calendar of the quota. */
  readonly day: string;
  readonly dayBytes: number;
  /** "2026-11". */
  readonly month: string;
  readonly monthBytes: number;
}

/** What a quota needs of the book. */
export interface UsageBook {
  /** What was written last; null before the first time. */
  readonly marks: UsageMarks | null;
  /** Resolves when it is durable. @throws {OperatingError} storage_full, storage_failed */
  write(marks: UsageMarks): Promise<void>;
}

export interface LinkUsageOptions {
  readonly disk: Disk;
  readonly crc32c: Checksum;
  readonly logger: Logger;
}

export const LINK_USAGE_PATHS = ["link-usage-a", "link-usage-b"] as const;
/** Some hundred writes a file. */
const STEP_BYTES = 16 * 1024;
const WORD = "usage";

export class LinkUsage implements UsageBook {
  #marks: UsageMarks | null = null;
  readonly #journal: Journal;

  private constructor({ disk, crc32c, logger }: LinkUsageOptions) {
    this.#journal = Journal.open({
      ...{ disk, crc32c, logger },
      paths: LINK_USAGE_PATHS,
      stepBytes: STEP_BYTES,
      maxBytes: STEP_BYTES,
      replay: (payload) => {
        const marks = decoded(payload);
        if (marks !== null) this.#marks = marks;
      },
      snapshot: () => this.#marks === null ? [] : [{ payload: encoded(this.#marks) }],
    });
  }

  /** Reads the files, and makes them where they are not there. */
  static async open(options: LinkUsageOptions): Promise<LinkUsage> {
    const usage = new LinkUsage(options);
    await usage.#journal.prepare();
    return usage;
  }

  get marks(): UsageMarks | null {
    return this.#marks;
  }

  async write(marks: UsageMarks): Promise<void> {
    await this.#journal.append([encoded(marks)], { synced: () => this.#marks = marks });
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}

function encoded({ day, dayBytes, month, monthBytes }: UsageMarks): unknown {
  return [WORD, day, dayBytes, month, monthBytes];
}

/** Null for "begin", and for what a later version may write. */
function decoded(payload: unknown): UsageMarks | null {
  if (!Array.isArray(payload) || payload[0] !== WORD) return null;
  const [, day, dayBytes, month, monthBytes] = payload as readonly unknown[];
  if (typeof day !== "string" || typeof month !== "string") return null;
  if (!Number.isSafeInteger(dayBytes) || !Number.isSafeInteger(monthBytes)) return null;
  return { day, dayBytes: dayBytes as number, month, monthBytes: monthBytes as number };
}
