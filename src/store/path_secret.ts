/**
 * A node's secret, drawn once for its data directory, and the path keys made from it: one for each
 * of its logs. Whoever shows a log's key was told by its origin, or by a node on the way, so it is
 * another path of that log. Keys go to other nodes only; no API shows them.
 *
 * @module
 */
import { fromHex, toHex, utf8 } from "../base/bytes.ts";
import { type Random, randomHex } from "../base/random.ts";
import { sha256 } from "../base/sha256.ts";
import type { LogId } from "../base/types.ts";
import type { Catalogue } from "./catalogue.ts";

const META_KEY = "path_secret";
const SECRET_BYTES = 32;
const PATH_KEY_BYTES = 16;

/** The catalogue's, or a new one. A lost catalogue loses it; see log_paths.ts for what follows. */
export async function openPathSecret(
  catalogue: Pick<Catalogue, "setMeta">,
  random: Random,
  meta: Readonly<Record<string, string>>,
): Promise<string> {
  const kept = meta[META_KEY];
  if (kept !== undefined) return kept;
  const drawn = randomHex(random, SECRET_BYTES);
  await catalogue.setMeta(META_KEY, drawn);
  return drawn;
}

/** Both inputs have fixed lengths and half of the digest is kept, so a plain hash will do. */
export function pathKeyOf(secret: string, logId: LogId): string {
  return toHex(sha256(fromHex(secret), utf8(logId)).subarray(0, PATH_KEY_BYTES));
}
