/**
 * The client library as others have it: packed, installed into an empty project, and run by Node, by
 * Deno and in a page of Chromium against a real node. All of them, the library as source, curl and a
 * session of the REST proxy's kind read the same records.
 */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "../../src/client/client.ts";
import { CHROMIUM, openPage } from "../support/chromium.ts";
import { expectZero, installClient, NODE } from "../support/client_project.ts";
import {
  denoPath,
  type NodeProcess,
  startNodeProcess,
  temporaryDirectory,
} from "../support/process.ts";
import { hasTool, outputOf, runTool } from "../support/tools.ts";

const TOKEN = "client-package-token-1";
const SESSION = join(import.meta.dirname!, "client");
const ROOT = join(import.meta.dirname!, "../..");

/** As a session shows a record: partition, offset, timestamp, key, value in hex, headers. */
type Shown = [number, number, number, string | null, string | null, [string, string | null][]];

interface Outcome {
  readonly written: number;
  readonly read: readonly Shown[];
  readonly verified: readonly Shown[];
  readonly tailed: readonly Shown[];
  readonly consumed: readonly Shown[];
  readonly lag: number;
  readonly damage: string;
  readonly refusal: string;
  readonly kinds: readonly string[];
}

let node: NodeProcess;
let project: string;
let server: Server;
let expected: Shown[];

beforeAll(async () => {
  const directory = temporaryDirectory("file");
  server = await serve(() => project);
  const config = join(directory, "node.yaml");
  writeFileSync(
    config,
    `credentials: [{ name: c, token: ${TOKEN}, scopes: [produce, consume, admin] }]\n` +
      `cors_origins: ["${originOf(server)}"]\ndefault_partitions: 3\n`,
  );
  node = await startNodeProcess({ lifetime: "file", flags: ["--config", config] });
  expected = await writeRecords(new Client({ url: node.http, token: TOKEN }));
  if (NODE === null) return;
  project = await installClient(directory);
  for (const name of ["session.mjs", "run.mjs"]) {
    copyFileSync(join(SESSION, name), join(project, name));
  }
}, 180_000);

afterAll(() => server.close());

it("reads the same as source in Deno", async () => {
  const flags = ["run", "-A", "--config", join(ROOT, "deno.json"), join(SESSION, "run.mjs")];
  expectSame(await outcomeOf(denoPath(), [...flags, node.http, TOKEN, "source"]));
});

it.skipIf(!hasTool("curl"))("reads the same by curl", async () => {
  const lines = await outputOf("curl", [
    ...["-fsS", "-H", `authorization: Bearer ${TOKEN}`, "-H", "accept: application/x-ndjson"],
    `${node.http}/v1/topics/logs/records?max_records=1000`,
  ]);
  expect(sorted(lines.trim().split("\n").map((line) => shownOf(JSON.parse(line))))).toEqual(
    expected,
  );
});

describe.skipIf(!hasTool("curl"))("by the REST proxy's interface", () => {
  it("a consumer reads the same", async () => {
    const V2 = "application/vnd.kafka.v2+json";
    const curl = async (method: string, url: string, type: string, body?: object) => {
      const { code, stdout, stderr } = await runTool("curl", [
        ...["-fsS", "-X", method, "-H", `authorization: Bearer ${TOKEN}`, "-H", `accept: ${type}`],
        ...(body === undefined ? [] : ["-H", `content-type: ${V2}`, "-d", JSON.stringify(body)]),
        url,
      ]);
      if (code !== 0) throw new Error(`${method} ${url}: ${stderr}`);
      const text = new TextDecoder().decode(stdout);
      return text === "" ? null : JSON.parse(text);
    };
    const { base_uri } = await curl("POST", `${node.http}/consumers/rest`, V2, {
      name: "one",
      format: "binary",
      "auto.offset.reset": "earliest",
    });
    await curl("POST", `${base_uri}/subscription`, V2, { topics: ["logs"] });
    const read: Shown[] = [];
    for (let polls = 0; read.length < expected.length && polls < 50; polls++) {
      const records = await curl(
        "GET",
        `${base_uri}/records`,
        "application/vnd.kafka.binary.v2+json",
      );
      read.push(...records.map(shownByProxy));
    }
    await curl("DELETE", base_uri, V2);
    // The interface has no room for timestamps and headers.
    const bare = (records: readonly Shown[]) =>
      sorted(records).map(([partition, offset, _, key, value]) => [partition, offset, key, value]);
    expect(bare(read)).toEqual(bare(expected));
  });
});

