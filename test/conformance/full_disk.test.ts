/**
 * A gateway whose data directory is a file system of 48 MB, with its uplink down: it is filled by
 * MQTT 3.1.1, MQTT 5 and HTTP clients until nothing fits any more, then to the last byte by somebody
 * else, and then the uplink comes back. The process stays up, says why in each protocol's terms,
 * takes publishes again by itself, and what was acknowledged is at the centre or in the ledger.
 *
 * What is there is counted here, by payload, and held against what the ledger says of offsets.
 */
import { connect, type IPublishPacket, type MqttClient } from "mqtt";
import { describe, expect, it } from "vitest";
import { expectAgreement } from "../support/agreement.ts";
import { type NodeProcess, startNodeProcess, temporaryDirectory } from "../support/process.ts";
import { mountSmallDisk } from "../support/small_disk.ts";

const DISK_MB = 48;
const RECORD_BYTES = 4_000;
const HTTP_RECORDS = 50;
const WINDOW = 20;
const MB = 1e6;

describe.each(["reject", "drop_oldest", "keep_errors"] as const)(
  "a full disk with %s",
  (policy) => {
    it("stays up, says why, loses nothing in silence, and goes on by itself", async ({ skip }) => {
      const disk = mountSmallDisk(DISK_MB);
      if (disk === null) {
        return skip(`full disk (${policy}): SKIPPED, no file system can be mounted here`);
      }
      const centreDir = temporaryDirectory();
      const port = await freePort(centreDir);
      const gateway = await startNodeProcess({
        dataDir: disk.path,
        flags: ["--upstream", `http://127.0.0.1:${port}`, "--disk-policy", policy]
          .concat(["--compression-type", "none", "--severity-field", "json:level"]),
      });
      const http = new HttpPublisher(gateway);
      const four = await MqttPublisher.open(gateway, 4);
      const five = await MqttPublisher.open(gateway, 5);
      const publishers = [http, four, five];
      const loads = publishers.map((publisher) => publisher.run());

      if (policy === "reject") {
        await until(
          () => http.refusals > 0 && five.refusals > 0 && four.waitsMs > 2_000,
          "refused",
        );
        expect(http.refusal).toEqual({ status: 507, code: "storage_full", retryAfter: true });
        expect(five.reasonCodes).toEqual(new Set([0x97]));
      } else {
        await until(() => bytesOf(publishers) > 1.5 * DISK_MB * MB, "more than fits was taken");
        const { entries } = await losses(gateway);
        expect(entries.length).toBeGreaterThan(0);
        // Thinning reads and writes: on a disk this small it may not keep up with a flood.
        if (policy === "drop_oldest") expect([http.refusals, five.refusals]).toEqual([0, 0]);
        const thinned = await metric(gateway, "logboom_thinned_bytes_total");
        expect(thinned > 0, "thinned by severity").toBe(policy === "keep_errors");
      }
      disk.fill();
      await sleep(1_500);
      expect(disk.freeBytes()).toBeLessThan(DISK_MB * MB / 2);
      expect((await fetch(`${gateway.http}/healthz`)).status).toBe(200);
      await losses(gateway);
      expect(four.closes + five.closes, "connections closed by the gateway").toBe(0);

      const centre = await startNodeProcess({
        dataDir: centreDir,
        flags: ["--http-port", String(port)],
      });
      disk.clear();
      const before = publishers.map(({ acknowledged }) => acknowledged.size);
      await until(
        () => publishers.every(({ acknowledged }, at) => acknowledged.size > before[at]! + WINDOW),
        "all are taken again, without having been told to",
      );
      expect(four.closes + five.closes, "connections closed by the gateway").toBe(0);
      for (const publisher of publishers) publisher.stop();
      await Promise.all(loads);
      await expectNothingMissing({ gateway, centre, http, publishers, policy });
      expect((await gateway.stop()).code).toBe(0);
      await centre.stop();
    }, 240_000);
  },
);

