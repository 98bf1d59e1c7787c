/**
 * Versions of the replication protocol: integers. A node serves the newest it knows and the one
 * before, so that either side of a link may be upgraded first.
 *
 *     1  hello, announce, append; lanes are strict
 *     2  live lanes and islands, offsets held elsewhere, path keys, routes, zstd bodies; where logs
 *        end, with each load
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What this program speaks. */
export const PROTOCOL_VERSIONS: VersionRange = { min: 1, max: 2 };

/** From this version on the peer knows live lanes, and all else that version 1 does not say. */
export const VERSION_WITH_ISLANDS = 2;

/** Versions are small; a bound keeps nonsense out of messages and logs. */
export const PROTOCOL_VERSION_MAX = 65_535;

/**
 * The newest version both sides speak.
 *
 * @throws {OperatingError} `unsupported_version`, which names both ranges, when there is none.
 */
export function negotiate(theirs: VersionRange, ours: VersionRange = PROTOCOL_VERSIONS): number {
  const version = Math.min(theirs.max, ours.max);
  if (version >= theirs.min && version >= ours.min) return version;
  throw new OperatingError(
    "unsupported_version",
    `Cannot agree on a replication protocol: the peer speaks ${spanOf(theirs)}, ` +
      `this node speaks ${spanOf(ours)}; upgrade the older of the two`,
    { peer_min: theirs.min, peer_max: theirs.max, node_min: ours.min, node_max: ours.max },
  );
}

function spanOf(range: VersionRange): string {
  return range.min === range.max ? `version ${range.min}` : `versions ${range.min}-${range.max}`;
}