describe.skipIf(NODE === null)("the package in an empty project", () => {
  it("reads the same in Node", async () => {
    const run = join(project, "run.mjs");
    expectSame(await outcomeOf(NODE!, [run, node.http, TOKEN, "package-node"]));
  });

  it("reads the same in Deno, without the source", async () => {
    const flags = ["run", "-A", "--config", join(project, "deno.json"), join(project, "run.mjs")];
    expectSame(await outcomeOf(denoPath(), [...flags, node.http, TOKEN, "package-deno"]));
  });

  it("has types, which say that a stream has gaps", async () => {
    const check = (name: string, text: string) => {
      writeFileSync(join(project, name), `import { Client } from "@logboom/client";\n${text}`);
      const flags = ["check", "--config", join(project, "deno.json"), join(project, name)];
      return expectZero(denoPath(), flags);
    };
    const loop = (options: string) =>
      `const client = new Client({ url: "http://node.test" });\n` +
      `for await (const record of client.read("logs"${options})) record.text().length;\n`;
    await check("handled.ts", loop(", { onGap: console.warn }"));
    await expect(check("passed_over.ts", loop(""))).rejects.toThrow(
      /'text' does not exist on type 'Gap'/,
    );
  });

  it("holds what it says and nothing else", () => {
    const home = join(project, "node_modules/@logboom/client");
    const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
    expect(manifest).toMatchObject({
      name: "@logboom/client",
      engines: { node: ">=22" },
      exports: { ".": { types: "./src/client/mod.d.ts", import: "./src/client/mod.js" } },
    });
    expect(manifest.dependencies).toBeUndefined();
    expect(readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith(".")))
      .toEqual(["@logboom"]);
    expect(readFileSync(join(home, "README.md"), "utf8")).toContain("@logboom/client");
    expect(() => readFileSync(join(home, "src/node.js"))).toThrow();
  });

  describe.skipIf(CHROMIUM === null)("in a page of Chromium, of another origin", () => {
    it("reads the same", async () => {
      const page = await openPage(`${originOf(server)}/`);
      const script = `
        const { session, write } = await import("/session.mjs");
        const written = await write("${node.http}", "${TOKEN}", "written-page");
        return { written, ...await session("${node.http}", "${TOKEN}", "page") };`;
      expectSame(await page.evaluate<Outcome>(script));
      expect(page.console).toEqual([]);
    });
  });
});

it("dnt, which comes from JSR, builds it, or says in one line that it cannot be had", async () => {
  const out = temporaryDirectory();
  const tool = join(ROOT, "tools/build_npm.ts");
  const { code, stdout } = await runTool(denoPath(), ["run", "-A", tool, out]);
  const said = new TextDecoder().decode(stdout).trim();
  if (code === 0) {
    expect(JSON.parse(readFileSync(join(out, "package.json"), "utf8")).name).toBe(
      "@logboom/client",
    );
  } else {
    expect([code, said.split("\n").length]).toEqual([1, 1]);
    expect(said).toMatch(/^Cannot build with dnt, since jsr:@deno\/dnt\S* cannot be had: .*JSR/);
  }
});

/** Text, bytes, nothing, headers, keys: in three partitions, by several requests. */
async function writeRecords(client: Client): Promise<Shown[]> {
  await client.produce("logs", ["plain", "ünïcödé \u{1f389}", "\ufeffwith a mark", ""]);
  await client.produce("logs", new Uint8Array([0x00, 0xff, 0xfe, 0x0a]));
  await client.produce("logs", [
    { key: "k", value: null },
    { key: "k", value: { deep: [1.5, null, "x"] }, headers: { site: "north", none: null } },
    { key: "other", value: "x".repeat(20_000), timestamp: new Date("2024-02-29T12:00:00Z") },
  ]);
  const producer = client.producer("logs");
  const sent = Array.from(
    { length: 300 },
    (_, nth) => producer.send({ key: `device ${nth % 17}`, value: `reading ${nth}` }),
  );
  await Promise.all(sent);
  await producer.close();
  const { partitions } = await client.topics.get("logs");
  expect(partitions.reduce((sum, { highWatermark }) => sum + highWatermark, 0)).toBe(308);
  const shown: Shown[] = [];
  for (const { partition } of partitions) {
    const { records } = await client.fetch("logs", { partition, maxRecords: 1_000 });
    shown.push(...records.map((record) => shownOf(record.toJSON() as unknown as WireRecord)));
  }
  expect(shown.filter(([, , , key]) => key?.startsWith("device"))).toHaveLength(300);
  return sorted(shown);
}

function expectSame(outcome: Outcome): void {
  for (const how of ["read", "verified", "tailed", "consumed"] as const) {
    expect(sorted(outcome[how]), how).toEqual(expected);
  }
  expect(outcome).toMatchObject({
    ...{ written: 500, lag: 0, damage: "corrupt_batch", refusal: "unknown_topic" },
    kinds: ["LogRecord", "Gap"],
  });
}

async function outcomeOf(command: string, args: readonly string[]): Promise<Outcome> {
  return JSON.parse(await expectZero(command, args)) as Outcome;
}

interface WireValue {
  readonly value?: string | null;
  readonly value_base64?: string;
}

type WireRecord = WireValue & {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly headers: readonly (WireValue & { readonly key: string })[];
};

function shownOf(record: WireRecord): Shown {
  const headers = record.headers
    .map(({ key, value }): [string, string | null] => [key, value ?? null]);
  const { partition, offset, timestamp, key } = record;
  return [partition, offset, timestamp, key, hexOf(record), headers];
}

function hexOf({ value, value_base64: base64 }: WireValue): string | null {
  if (base64 !== undefined) return Buffer.from(base64, "base64").toString("hex");
  return value === null || value === undefined ? null : Buffer.from(value).toString("hex");
}

function shownByProxy(record: {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}): Shown {
  const { partition, offset, key, value } = record;
  const text = key === null ? null : Buffer.from(key, "base64").toString();
  const hex = value === null ? null : Buffer.from(value, "base64").toString("hex");
  return [partition, offset, 0, text, hex, []];
}

function sorted(records: readonly Shown[]): Shown[] {
  return records.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
}

/** The project over HTTP, as a page without a bundler has it: an import map names the package. */
function serve(rootOf: () => string): Promise<Server> {
  const imports = {
    "@logboom/client": "/node_modules/@logboom/client/src/client/mod.js",
  };
  const page = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>`;
  const types: Readonly<Record<string, string>> = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
  };
  const server = createServer((request, response) => {
    const path = request.url!;
    try {
      const body = path === "/" ? page : readFileSync(join(rootOf(), path));
      response.setHeader("content-type", types[extname(path)] ?? "text/html").end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
