/**
 * Where a log first became durable: here, or at the gateway that announced it.
 *
 * @module
 */
import type { LogId } from "../base/types.ts";
import type { LogRegistry } from "../store/log_registry.ts";
import type { ReceivedRanges } from "../store/received_ranges.ts";
import type { SourceOf } from "./record_page.ts";

export interface SourceStore {
  readonly nodeName: string;
  readonly logs: Pick<LogRegistry, "get">;
  readonly ranges: Pick<ReceivedRanges, "get">;
}

/** Remembers what it was asked: a page's records come from few logs. */
export function sourceNamer({ nodeName, logs, ranges }: SourceStore): SourceOf {
  const known = new Map<LogId, ReturnType<SourceOf>>();
  return (logId) => {
    let source = known.get(logId);
    if (source === undefined) {
      const own = logs.get(logId);
      const received = own === undefined ? ranges.get(logId) : undefined;
      source = own !== undefined
        ? { gateway: nodeName, partition: own.partition }
        : { gateway: received?.gateway ?? null, partition: received?.source.partition ?? null };
      known.set(logId, source);
    }
    return source;
  };
}
