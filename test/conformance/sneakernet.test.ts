/**
 * Records carried by hand, with real processes: a gateway without a link is exported, the files are
 * imported at the centre, and once the link comes up nothing is sent twice. Files that are torn,
 * altered or foreign are refused, with the place.
 */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { expectAgreement } from "../support/agreement.ts";
import { type Exit, runLogboom, temporaryDirectory } from "../support/process.ts";
import {
  eventually,
  everything,
  faultsOf,
  HttpPublisher,
  lossTotals,
  NO_FAULTS,
  RestartedNode,
} from "../support/restarted_node.ts";

/** Nobody listens on the discard port. */
const NOWHERE = "http://127.0.0.1:9";
const SMALLEST_FILE = 4 * 1024 * 1024;

describe("a gateway that never had a link", () => {
  it("is exported, imported, and then linked: each record is sent once", async () => {
    const gateway = await RestartedNode.start("gateway", [
      ...["--upstream", NOWHERE, "--default-partitions", "2"],
    ]);
    const device = new HttpPublisher("d0", gateway);
    await device.some(1_000);
    // A second run, so that logs have predecessors.
    await gateway.restart();
    await device.some(500);

    const file = join(temporaryDirectory(), "gateway.export");
    const live = await logboom("export", "--url", gateway.http, "--to", file);
    expect(live).toMatchObject({ code: 0, stderr: "" });
    expect(live.stdout).toContain(`${device.acknowledged.size} records`);
    expect((await logboom("export", "--data-dir", gateway.dataDir, "--to", file)).stderr)
      .toContain(`process ${gateway.node.pid} is using it; export from that node itself`);
    expect(await pendingOf(gateway), "an export delivers nothing").toBe(device.acknowledged.size);

    await device.some(500);
    await gateway.node.kill();
    const before = digestOf(gateway.dataDir);
    const later = join(temporaryDirectory(), "later.export");
    const named = ["--data-dir", gateway.dataDir, "--node-name", "gateway"];
    const offline = await logboom("export", ...named, "--to", later);
    expect(offline).toMatchObject({ code: 0, stderr: "" });
    expect(digestOf(gateway.dataDir), "the directory is only read").toEqual(before);

    const centre = await RestartedNode.start("centre", ["--default-partitions", "3"]);
    const first = await logboom("import", file, "--upstream", centre.http);
    expect(tally(first), first.stderr).toEqual({ appended: 1_500, duplicate: 0, refused: 0 });
    // Runs of a partition stay in order, whichever file brings them.
    const second = await logboom("import", later, file, "--upstream", centre.http);
    expect(tally(second), second.stderr).toEqual({ appended: 500, duplicate: 3_000, refused: 0 });
    const held = await everything(centre.http);
    expect(faultsOf(held, [device])).toEqual(NO_FAULTS);

    const received = await receivedBatches(centre);
    gateway.flags = ["--upstream", centre.http, "--default-partitions", "2"];
    await gateway.start();
    expect(await eventually(() => pendingOf(gateway), (pending) => pending === 0)).toBe(0);
    expect(await receivedBatches(centre), "nothing is sent twice").toEqual(received);
    await device.some(100);
    expect(await eventually(() => pendingOf(gateway), (pending) => pending === 0)).toBe(0);
    expect(faultsOf(await everything(centre.http), [device])).toEqual(NO_FAULTS);
    const totals = { pending: 0, ledgered: 0, delivered: device.acknowledged.size };
    expect(await lossTotals(gateway.http)).toMatchObject(totals);
    expect(await lossTotals(centre.http)).toMatchObject(totals);
    await expectAgreement(gateway, centre);
  }, 120_000);

  it("is exported in files of a bounded size, each of which stands for itself", async () => {
    const gateway = await RestartedNode.start("gateway", ["--upstream", NOWHERE]);
    const device = new HttpPublisher("d0", gateway);
    await publishLarge(gateway, 160);
    await device.some(100);
    const directory = temporaryDirectory();
    const bounded = ["--max-bytes", String(SMALLEST_FILE)];
    const { code, stdout } = await logboom(
      ...["export", "--url", gateway.http, "--to", directory, ...bounded],
    );
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const files = readdirSync(directory).map((name) => join(directory, name)).sort();
    expect(files.length).toBeGreaterThan(2);
    for (const path of files) expect(statSync(path).size).toBeLessThanOrEqual(SMALLEST_FILE);

    const centre = await RestartedNode.start("centre");
    const early = await logboom("import", files[1]!, "--upstream", centre.http);
    expect(early.code, "what comes before it is missing").toBe(1);
    expect(early.stderr).toContain("comes next");
    expect(await everything(centre.http)).toEqual([]);
    const all = await logboom("import", ...[...files].reverse(), "--upstream", centre.http);
    expect(all.code, all.stderr).toBe(0);
    const held = await everything(centre.http);
    expect(held).toHaveLength(new Set(held).size);
    expect(held).toHaveLength(160 + device.acknowledged.size);

    const one = join(directory, "one.export");
    const cut = await logboom("export", "--url", gateway.http, "--to", one, ...bounded);
    expect(cut.stderr).toContain("found no place in --max-bytes");
    expect(statSync(one).size).toBeLessThanOrEqual(SMALLEST_FILE);
  }, 120_000);
});

