/** Bringing an export to a receiver: what counts as appended, had already, and refused. */
import { beforeEach, describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { HttpClient } from "../../src/base/net.ts";
import { encodeLogs } from "../../src/protocol/replication/announce.ts";
import { LinkBudget } from "../../src/replication/budget/link_budget.ts";
import { exportParts } from "../../src/replication/export_source.ts";
import { Importer, sourceBatches } from "../../src/replication/importer.ts";
import { Link } from "../../src/replication/link.ts";
import type { ExportSection } from "../../src/format/export_file.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedNode } from "../support/replication_world.ts";

const clock = new HandClock();
/** Waiting takes no time here. */
const timers = {
  after: (_delayMs: number, task: () => void) => (queueMicrotask(task), () => {}),
  soon: queueMicrotask,
};

let gateway: SimulatedNode;
let centre: SimulatedNode;
let sections: ExportSection[];
/** Called before each request; may throw as a link does. */
let before: (path: string) => void | Promise<void>;

beforeEach(async () => {
  gateway = new SimulatedNode({ name: "gateway", seed: 1, clock });
  centre = new SimulatedNode({ name: "centre", seed: 2, clock });
  await gateway.start();
  await centre.start();
  before = () => {};
  await gateway.append("logs", 0, ["a", "b", "c"]);
  await gateway.append("logs", 0, ["d", "e"]);
  sections = [];
  for await (const part of exportParts({ store: gateway.store, nodeName: "gateway" })) {
    sections.push(
      part.kind === "announce"
        ? { kind: "announce", payload: encodeLogs(part.logs) }
        : { kind: "append", payload: part.body },
    );
  }
});

function importer(token: string | null = null): Importer {
  const http: HttpClient = async ({ url, method, headers, body }) => {
    await before(new URL(url).pathname.split("/").at(-1)!);
    const content = body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> };
    const response = await centre.serve()(new Request(url, { method, headers, ...content }));
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, body: bytes };
  };
  const crc32c = (bytes: Uint8Array) => centre.store.core.crc32c(bytes);
  const link = new Link({
    ...{ http, upstreamUrl: "http://centre.example", token, clock, crc32c },
    ...{ nodeId: gateway.store.nodeId, nodeName: "gateway", metrics: SILENT_METRICS },
    budget: new LinkBudget({ clock, timers: clock }),
  });
  return new Importer({ link, timers, crc32c });
}

async function bring(to: Importer): Promise<Importer> {
  for (const section of sections) await to.take(section);
  return to;
}

const valuesAt = async (node: SimulatedNode) =>
  (await node.records("logs")).map(({ value }) => value);

describe("Importer", () => {
  it("brings everything once, and nothing the second time", async () => {
    expect((await bring(importer())).tally).toEqual({ appended: 5, duplicate: 0, refused: 0 });
    const sent: string[] = [];
    before = (path) => void sent.push(path);
    expect((await bring(importer())).tally).toEqual({ appended: 0, duplicate: 5, refused: 0 });
    expect(sent).toEqual(["hello", "announce"]);
    expect(await valuesAt(centre)).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("says hello again to a centre that restarted, and announces again", async () => {
    const one = importer();
    await one.take(sections[0]!);
    const asked: string[] = [];
    before = async (path) => {
      asked.push(path);
      if (path !== "append" || asked.length > 1) return;
      centre.crash();
      await centre.start();
      throw new OperatingError("upstream_unreachable", "Cannot reach centre");
    };
    await one.take(sections[1]!);
    expect(asked).toEqual(["append", "append", "hello", "announce", "append"]);
    expect(one.tally).toEqual({ appended: 5, duplicate: 0, refused: 0 });
    expect(await valuesAt(centre)).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("gives up after a while, and goes on from there when it is run again", async () => {
    before = () => {
      throw new OperatingError("upstream_unreachable", "Cannot reach centre");
    };
    await expect(bring(importer())).rejects.toThrow("Cannot reach centre");
    before = () => {};
    expect((await bring(importer())).tally.appended).toBe(5);
  });

  it("is refused where another peer brings a log without its key, lane by lane", async () => {
    await bring(importer());
    await gateway.append("logs", 0, ["f"]);
    const [logId] = gateway.store.logs.chain("logs", 0).map((row) => row.logId);
    const text = new TextDecoder().decode(sections[0]!.payload);
    const keyless = text.replace(/,"path_key":"[0-9a-f]{32}"/, "");
    expect(keyless).not.toBe(text);
    sections[0] = { kind: "announce", payload: new TextEncoder().encode(keyless) };
    const other = await bring(importer("courier"));
    expect(other.tally).toEqual({ appended: 0, duplicate: 0, refused: 5 });
    expect(other.refusals[0]).toMatchObject({ logId, code: "peer_mismatch" });
    sections[0] = { kind: "announce", payload: new TextEncoder().encode(text) };
    expect((await bring(importer("courier"))).tally.duplicate).toBe(5);
  });
});

describe("sourceBatches()", () => {
  it("refuses batches that are torn", () => {
    expect(() => [...sourceBatches(new Uint8Array(11))]).toThrow("one is torn");
    expect(() => [...sourceBatches(new Uint8Array(200))]).toThrow("one is torn");
  });
});
