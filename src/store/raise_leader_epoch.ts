/**
 * The leader epoch of a run: higher than that of any run before it, as far as anything here tells.
 *
 * It rises by a random step. A node that was restored from a backup counts up from the same epoch
 * as the run that followed the backup; by one each, it would soon give an epoch of that lost run to
 * other records, and a cursor from then would be taken for one of now.
 *
 * @module
 */
import type { Random } from "../base/random.ts";
import type { Catalogue } from "./catalogue.ts";

const STEP_MAX = 1_024;
const KEY = "leader_epoch";

/** What was known of earlier runs. */
export interface EarlierEpochs {
  readonly catalogued: Readonly<Record<string, string>>;
  readonly checkpointed: number;
}

/** Durable in the catalogue once this resolves. */
export async function raiseLeaderEpoch(
  catalogue: Pick<Catalogue, "setMeta">,
  random: Random,
  { catalogued, checkpointed }: EarlierEpochs,
): Promise<number> {
  const last = Math.max(Number(catalogued[KEY] ?? 0) || 0, checkpointed);
  const epoch = last + 1 + Math.floor(random.next() * STEP_MAX);
  await catalogue.setMeta(KEY, String(epoch));
  return epoch;
}
