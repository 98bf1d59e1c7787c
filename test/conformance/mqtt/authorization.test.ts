/** Who may connect, publish and subscribe: a node of ours with credentials. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect } from "vitest";
import { connect, type ConnectOptions, publish, subscribe } from "../../support/mqtt_bytes.ts";
import { clause, isOwnServer } from "../../support/mqtt_clauses.ts";
import { RawMqttClient } from "../../support/mqtt_raw_client.ts";
import { type NodeProcess, startNodeProcess, temporaryDirectory } from "../../support/process.ts";

const CREDENTIALS = `
credentials:
  - { name: writer, token: writer-0123456789, scopes: [produce] }
  - { name: reader, token: reader-0123456789, scopes: [consume] }
  - { name: both, token: both-0123456789ab, scopes: [produce, consume] }
`;
const TOKENS = {
  writer: "writer-0123456789",
  reader: "reader-0123456789",
  both: "both-0123456789ab",
};

let node: NodeProcess | null = null;

beforeAll(async () => {
  if (!isOwnServer) return;
  const config = join(temporaryDirectory("file"), "node.yaml");
  writeFileSync(config, CREDENTIALS);
  node = await startNodeProcess({ lifetime: "file", flags: ["--config", config] });
});

async function open(options: ConnectOptions): Promise<RawMqttClient> {
  const address = { host: node!.mqttHost, port: node!.mqttPort };
  const client = await RawMqttClient.open(address, options.version);
  client.send(connect(options));
  return client;
}

function as(name: keyof typeof TOKENS, version: ConnectOptions["version"]) {
  return open({ version, clientId: `${name}${version}`, userName: name, password: TOKENS[name] });
}

clause(
  { v4: "3.2.2-5", v5: "3.1.4-2 3.2.2-7", ours: true },
  "refuses whom it does not know, and closes",
  async ({ version }) => {
    const wrong: Partial<ConnectOptions>[] = [
      {},
      { userName: "both" },
      { userName: "both", password: "wrong-0123456789" },
      { userName: "none", password: TOKENS.both },
    ];
    for (const [nth, options] of wrong.entries()) {
      const client = await open({ version, clientId: `w${nth}`, ...options });
      const left = await client.ended();
      expect(left.map(({ type, sessionPresent }) => [type, sessionPresent]))
        .toEqual([["connack", false]]);
      expect(version === 4 ? [4, 5] : [0x86, 0x87]).toContain(left[0]!.code);
    }
  },
);

clause(
  { v4: "3.3.5-2", v5: "3.4.2-1", ours: true },
  "takes no publish from who may not, and says so or closes",
  async ({ version }) => {
    const client = await as("reader", version);
    if ((await client.next()).code !== 0) return expect(await client.ended()).toEqual([]);
    client.send(publish({ version, topic: "a", payload: "x", qos: 1, id: 5 }));
    const answer = await client.next().catch(() => null);
    if (answer === null) return expect(client.isEnded).toBe(true);
    expect(answer).toMatchObject({ type: "puback", id: 5, code: version === 4 ? 0 : 0x87 });
  },
);

clause(
  { v4: "3.8.4-5 3.9.3-2", v5: "3.8.4-7 3.9.3-2", ours: true },
  "grants no subscription to who may not, and says so",
  async ({ version }) => {
    const client = await as("writer", version);
    expect((await client.next()).code).toBe(0);
    client.send(subscribe({ version, id: 3, filters: [{ filter: "a" }, { filter: "#" }] }));
    const code = version === 4 ? 0x80 : 0x87;
    expect(await client.next()).toMatchObject({ type: "suback", id: 3, codes: [code, code] });
  },
);