describe("a disk without a byte free", () => {
  it(
    "starts after kill -9, serves what it has, and says that it is full",
    async ({ skip }) => {
      const disk = mountSmallDisk(DISK_MB);
      if (disk === null) {
        return skip("full disk (start): SKIPPED, no file system can be mounted here");
      }
      const flags = ["--disk-policy", "reject", "--compression-type", "none"];
      const first = await startNodeProcess({ dataDir: disk.path, flags });
      const http = new HttpPublisher(first);
      const load = http.run();
      await until(() => http.refusals > 0, "refused");
      http.stop();
      await load;
      disk.fill();
      await first.kill();
      disk.fill();
      const again = await startNodeProcess({ dataDir: disk.path, flags });
      const held = new Set((await payloads(again)).map(idOf));
      expect([...http.acknowledged].filter((id) => !held.has(id)), "missing").toEqual([]);
      const body = '{"id":"one more"}';
      const produce = () => fetch(`${again.http}/v1/topics/http/records`, { method: "POST", body });
      const refused = await produce();
      expect([refused.status, (await refused.json() as { code: string }).code])
        .toEqual([507, "storage_full"]);
      expect((await losses(again)).totals.accepted).toBe(held.size);
      disk.clear();
      expect((await again.stop()).code).toBe(0);
    },
    60_000,
  );
});

interface Outcome {
  readonly gateway: NodeProcess;
  readonly centre: NodeProcess;
  readonly http: HttpPublisher;
  readonly publishers: readonly Publisher[];
  readonly policy: string;
}

async function expectNothingMissing(outcome: Outcome): Promise<void> {
  const { gateway, centre, http, publishers, policy } = outcome;
  await until(async () => (await losses(gateway)).totals.pending === 0, "all is delivered");
  const [here, there] = [await losses(gateway), await losses(centre)];
  const held = await payloads(centre);
  const ids = held.map(idOf);
  const atCentre = new Set(ids);
  expect(ids.length - atCentre.size, "records that are twice at the centre").toBe(0);

  const acknowledged = publishers.flatMap((publisher) => [...publisher.acknowledged]);
  const missing = acknowledged.filter((id) => !atCentre.has(id));
  const standing = here.entries.filter(({ state }) => state !== "reversed");
  const ledgered = standing.reduce((sum, { count }) => sum + count, 0);
  // Offsets were given to what is at the centre and to what is in the ledger, and to nothing else.
  expect(here.totals.accepted, "accepted").toBe(held.length + ledgered);
  expect(here.totals).toMatchObject({ delivered: held.length, pending: 0, ledgered });
  expect(there.totals).toEqual(here.totals);
  await expectAgreement(gateway, centre);
  expect(missing.length).toBeLessThanOrEqual(ledgered);
  if (policy === "reject") expect([missing.length, ledgered]).toEqual([0, 0]);
  // Of HTTP's the offsets are known, so each can be looked up.
  const lost = standing.filter(({ topic }) => topic === "http");
  const unaccounted = missing.filter((id) => id.startsWith("http")).filter((id) => {
    const offset = http.offsets.get(id)!;
    return !lost.some(({ from, to }) => from <= offset && offset < to);
  });
  expect(unaccounted, "neither at the centre nor in the ledger").toEqual([]);
  process.stdout.write(
    `${policy}: ${acknowledged.length} acknowledged, ${held.length} at the centre, ` +
      `${ledgered} in the ledger\n`,
  );
}

/** A port that is free until the centre is started on it. */
async function freePort(dataDir: string): Promise<number> {
  const centre = await startNodeProcess({ dataDir });
  await centre.stop();
  return Number(new URL(centre.http).port);
}

const FILLING = "x".repeat(RECORD_BYTES);
/** One record in so many is an error. */
const ERRORS_EVERY = 50;

/** The number of a publisher's record, as its payload says. */
function idOf(payload: string): string {
  return (JSON.parse(payload) as { readonly id: string }).id;
}

abstract class Publisher {
  readonly acknowledged = new Set<string>();
  refusals = 0;
  protected stopped = false;
  readonly #name: string;
  #next = 0;

  constructor(name: string) {
    this.#name = name;
  }

  stop(): void {
    this.stopped = true;
  }

  protected next(): string {
    const level = this.#next % ERRORS_EVERY === 0 ? "error" : "info";
    return JSON.stringify({ id: `${this.#name}:${this.#next++}`, level, text: FILLING });
  }

  abstract run(): Promise<void>;
}

class HttpPublisher extends Publisher {
  readonly offsets = new Map<string, number>();
  refusal: unknown = null;
  readonly #url: string;

