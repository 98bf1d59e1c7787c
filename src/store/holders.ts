/**
 * Who holds what lies elsewhere, as its senders said: earlier upstreams of theirs. Where one of them
 * does not know, nobody does: then the others are not all.
 *
 * @module
 */
import { UPSTREAMS_REMEMBERED_MAX } from "../base/link_limits.ts";
import type { NodeId } from "../base/types.ts";

/** Sorted, at least one; absent where it is not known of all. */
export type Holders = readonly NodeId[] | undefined;

/** As many as one sender can name. */
export const HOLDERS_MAX = UPSTREAMS_REMEMBERED_MAX;

/** Those of both. */
export function bothHolders(a: Holders, b: Holders): Holders {
  if (a === undefined || b === undefined) return undefined;
  const all = [...new Set([...a, ...b])].sort();
  return all.length > HOLDERS_MAX ? undefined : all;
}

/** Whether nobody but `node` may hold it. */
export function isOnly(holders: Holders, node: NodeId | undefined): boolean {
  return holders !== undefined && holders.every((holder) => holder === node);
}

/** Those that are left where `node` turned out to lack it. */
export function holdersBeside(holders: Holders, node: NodeId | undefined): Holders {
  return holders?.filter((holder) => holder !== node);
}

export function areSameHolders(a: Holders, b: Holders): boolean {
  return a?.join() === b?.join();
}
