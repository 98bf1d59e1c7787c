/** Both HTTP doors of a real node, as curl finds them. */
import { connect } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { decode } from "cbor-x";
import { describe, expect, it } from "vitest";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { hasTool, runTool } from "../support/tools.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly text: string;
}

/** One curl, with its last answer's status, headers and body. */
async function curl(
  node: NodeProcess,
  path: string,
  args: readonly string[] = [],
  input: string | Uint8Array = "",
): Promise<Answer> {
  const { code, stdout, stderr } = await runTool(
    "curl",
    ["-sS", "-i", "--max-time", "30", ...args, node.http + path],
    input,
  );
  expect(code, stderr).toBe(0);
  let rest = stdout;
  for (;;) {
    const end = Buffer.from(rest).indexOf("\r\n\r\n");
    const [first, ...lines] = new TextDecoder().decode(rest.subarray(0, end)).split("\r\n");
    rest = rest.subarray(end + 4);
    const status = Number(first!.split(" ")[1]);
    if (status === 100) continue;
    const headers = new Headers(
      lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]),
    );
    return { status, headers, body: rest, text: new TextDecoder().decode(rest) };
  }
}

const produce = (node: NodeProcess, type: string, body: string | Uint8Array, ...more: string[]) =>
  curl(
    node,
    "/v1/topics/t/records",
    ["-X", "POST", "-H", `content-type: ${type}`, "--data-binary", "@-", ...more],
    body,
  );

const PARTITION = "/v1/topics/t/partitions/0/records";

async function started(...flags: string[]): Promise<NodeProcess> {
  return await startNodeProcess({ flags: ["--mqtt-port", "off", ...flags] });
}

/** Sends raw bytes and gives back all that comes until the other side closes, or time is up. */
function rawHttp(node: NodeProcess, bytes: string, untilMs = 5_000): Promise<string> {
  const { hostname, port } = new URL(node.http);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, untilMs);
    socket.setEncoding("utf8").on("data", (text: string) => answer += text);
    socket.on("close", end).on("error", end);
  });
}