  constructor({ http }: NodeProcess) {
    super("http");
    this.#url = `${http}/v1/topics/http/records`;
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      const values = Array.from({ length: HTTP_RECORDS }, () => this.next());
      const headers = { "content-type": "text/plain" };
      const answer = await fetch(this.#url, { method: "POST", headers, body: values.join("\n") });
      const body = await answer.json() as { code?: string; base_offset?: number };
      if (answer.ok) {
        values.forEach((value, at) => {
          this.acknowledged.add(idOf(value));
          this.offsets.set(idOf(value), body.base_offset! + at);
        });
      } else {
        this.refusals++;
        const retryAfter = answer.headers.has("retry-after");
        this.refusal = { status: answer.status, code: body.code, retryAfter };
        await sleep(200);
      }
      await sleep(5);
    }
  }
}

class MqttPublisher extends Publisher {
  closes = 0;
  readonly reasonCodes = new Set<number>();
  readonly #client: MqttClient;
  #underWay = 0;
  #answeredMs = Date.now();

  private constructor(client: MqttClient, name: string) {
    super(name);
    this.#client = client;
    client.on("close", () => this.closes++);
    client.on("error", () => {});
    client.on("packetreceive", (packet) => {
      const { cmd, reasonCode = 0 } = packet as IPublishPacket & { reasonCode?: number };
      if ((cmd as string) === "puback" && reasonCode >= 0x80) this.reasonCodes.add(reasonCode);
    });
  }

  static async open(node: NodeProcess, protocolVersion: 4 | 5): Promise<MqttPublisher> {
    const client = connect({
      host: node.mqttHost,
      port: node.mqttPort,
      ...{ protocolVersion, keepalive: 0, reconnectPeriod: 0, clean: true },
    });
    await new Promise((resolve) => client.once("connect", resolve));
    return new MqttPublisher(client, `mqtt${protocolVersion}`);
  }

  /** Since when nothing was answered, though something waits for it. */
  get waitsMs(): number {
    return this.#underWay === 0 ? 0 : Date.now() - this.#answeredMs;
  }

  async run(): Promise<void> {
    while (!this.stopped) {
      if (this.#underWay < WINDOW) this.#publish();
      else await sleep(2);
      await sleep(this.refusals > 0 && this.#underWay === 0 ? 20 : 1);
    }
    const endMs = Date.now() + 5_000;
    while (this.#underWay > 0 && Date.now() < endMs) await sleep(10);
    this.#client.removeAllListeners("close");
    await this.#client.endAsync(true);
  }

  #publish(): void {
    const value = this.next();
    this.#underWay++;
    this.#client.publish("a/b", value, { qos: 1 }, (error) => {
      this.#underWay--;
      this.#answeredMs = Date.now();
      if (error) this.refusals++;
      else this.acknowledged.add(idOf(value));
    });
  }
}

function bytesOf(publishers: readonly Publisher[]): number {
  return publishers.reduce((sum, { acknowledged }) => sum + acknowledged.size * RECORD_BYTES, 0);
}

interface Entry {
  readonly id: number;
  readonly topic: string;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly state: string;
}

interface Losses {
  readonly entries: readonly Entry[];
  readonly next_after: number | null;
  readonly totals: Readonly<Record<"accepted" | "delivered" | "pending" | "ledgered", number>>;
}

async function losses({ http }: NodeProcess): Promise<Losses> {
  const answer = await fetch(`${http}/v1/losses?max_entries=10000`);
  if (!answer.ok) throw new Error(await answer.text());
  return await answer.json() as Losses;
}

async function metric({ http }: NodeProcess, name: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
}

/** The value of every record a node holds. */
async function payloads({ http }: NodeProcess): Promise<string[]> {
  const values: string[] = [];
  for (const topic of ["http", "logs"]) {
    for (let offset = 0;;) {
      const path = `/v1/topics/${topic}/partitions/0/records?offset=${offset}`;
      const answer = await fetch(`${http}${path}&max_records=10000`);
      if (answer.status === 404) break;
      if (!answer.ok) throw new Error(await answer.text());
      const page = await answer.json() as {
        readonly records: readonly { readonly value: string }[];
        readonly next_offset: number;
      };
      values.push(...page.records.map(({ value }) => value));
      if (page.next_offset === offset) break;
      offset = page.next_offset;
    }
  }
  return values;
}

async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = Date.now() + 45_000;
  while (!await done()) {
    if (Date.now() > endMs) throw new Error(`Waited in vain until ${what}`);
    await sleep(50);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
