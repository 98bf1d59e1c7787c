import { describe, expect, it } from "vitest";
import type { Heard } from "../../../src/egress/http/options.ts";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";

const LOG = "00000000000000aa";

async function announced(egress = {}): Promise<HttpWorld> {
  const world = await openHttpWorld({ egress });
  for (const [logId, gateway] of [[LOG, "north"], ["00000000000000bb", "south"]] as const) {
    await world.store.ranges.announce({
      ...{ logId, gateway, peer: "0123456789abcdef", topic: "logs", partition: 2, firstOffset: 10 },
      ...{ predecessor: null, predecessorEnd: 0, root: logId },
    });
  }
  world.store.ranges.note(LOG, 10, 30);
  world.store.ranges.settle(LOG, { from: 10, to: 30 }, true, 20);
  return world;
}

const heardOf = (end: number, lastSeen: Readonly<Record<string, number>>): Heard => ({
  endOf: (logId) => logId === LOG ? end : null,
  lastSeen: () => new Map(Object.entries(lastSeen)),
});

describe("GET /v1/gateways", () => {
  it("lists each log that replicates here", async () => {
    const world = await announced();
    const { gateways, omitted } = await (await world.get("/v1/gateways")).json();
    expect(omitted).toBe(0);
    expect(gateways).toHaveLength(2);
    expect(gateways[0]).toMatchObject({
      ...{ gateway: "north", peer: "0123456789abcdef", log_id: LOG, topic: "logs" },
      ...{ partition: 2, target: { topic: "logs", partition: 0 }, first_offset: 10 },
      ...{ watermark: 30, islands: [], lost: [], closed: false, lag_records: null },
    });
  });

  it("shows every path of a log, never its key, and the newest word of any of them", async () => {
    const world = await announced({
      heard: heardOf(33, { "site-2": 9, "0123456789abcdef": 5 }),
    });
    const pathKey = "a1".repeat(16);
    const log = {
      ...{ logId: LOG, gateway: "north", topic: "logs", partition: 2, firstOffset: 10, pathKey },
      ...{ predecessor: null, predecessorEnd: 0, root: LOG },
    };
    await world.store.ranges.announce({ ...log, peer: "0123456789abcdef" });
    await world.store.ranges.announce({ ...log, peer: "site-2" });
    const text = await (await world.get("/v1/gateways?gateway=north")).text();
    expect(text).not.toContain(pathKey);
    const { gateways } = JSON.parse(text);
    expect(gateways[0]).toMatchObject({
      ...{ peer: "0123456789abcdef", paths: ["0123456789abcdef", "site-2"], cloned: false },
      ...{ lag_records: 3, last_seen: 9 },
    });
  });

  it("marks the logs of a cloned identity, and names both nodes", async () => {
    const [peer, nodeId] = ["0123456789abcdef", "0123456789abcdef"];
    const run = (nodeName: string, address: string) => ({ nodeName, address, peer, lastSeenMs: 4 });
    const runs = [run("kiosk", "10.0.0.1:9"), run("kiosk-2", "10.0.0.2:9")];
    const world = await announced({ clones: () => [{ nodeId, runs }] });
    const { gateways, clones } = await (await world.get("/v1/gateways")).json();
    expect(gateways.map(({ cloned }: { cloned: boolean }) => cloned)).toEqual([true, true]);
    expect(clones).toEqual([{
      node_id: nodeId,
      nodes: [
        { node_name: "kiosk", address: "10.0.0.1:9", peer, last_seen: 4 },
        { node_name: "kiosk-2", address: "10.0.0.2:9", peer, last_seen: 4 },
      ],
    }]);
  });

  it("tells the lag, as far as the gateway told it", async () => {
    const world = await announced({
      heard: heardOf(37, { "0123456789abcdef": 99 }),
    });
    const { gateways } = await (await world.get("/v1/gateways?gateway=north")).json();
    expect(gateways).toHaveLength(1);
    expect(gateways[0]).toMatchObject({ log_end_offset: 37, lag_records: 7, last_seen: 99 });
  });

  it("keeps to the filters, and leaves out what is over", async () => {
    const world = await announced();
    const count = async (query: string) =>
      (await (await world.get(`/v1/gateways${query}`)).json()).gateways.length;
    expect(await count("?gateway=south")).toBe(1);
    expect(await count("?topic=other")).toBe(0);
    await world.store.ranges.announce({
      ...{ logId: "00000000000000cc", gateway: "north", peer: "0123456789abcdef", topic: "logs" },
      ...{ partition: 2, firstOffset: 30, predecessor: LOG, predecessorEnd: 30, root: LOG },
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await count("?gateway=north")).toBe(1);
    expect(await count("?gateway=north&closed=true")).toBe(2);
  });
});
