/**
 * Reads the catalogue of a data directory without touching it: SQLite writes even where it only
 * reads (a WAL has to be folded in), so a copy is what is opened. Of a database that a node is
 * writing, the copy may be torn; then it says so.
 *
 * @module
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../base/errors.ts";
import { SILENT_LOGGER } from "../base/log.ts";
import type { CatalogueState } from "../store/catalogue.ts";
import { SqliteCatalogue } from "./sqlite_catalogue.ts";

export interface CatalogueReading {
  /** Null where nothing can be read. */
  readonly state: CatalogueState | null;
  readonly committedOffsets: number;
  /** What is wrong with it, in SQLite's words; empty where it is whole. */
  readonly troubles: readonly string[];
}

const TROUBLES_MAX = 10;

export async function readCatalogueCopy(path: string): Promise<CatalogueReading> {
  if (!existsSync(path)) return { state: null, committedOffsets: 0, troubles: ["missing"] };
  const directory = mkdtempSync(join(tmpdir(), "logboom-catalogue-"));
  try {
    const copy = join(directory, "catalogue.sqlite");
    copyFileSync(path, copy);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
    const troubles = checked(copy);
    if (troubles.length > 0) return { state: null, committedOffsets: 0, troubles };
    const committedOffsets = countOf(copy);
    const catalogue = await SqliteCatalogue.open(copy, SILENT_LOGGER);
    try {
      return { state: await catalogue.load(), committedOffsets, troubles: [] };
    } finally {
      await catalogue.close();
    }
  } catch (error) {
    return { state: null, committedOffsets: 0, troubles: [messageOf(error)] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function checked(path: string): string[] {
  try {
    using database = new DatabaseSync(path);
    const rows = database.prepare(`PRAGMA integrity_check(${TROUBLES_MAX})`).all();
    return rows.map((row) => String(row["integrity_check"])).filter((text) => text !== "ok");
  } catch (error) {
    return [messageOf(error)];
  }
}

function countOf(path: string): number {
  try {
    using database = new DatabaseSync(path);
    return Number(database.prepare("SELECT count(*) AS n FROM group_offsets").get()?.["n"]);
  } catch {
    return 0;
  }
}