describe("what was given up before it was exported", () => {
  it("is passed over by the files, and ledgered once the link says who lacks it", async () => {
    const site = await RestartedNode.start("site", ["--upstream", NOWHERE]);
    const gateway = await RestartedNode.start("gateway", ["--upstream", site.http]);
    const device = new HttpPublisher("d0", gateway);
    await device.some(200);
    await eventually(() => lossTotals(site.http), ({ accepted }) => accepted === 200);
    // Told to stop, it writes down what the site has; after a kill it would ask again.
    await gateway.node.stop();
    gateway.flags = ["--upstream", NOWHERE];
    await gateway.start();
    await device.some(200);
    await wipe(gateway, 300);

    // Each brings what it has: the site the first half, the gateway the end of the second.
    const centre = await RestartedNode.start("centre");
    const directory = temporaryDirectory();
    const [ofSite, ofGateway] = ["site", "gateway"].map((name) =>
      join(directory, `${name}.export`)
    );
    await logboom("export", "--url", site.http, "--to", ofSite!);
    await logboom("export", "--url", gateway.http, "--to", ofGateway!);
    const early = await logboom("import", ofGateway!, "--upstream", centre.http);
    expect(early.code, "what comes before it lies at the site").toBe(1);
    const late = await logboom("import", ofSite!, ofGateway!, "--upstream", centre.http);
    expect(late.code, late.stderr).toBe(0);
    const values = [...device.acknowledged];
    const kept = [...values.slice(0, 200), ...values.slice(300)];
    expect((await everything(centre.http)).sort()).toEqual(kept.sort());
    expect(await lossTotals(centre.http)).toMatchObject({ delivered: 300, ledgered: 0 });

    for (const node of [site, gateway]) {
      await node.node.kill();
      node.flags = ["--upstream", node === site ? centre.http : site.http];
      await node.start();
      const totals = await eventually(() => lossTotals(node.http), ({ pending }) => pending === 0);
      expect(totals, node.name).toMatchObject({ pending: 0 });
    }
    expect(await lossTotals(gateway.http)).toMatchObject({ delivered: 300, ledgered: 100 });
    expect(await lossTotals(centre.http)).toMatchObject({ delivered: 300, ledgered: 100 });
    for (const node of [site, gateway]) await expectAgreement(node, centre);
    expect((await everything(centre.http)).sort()).toEqual(kept.sort());
  }, 120_000);
});

