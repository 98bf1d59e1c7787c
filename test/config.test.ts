import { describe, expect, it } from "vitest";
import { type Config, isLoopback, loadConfig } from "../src/config.ts";

interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly yaml?: string;
}

function load({ args = [], env = {}, yaml }: Given = {}): Config {
  return loadConfig({
    args: yaml === undefined ? args : ["--config", "g.yaml", ...args],
    env,
    readFile(path) {
      if (path === "g.yaml" && yaml !== undefined) return yaml;
      throw new Error("No such file or directory");
    },
    hostName: () => "box-7",
  });
}

describe("loadConfig()", () => {
  it("gives the documented defaults when nothing is set", () => {
    expect(load()).toMatchObject({
      data_dir: "./data",
      node_name: "box-7",
      host: "127.0.0.1",
      mqtt_port: 1883,
      http_port: 8080,
      upstream: null,
      upstream_token: null,
      replication_order: "strict",
      default_partitions: 1,
      compression_type: "lz4",
      credentials: [],
      routes: [],
      topics: {},
    });
  });

  it("prefers flag over environment over file over default", () => {
    const yaml = "mqtt_port: 1\nhttp_port: 1\nlinger_ms: 1\n";
    const env = { LOGBOOM_MQTT_PORT: "2", LOGBOOM_HTTP_PORT: "2" };
    expect(load({ args: ["--mqtt-port", "3"], env, yaml })).toMatchObject({
      mqtt_port: 3,
      http_port: 2,
      linger_ms: 1,
      default_partitions: 1,
    });
  });

  it("reads routes, credentials and topics from the file", () => {
    const yaml = `
routes:
  - { filter: "devices/+/logs", topic: device-logs, key: "{2}" }
credentials:
  - { name: gw-1, token: 0123456789abcdef, scopes: [replicate] }
topics:
  audit: { retention_ms: -1, partitions: 4, segment_bytes: 16MiB }
`;
    expect(load({ yaml })).toMatchObject({
      routes: [{ filter: "devices/+/logs", topic: "device-logs", key: "{2}" }],
      credentials: [{ name: "gw-1", token: "0123456789abcdef", scopes: ["replicate"] }],
      topics: { audit: { retention_ms: -1, partitions: 4, segment_bytes: 16 * 2 ** 20 } },
    });
  });

  it("is frozen, all the way down", () => {
    const config = load({ yaml: "routes: [{ filter: a, topic: b }]" });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.routes[0])).toBe(true);
  });

  it.each<[Given, string]>([
    [{ args: ["--mqtts-port", "0"] }, "Cannot use mqtts_port without tls_cert and tls_key"],
    [{ args: ["--https-port", "0"] }, "Cannot use https_port without tls_cert and tls_key"],
    [{ args: ["--tls-key", "k.pem"] }, "Cannot use one of tls_cert and tls_key without the other"],
    [{ args: ["--mqtt-port", "70000"] }, 'Cannot use --mqtt-port "70000": expected a port'],
    [{ env: { LOGBOOM_DURABILITY: "fast" } }, 'LOGBOOM_DURABILITY "fast": expected sync or os'],
    [{ yaml: "linger_ms: soon" }, 'Cannot use linger_ms in g.yaml "soon": expected a whole'],
    [{ yaml: "data_dir: 5" }, "Cannot use data_dir in g.yaml 5: expected text"],
    [{ yaml: "data_dir: [a]" }, 'Cannot use data_dir in g.yaml ["a"]: expected text'],
    [{ yaml: "topics: { a: { retention: 1 } }" }, 'no key "retention"; did you mean retention_ms?'],
    [{ yaml: "topics: { 'a b': {} }" }, "expected a topic name"],
    [{ yaml: "routes: [{ filter: a }]" }, "Cannot use routes in g.yaml, 0, topic: expected a"],
    [{ yaml: "routes: [{ fliter: a, topic: b }]" }, "Cannot use routes in g.yaml, 0"],
    [{ yaml: "routes: [{ filter: a, topic: __b }]" }, 'topic "__b": "__" marks internal ones'],
    [{ yaml: "topics: { __b: {} }" }, 'topic "__b": "__" marks internal ones'],
    [{ args: ["--config", "nope.yaml"] }, "Cannot read nope.yaml, named by --config: No such file"],
    [{ args: ["--upstream", "centre"] }, 'Cannot use --upstream "centre": expected a base URL'],
    [{ args: ["--disk-policy", "keep_errors"] }, "keep_errors without severity_field"],
    [{ args: ["--severity-field", "level"] }, "expected `json:NAME` or `header:NAME`"],
    [{ args: ["--priority", "10"] }, "expected"],
    [{ args: ["--mqtt-port", "off", "--http-port", "off"] }, "nothing would listen"],
    [{ args: ["--host", "0.0.0.0"] }, "Cannot listen on 0.0.0.0 without credentials"],
  ])("refuses %j in one sentence", (given, sentence) => {
    expect(() => load(given)).toThrow(sentence);
    expect(() => load(given)).toThrow(/^[^\n]+$/);
  });

  it("never shows a secret back", () => {
    const yaml = "credentials: [{ name: a, token: hunter2, scopes: [consume] }]";
    expect(() => load({ yaml })).toThrow(/^((?!hunter2).)*expected a token((?!hunter2).)*$/);
  });

  it("serves other machines with credentials, or when told to", () => {
    const yaml = "credentials: [{ name: a, token: 0123456789abcdef, scopes: [consume] }]";
    expect(load({ args: ["--host", "0.0.0.0"], yaml }).host).toBe("0.0.0.0");
    expect(load({ args: ["--host", "::", "--allow-anonymous"] }).host).toBe("::");
  });
});

describe("isLoopback()", () => {
  it("knows this machine from the network", () => {
    expect(["127.0.0.1", "127.8.8.8", "::1", "localhost"].every(isLoopback)).toBe(true);
    expect(["0.0.0.0", "::", "192.168.1.4", "127.0.0.1.example"].some(isLoopback)).toBe(false);
  });
});
