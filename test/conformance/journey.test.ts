/**
 * A record's whole journey with real clients: mosquitto_pub → gateway → centre → curl, with the
 * plug pulled in between.
 */
import { describe, expect, it } from "vitest";
import { expectAgreement } from "../support/agreement.ts";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { hasTool, outputOf } from "../support/tools.ts";

interface Page {
  readonly records: readonly {
    readonly offset: number;
    readonly key: string;
    readonly value: string;
    readonly source?: { readonly gateway: string; readonly offset: number };
  }[];
}

const publish = (node: NodeProcess, topic: string, ...more: string[]) =>
  outputOf("mosquitto_pub", [
    ...["-h", node.mqttHost, "-p", `${node.mqttPort}`, "-q", "1", "-t", topic],
    ...more,
  ]);

const curl = (url: string, ...more: string[]) => outputOf("curl", ["-sS", "--fail", ...more, url]);

const recordsPath = "/v1/topics/logs/partitions/0/records?offset=earliest&max_records=10000";

async function valuesAt(node: NodeProcess): Promise<string[]> {
  const response = await fetch(node.http + recordsPath);
  if (response.status === 404) return [];
  return ((await response.json()) as Page).records.map(({ value }) => value);
}

describe.skipIf(!hasTool("mosquitto_pub") || !hasTool("curl"))("a record's journey", () => {
  it("goes from mosquitto_pub over gateway and centre to curl, byte for byte", async () => {
    const centre = await startNodeProcess({ flags: ["--mqtt-port", "off"] });
    const gateway = await startNodeProcess({
      flags: ["--node-name", "gw-1", "--upstream", centre.http],
    });
    const message = '{"temperature": 21.50, "text": "grüß dich"}';
    await publish(gateway, "devices/7/logs", "-m", message);

    const atGateway = JSON.parse(await curl(gateway.http + recordsPath)) as Page;
    expect(atGateway.records).toMatchObject([{ offset: 0, key: "devices/7/logs", value: message }]);

    await expect.poll(() => valuesAt(centre), { timeout: 20_000 }).toEqual([message]);
    const atCentre = JSON.parse(await curl(`${centre.http}${recordsPath}&source=true`)) as Page;
    expect(atCentre.records[0]!.source).toMatchObject({ gateway: "gw-1", offset: 0 });

    const raw = (node: NodeProcess) =>
      fetch(node.http + recordsPath, { headers: { accept: "application/vnd.logboom.batches" } })
        .then((response) => response.bytes());
    const [there, here] = await Promise.all([raw(gateway), raw(centre)]);
    // Base offset and leader epoch are each node's own; all the CRC covers is the gateway's.
    expect(here.subarray(16)).toEqual(there.subarray(16));
  });

  it("loses nothing and doubles nothing when the plugs are pulled", async () => {
    const flags = ["--mqtt-port", "off"];
    let centre = await startNodeProcess({ flags });
    const port = new URL(centre.http).port;
    const gatewayFlags = ["--node-name", "gw-1", "--upstream", centre.http];
    let gateway = await startNodeProcess({ flags: gatewayFlags });
    const lines = (from: number) => Array.from({ length: 100 }, (_, at) => `line ${from + at}`);
    const send = (from: number) =>
      outputOf("mosquitto_pub", [
        ...["-h", gateway.mqttHost, "-p", `${gateway.mqttPort}`, "-q", "1", "-t", "a", "-l"],
      ], lines(from).join("\n") + "\n");

    await send(0);
    await centre.kill();
    await send(100);
    await gateway.kill();
    gateway = await startNodeProcess({ dataDir: gateway.dataDir, flags: gatewayFlags });
    await send(200);
    centre = await startNodeProcess({
      dataDir: centre.dataDir,
      flags: [...flags, "--http-port", port],
    });
    await send(300);
    const all = [0, 100, 200, 300].flatMap(lines);
    await expect.poll(() => valuesAt(centre), { timeout: 30_000 }).toEqual(all);
    await expectAgreement(gateway, centre);
    expect((await gateway.stop()).code).toBe(0);
    expect((await centre.stop()).code).toBe(0);
  });
});