describe.skipIf(!hasTool("curl"))("curl", () => {
  it("publishes every kind of body, and pulls the same bytes in every representation", async () => {
    const node = await started();
    const bodies: [string, string | Uint8Array, string[]][] = [
      ["application/json", `{"n": 1.0}`, [`{"n": 1.0}`]],
      ["application/json", `[1e2,"grüß"]`, ["1e2", `"grüß"`]],
      ["application/x-ndjson", `{"a":1}\n{"a":2}\n`, [`{"a":1}`, `{"a":2}`]],
      ["text/plain", "\ufeffeins\r\nzwei", ["\ufeffeins", "zwei"]],
      ["application/octet-stream", "raw\n", ["raw\n"]],
      ["application/cbor", Uint8Array.of(0x82, 0x01, 0x61, 0x78), ["\x01", "ax"]],
    ];
    for (const [type, body, values] of bodies) {
      const { status, text } = await produce(node, type, body);
      expect(status, text).toBe(200);
      expect(JSON.parse(text)).toMatchObject({ topic: "t", partition: 0, records: values.length });
    }
    const expected = bodies.flatMap(([, , values]) => values);
    const pull = (type: string) => curl(node, `${PARTITION}?offset=0`, ["-H", `accept: ${type}`]);
    const valueOf = ({ value }: { value: string }) => value;
    expect(JSON.parse((await pull("application/json")).text).records.map(valueOf)).toEqual(
      expected,
    );
    const lines = (await pull("application/x-ndjson")).text.trim().split("\n");
    expect(lines.map((line) => valueOf(JSON.parse(line)))).toEqual(expected);
    expect(decode((await pull("application/cbor")).body).records.map(valueOf)).toEqual(expected);
    const raw = await pull("application/vnd.logboom.batches");
    expect(raw.headers.get("logboom-next-offset")).toBe(String(expected.length));
    expect(raw.body.length).toBeGreaterThan(61);
    await node.stop();
  });

  it("repeats a request with an identity across kill -9, and gets the first answer", async () => {
    const node = await started();
    const identity = ["-H", "Logboom-Producer-Id: sensor-9", "-H", "Logboom-Sequence: 4"];
    const first = await produce(node, "application/x-ndjson", "1\n2\n", ...identity);
    expect(first.status).toBe(200);
    await node.kill();
    const again = await startNodeProcess({ dataDir: node.dataDir, flags: ["--mqtt-port", "off"] });
    const repeat = await produce(again, "application/x-ndjson", "1\n2\n", ...identity);
    expect(repeat.headers.get("logboom-replayed")).toBe("true");
    expect(repeat.text).toBe(first.text);
    const page = JSON.parse((await curl(again, PARTITION)).text);
    expect(page.records).toHaveLength(2);
    await again.stop();
  });

  it("waits for records, and is woken by them", async () => {
    const node = await started();
    await produce(node, "text/plain", "first");
    const waiting = curl(node, `${PARTITION}?offset=1&max_wait_ms=20000`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await produce(node, "text/plain", "second");
    expect(JSON.parse((await waiting).text).records).toMatchObject([{ value: "second" }]);
    await node.stop();
  });

  it("filters, from a time on, and waits for what matches", async () => {
    const node = await started();
    const before = new Date().toISOString();
    await produce(node, "text/plain", "one fish\ntwo birds\nthree fish");
    const values = async (query: string) => {
      const { text } = await curl(node, `${PARTITION}?${query}`);
      return JSON.parse(text).records.map(({ value }: { value: string }) => value);
    };
    expect(await values(`contains=fish&since=${before}`)).toEqual(["one fish", "three fish"]);
    expect(await values(`contains=fish&until=${before}`)).toEqual([]);
    const waiting = values("offset=latest&contains=whale&max_wait_ms=20000");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await produce(node, "text/plain", "no fish");
    await produce(node, "text/plain", "a whale");
    expect(await waiting).toEqual(["a whale"]);
    await node.stop();
  });

  it("takes pages packed, and unpacks them to the same", async () => {
    const node = await started();
    await produce(node, "text/plain", "a line of a log\n".repeat(1_000));
    const plain = await curl(node, PARTITION);
    expect(plain.headers.get("content-encoding")).toBeNull();
    for (const [coding, inflate] of [["gzip", gunzipSync], ["zstd", zstdDecompressSync]] as const) {
      const packed = await curl(node, PARTITION, ["-H", `accept-encoding: ${coding}`]);
      expect(packed.headers.get("content-encoding")).toBe(coding);
      expect(packed.body.length).toBeLessThan(plain.body.length / 5);
      expect(new Uint8Array(inflate(packed.body))).toEqual(new Uint8Array(plain.body));
    }
    const unpacked = await curl(node, PARTITION, ["--compressed"]);
    expect(unpacked.headers.get("content-encoding")).not.toBeNull();
    expect(unpacked.text).toBe(plain.text);
    await node.stop();
  });

  it("is told what is wrong, in a problem document", async () => {
    const node = await started();
    await produce(node, "text/plain", "first");
    const cases: [number, string, Promise<Answer>][] = [
      [415, "unsupported_media_type", curl(node, "/v1/topics/t/records", ["-d", "x"])],
      [400, "malformed_body", produce(node, "application/json", "{")],
      [400, "invalid_argument", curl(node, `${PARTITION}?offsett=1`)],
      [416, "offset_out_of_range", curl(node, `${PARTITION}?offset=7`)],
      [404, "unknown_topic", curl(node, "/v1/topics/none")],
      [404, "not_found", curl(node, "/v2")],
      [405, "method_not_allowed", curl(node, "/v1/topics", ["-X", "DELETE"])],
      [406, "not_acceptable", curl(node, PARTITION, ["-H", "accept: image/png"])],
      [413, "body_too_large", produce(node, "text/plain", new Uint8Array(16 * 1024 * 1024 + 1))],
      [
        413,
        "body_too_large",
        produce(node, "text/plain", new Uint8Array(17 << 20), "-H", "transfer-encoding: chunked"),
      ],
      [
        413,
        "record_too_large",
        produce(node, "application/octet-stream", new Uint8Array(2 << 20)),
      ],
    ];
    for (const [status, code, asked] of cases) {
      const answer = await asked;
      expect(answer.status, code).toBe(status);
      expect(answer.headers.get("content-type"), code).toBe("application/problem+json");
      expect(JSON.parse(answer.text), code).toMatchObject({ code, status });
    }
    expect(JSON.parse((await curl(node, PARTITION)).text).records).toHaveLength(1);
    await node.stop();
  });

  it("finds health, readiness, metrics and the description", async () => {
    const node = await started();
    expect((await curl(node, "/healthz")).status).toBe(200);
    expect((await curl(node, "/readyz")).status).toBe(200);
    const metrics = await curl(node, "/metrics");
    const samples = metrics.text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const named = new Set([...metrics.text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name));
    const typed = new Set(
      [...metrics.text.matchAll(/^# TYPE (\S+) \w+$/gm)].map(([, name]) => name),
    );
    expect(typed).toEqual(named);
    for (const sample of samples) {
      const name = /^[a-z0-9_]+/.exec(sample)![0].replace(/_(bucket|sum|count)$/, "");
      expect(named.has(name), sample).toBe(true);
    }
    expect(JSON.parse((await curl(node, "/openapi.json")).text).openapi).toBe("3.1.0");
    await node.stop();
  });
});

describe("a client that does not behave", () => {
  it("costs itself only: a body cut off, half a head, nonsense", async () => {
    const node = await started();
    const head = "POST /v1/topics/t/records HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n";
    const sent = [
      `${head}content-length: 1000\r\n\r\nonly this`,
      `${head}content-length: -1\r\n\r\n`,
      `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`,
      "GET / HTTP/9.9\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01",
      head,
    ];
    await Promise.all(sent.map((bytes) => rawHttp(node, bytes, 500)));
    const response = await fetch(`${node.http}/v1/topics/t/records`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "still here",
    });
    expect(response.status).toBe(200);
    expect((await response.json()).base_offset).toBe(0);
    const { code } = await node.stop();
    expect(code).toBe(0);
  });
});
