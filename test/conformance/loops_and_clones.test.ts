/**
 * Chains that close on themselves, and data directories that were copied, with real processes: both
 * are named for whoever runs them, and no record is lost or doubled meanwhile.
 */
import { cpSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectAgreement } from "../support/agreement.ts";
import {
  caughtUp,
  eventually,
  everything,
  faultsOf,
  HttpPublisher,
  lossTotals,
  NO_FAULTS,
  RestartedNode,
  sleep,
} from "../support/restarted_node.ts";

describe("a loop", () => {
  it("of three nodes is refused where it closes; the chain goes on without it", async () => {
    const root = await RestartedNode.start("root");
    const site = await RestartedNode.start("site", ["--upstream", root.http]);
    const gateway = await RestartedNode.start("gateway", ["--upstream", site.http]);
    const device = new HttpPublisher("d0", gateway);
    await device.some(100);
    await caughtUp(root, [...device.acknowledged]);
    // Not later: with an upstream that refuses it, it is no root any more, and nothing settles.
    for (const node of [gateway, site]) await expectAgreement(node, root);

    // Whoever knows the route refuses at once; else the gateway's own log comes back to it.
    await root.moveTo(gateway.http);
    const closing = await eventually(() => linkOf(root), ({ state }) => state === "refused");
    expect(closing).toMatchObject({ state: "refused", error_code: "loop_detected" });
    expect(closing.error).toContain("let it replicate to another upstream, or to none");
    expect(await (await fetch(`${root.http}/readyz`)).json())
      .toEqual({ status: "ready", upstream: "loop_detected" });
    expect(await (await fetch(`${root.http}/metrics`)).text())
      .toContain("logboom_replication_loop 1");
    expect(root.node.output().stderr).toContain('"trouble":"loop"');

    const own = new HttpPublisher("r0", root);
    await own.some(100);
    await device.some(100);
    const held = await caughtUp(root, [...device.acknowledged, ...own.acknowledged]);
    expect(faultsOf(held, [device, own])).toEqual(NO_FAULTS);
    expect(await everything(gateway.http)).toHaveLength(device.acknowledged.size);
    expect((await linkOf(gateway)).error_code).toBeNull();
    expect((await linkOf(site)).error_code).toBeNull();
  }, 90_000);

  it("of a node with itself, by whatever name, is refused too", async () => {
    const node = await RestartedNode.start("node");
    await node.moveTo(node.http);
    const link = await eventually(() => linkOf(node), ({ state }) => state === "refused");
    expect(link.error_code).toBe("loop_detected");
    expect(link.error).toContain("it is this node itself, or a copy of its data directory");
    const device = new HttpPublisher("d0", node);
    await device.some(20);
    expect(faultsOf(await everything(node.http), [device])).toEqual(NO_FAULTS);
  }, 60_000);
});

describe("a copied card", () => {
  it("is named beside its original, and both deliver everything once", async () => {
    const centre = await RestartedNode.start("centre");
    const flags = ["--upstream", centre.http];
    const original = await RestartedNode.start("kiosk-1", flags);
    const before = new HttpPublisher("before", original);
    await before.some(100);
    // What is on its way when the card is taken out is on both.
    const image = await original.killedImage();
    await original.start();
    const copy = new RestartedNode("kiosk-2", flags);
    cpSync(image, copy.dataDir, { recursive: true });
    await copy.start();

    const devices = [new HttpPublisher("d1", original), new HttpPublisher("d2", copy)];
    const loads = devices.map((device) => device.run());
    const clones = await eventually(() => clonesAt(centre), ({ length }) => length > 0);
    for (const device of devices) device.stop();
    await Promise.all(loads);
    expect(clones).toHaveLength(1);
    expect(clones[0]!.nodes.map(({ node_name }) => node_name).sort()).toEqual([
      "kiosk-1",
      "kiosk-2",
    ]);
    for (const { address } of clones[0]!.nodes) expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    const events = centre.node.output().stderr.split("\n").filter((line) =>
      line.includes('"event":"cloned_identity"')
    );
    expect(events).toHaveLength(1);
    expect(events[0]).toMatch(/kiosk-1.*kiosk-2|kiosk-2.*kiosk-1/);
    expect(await (await fetch(`${centre.http}/metrics`)).text())
      .toContain("logboom_replication_cloned_identities 1");

    const all = [before, ...devices];
    const held = await caughtUp(centre, all.flatMap(({ acknowledged }) => [...acknowledged]));
    expect(faultsOf(held, all)).toEqual(NO_FAULTS);
    for (const { http, name } of [original, copy]) {
      const totals = await eventually(() => lossTotals(http), ({ pending }) => pending === 0);
      expect(totals, name).toMatchObject({ pending: 0, ledgered: 0 });
    }
    for (const node of [original, copy]) await expectAgreement(node, centre);
  }, 90_000);

  it("is not taken for one where a gateway only restarts, again and again", async () => {
    const centre = await RestartedNode.start("centre");
    const gateway = await RestartedNode.start("gateway", ["--upstream", centre.http]);
    const device = new HttpPublisher("d0", gateway);
    const load = device.run();
    for (let restart = 0; restart < 5; restart++) {
      await sleep(300);
      await gateway.restart();
    }
    await sleep(300);
    device.stop();
    await load;
    const held = await caughtUp(centre, [...device.acknowledged]);
    expect(faultsOf(held, [device])).toEqual(NO_FAULTS);
    await expectAgreement(gateway, centre);
    expect(await clonesAt(centre)).toEqual([]);
    expect(centre.node.output().stderr).not.toContain("cloned_identity");
  }, 90_000);
});

interface LinkDocument {
  readonly state: string;
  readonly error: string | null;
  readonly error_code: string | null;
}

async function linkOf({ http }: RestartedNode): Promise<LinkDocument> {
  return await (await fetch(`${http}/v1/link`)).json() as LinkDocument;
}

interface CloneDocument {
  readonly nodes: readonly { readonly node_name: string; readonly address: string | null }[];
}

async function clonesAt({ http }: RestartedNode): Promise<readonly CloneDocument[]> {
  const answer = await fetch(`${http}/v1/gateways`);
  return (await answer.json() as { clones: CloneDocument[] }).clones;
}