describe("import", () => {
  it("refuses what is torn, altered or no export, before anything of it is sent", async () => {
    const gateway = await RestartedNode.start("gateway", ["--upstream", NOWHERE]);
    const device = new HttpPublisher("d0", gateway);
    await device.some(200);
    const directory = temporaryDirectory();
    const whole = join(directory, "whole.export");
    await logboom("export", "--url", gateway.http, "--to", whole);
    const bytes = readFileSync(whole);
    const centre = await RestartedNode.start("centre");

    const refusalOf = async (name: string, changed: Uint8Array) => {
      const path = join(directory, name);
      writeFileSync(path, changed);
      // Beside a good one: that must not be sent either.
      const { code, stderr } = await logboom("import", whole, path, "--upstream", centre.http);
      expect(code, name).toBe(1);
      return stderr;
    };
    const flipped = (position: number) => {
      const copy = new Uint8Array(bytes);
      copy[position]! ^= 0x10;
      return copy;
    };
    expect(await refusalOf("torn", bytes.subarray(0, bytes.length - 7)))
      .toContain(`torn at position ${bytes.length - 7}: it is torn`);
    expect(await refusalOf("no_end", bytes.subarray(0, bytes.length - 56))).toContain("is torn");
    expect(await refusalOf("middle", flipped(bytes.length >> 1))).toMatch(
      /position \d+: a damaged/,
    );
    expect(await refusalOf("end", flipped(bytes.length - 3))).toMatch(/position \d+: a damaged/);
    expect(await refusalOf("head", flipped(3))).toContain("it is no export");
    expect(await refusalOf("version", flipped(11))).toContain("export format 17");
    expect(await refusalOf("longer", Uint8Array.from([...bytes, 0]))).toContain("behind its end");
    expect(await refusalOf("other", new Uint8Array(4_096).fill(7))).toContain("it is no export");
    expect(await everything(centre.http)).toEqual([]);

    const back = await logboom("import", whole, "--upstream", gateway.http);
    expect(back.stderr).toContain("copy of its data directory");
    expect(back.code).toBe(1);
  }, 120_000);

  it("keeps to credentials, and knows a log again by its path key", async () => {
    const upstream = ["--upstream", NOWHERE];
    const gateway = await RestartedNode.start("gateway", upstream);
    const device = new HttpPublisher("d0", gateway);
    await device.some(200);
    const directory = temporaryDirectory();
    const file = join(directory, "gateway.export");
    await logboom("export", "--url", gateway.http, "--to", file);
    const config = join(directory, "centre.yaml");
    const credential = (name: string, scope: string) =>
      `  - {name: ${name}, token: ${name}-0123456789abcdef, scopes: [${scope}]}\n`;
    writeFileSync(
      config,
      `credentials:\n${credential("courier", "replicate")}${credential("gw-1", "replicate")}` +
        credential("reader", "consume"),
    );
    const centre = await RestartedNode.start("centre", ["--config", config]);
    const importWith = (token: string) =>
      logboom("import", file, "--upstream", centre.http, "--token", token);
    expect((await importWith("reader-0123456789abcdef")).stderr).toContain(
      "lacks the scope replicate",
    );
    expect((await importWith("wrong-0123456789abcdef")).stderr).toContain("Cannot replicate");
    const taken = await importWith("courier-0123456789abcdef");
    expect(tally(taken), taken.stderr).toEqual({ appended: 200, duplicate: 0, refused: 0 });

    gateway.flags = [
      ...["--upstream", centre.http, "--upstream-token", "gw-1-0123456789abcdef"],
    ];
    await gateway.restart();
    await device.some(100);
    expect(await eventually(() => pendingOf(gateway), (pending) => pending === 0)).toBe(0);
    const headers = { authorization: "Bearer reader-0123456789abcdef" };
    const answer = await fetch(`${centre.http}/v1/gateways?closed=true`, { headers });
    const { gateways } = await answer.json() as { gateways: { paths: string[] }[] };
    expect(gateways.map(({ paths }) => paths)).toContainEqual(["courier", "gw-1"]);
    const token = "reader-0123456789abcdef";
    await expectAgreement(gateway, { ...centre, http: centre.http, token });
  }, 120_000);
});

function logboom(...args: string[]): Promise<Exit> {
  return runLogboom(args);
}

/** Sums of the table that import prints. */
function tally({ stdout }: Exit): Record<"appended" | "duplicate" | "refused", number> {
  const rows = stdout.trim().split("\n").slice(1).map((line) => line.trim().split(/ {2,}/));
  const sum = (column: number) => rows.reduce((total, row) => total + Number(row[column]), 0);
  return { appended: sum(3), duplicate: sum(4), refused: sum(5) };
}

async function pendingOf({ http }: RestartedNode): Promise<number> {
  return (await lossTotals(http)).pending;
}

async function receivedBatches({ http }: RestartedNode): Promise<string[]> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return text.match(/^logboom_replication_received_batches_total.*$/gm) ?? [];
}

async function publishLarge({ http }: RestartedNode, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const body = `large:${number} ${randomBytes(60_000).toString("base64")}`;
    const headers = { "content-type": "text/plain" };
    const url = `${http}/v1/topics/large/records?key=l`;
    const answer = await fetch(url, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    await answer.body?.cancel();
  }
}

async function wipe({ http }: RestartedNode, before: number): Promise<void> {
  const path = `/v1/topics/http-load/partitions/0/records?before=${before}`;
  const answer = await fetch(http + path, { method: "DELETE" });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.body?.cancel();
}

/** What lies in a directory, byte for byte. */
function digestOf(directory: string): Record<string, string> {
  const copy = temporaryDirectory();
  cpSync(directory, copy, { recursive: true });
  const names = readdirSync(copy, { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    names.filter((name) => statSync(join(copy, name)).isFile()).sort().map((name) => [
      name,
      createHash("sha256").update(readFileSync(join(copy, name))).digest("hex"),
    ]),
  );
}
