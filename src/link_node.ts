/**
 * The way up: budget, usage book and forwarder of a node that has an upstream.
 *
 * @module
 */
import type { Logger } from "./base/log.ts";
import type { Metrics } from "./base/metrics.ts";
import { randomHex } from "./base/random.ts";
import type { Config } from "./config.ts";
import { HOST_CLOCK } from "./host/clock.ts";
import { openHttpClient } from "./host/http_client.ts";
import { deflateZstd } from "./host/inflate.ts";
import { HOST_RANDOM } from "./host/random.ts";
import type { SqliteCatalogue } from "./host/sqlite_catalogue.ts";
import { HOST_TIMERS } from "./host/timers.ts";
import { BudgetControl } from "./replication/budget/budget_control.ts";
import {
  type BudgetSettings,
  mergeBudget,
  NO_BUDGET,
} from "./replication/budget/budget_settings.ts";
import { LinkBudget } from "./replication/budget/link_budget.ts";
import { Forwarder } from "./replication/forwarder.ts";
import { Repairer } from "./replication/repair.ts";
import { rawToWire } from "./replication/http/link_document.ts";
import type { Disk } from "./store/disk.ts";
import { LinkUsage } from "./store/link_usage.ts";
import type { Store } from "./store/store.ts";

export interface NodeLink {
  readonly forwarder: Forwarder;
  readonly control: BudgetControl;
}

export interface NodeLinkOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: Store;
  readonly disk: Disk;
  readonly catalogue: Pick<SqliteCatalogue, "getMeta" | "setMeta">;
  /** What has been started, to be stopped in the opposite order. */
  readonly started: AsyncDisposableStack;
}

/** Bytes drawn for the run of this process. */
const RUN_BYTES = 8;

/** Null where the node has no upstream. */
export async function startLink(options: NodeLinkOptions): Promise<NodeLink | null> {
  const { config, logger, metrics, store, disk, catalogue, started } = options;
  if (config.upstream === null) return null;
  const book = await LinkUsage.open({
    ...{ disk, logger },
    crc32c: (bytes) => store.core.crc32c(bytes),
  });
  started.defer(() => book.close());
  const configured = configuredBudget(config);
  const budget = new LinkBudget({
    ...{ clock: HOST_CLOCK, timers: HOST_TIMERS, book },
    settings: configured,
  });
  const control = await BudgetControl.open({ budget, configured, catalogue, logger });
  // To the byte; if it cannot be written, what was reserved counts.
  started.defer(() =>
    budget.close().catch((error) => logger.warn("link_usage_not_written", { error: String(error) }))
  );
  metrics.gauge(
    "logboom_link_compression_ratio",
    "Bytes of records by bytes on the wire to the upstream, heads and all",
    () => rawToWire(budget.wire, store.core.sealed) ?? 0,
  );
  const client = openHttpClient();
  started.defer(() => client.close());
  const forwarder = new Forwarder({
    ...{ store, logger, metrics, clock: HOST_CLOCK, timers: HOST_TIMERS, random: HOST_RANDOM },
    ...{ budget, http: client.request, compress: deflateZstd },
    upstreamUrl: config.upstream,
    token: config.upstream_token,
    nodeName: config.node_name,
    run: randomHex(HOST_RANDOM, RUN_BYTES),
  });
  const repairer = new Repairer({
    ...{ store, logger, metrics, timers: HOST_TIMERS },
    fetch: forwarder.fetch,
  });
  forwarder.start();
  repairer.start();
  // At once: what the repairer waits for ends with the link.
  started.defer(async () => void await Promise.all([forwarder.stop(), repairer.stop()]));
  return { forwarder, control };
}

export function configuredBudget(config: Config): BudgetSettings {
  return mergeBudget(NO_BUDGET, {
    bytes_per_second: config.link_bytes_per_second,
    bytes_per_day: config.link_bytes_per_day,
    bytes_per_month: config.link_bytes_per_month,
    time_zone: config.link_time_zone,
    windows: config.link_windows,
  });
}
