/**
 * Whether the node takes and serves records: what GET /readyz says. A load balancer that asks it
 * sends its clients elsewhere, so it answers no only where the node itself would refuse them. Anyone
 * may ask, so the reasons name no topic and no path.
 *
 * @module
 */
import type { Readiness } from "./egress/http/options.ts";
import type { Store } from "./store/store.ts";

export interface ReadinessOptions {
  readonly stopping: AbortSignal;
  readonly store: Pick<Store, "topics" | "roomBytes">;
  /** Why nothing can be looked up or changed in the catalogue any more; null while it can. */
  readonly catalogue: { readonly failure: string | null };
  /** The link upstream; null where there is none. */
  readonly link?: { readonly errorCode: string | null; readonly state: string } | null;
}

export function readinessOf({ stopping, store, catalogue, link }: ReadinessOptions): Readiness {
  if (stopping.aborted) return { ready: false, reason: "stopping" };
  if (catalogue.failure !== null) return { ready: false, reason: "the catalogue failed" };
  // Topics that drop the oldest make room for themselves.
  const rejecting = store.topics().some(({ settings }) => settings.diskPolicy === "reject");
  if (rejecting && store.roomBytes <= 0) {
    return { ready: false, reason: "the disk is full, and a topic rejects records" };
  }
  // With the link refused, records are taken and served all the same; but nobody should overlook it.
  if (link?.state === "refused") return { ready: true, upstream: link.errorCode ?? link.state };
  return { ready: true };
}
