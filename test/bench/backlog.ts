/**
 * Backlogs, produced by the product itself: NDJSON over HTTP until the log has the size asked for.
 *
 * @module
 */
import type { Generators } from "./generators.ts";
import { describeTopic } from "./http_calls.ts";
import type { ProductNode } from "./product.ts";
import { say } from "./say.ts";

/** The default route's topic, so that MQTT publishers and the backlog share a log. */
export const BACKLOG_TOPIC = "logs";

const STEP_SECONDS = 2;

/** Grows the topic's log to `bytes`; returns how many it has then. */
export async function fillBacklog(
  generators: Generators,
  node: ProductNode,
  bytes: number,
): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const present = await logBytes(node);
    if (present >= bytes) {
      const seconds = (performance.now() - startedAt) / 1_000;
      say(`backlog of ${(present / 1e9).toFixed(2)} GB made in ${seconds.toFixed(0)} s`);
      return present;
    }
    const { refused } = await generators.load("http_load", {
      port: node.httpPort,
      path: `/v1/topics/${BACKLOG_TOPIC}/records`,
      type: "application/x-ndjson",
      connections: 16,
      lines: 1_000,
      // The last step is short, so that the size asked for is met and not passed by far.
      seconds: bytes - present > 200e6 ? STEP_SECONDS : 0.1,
    });
    if (refused > 0) throw new Error(`Cannot make a backlog: ${refused} requests were refused`);
  }
}

export async function logBytes(node: ProductNode): Promise<number> {
  const partitions = (await describeTopic(node.httpUrl, BACKLOG_TOPIC))?.partitions ?? [];
  return partitions.reduce((sum, partition) => sum + partition.bytes, 0);
}
