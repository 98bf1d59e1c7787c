/** The profiles people copy must load, with every commented-out line switched on as well. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Config, loadConfig } from "../../src/config.ts";

function load(path: string, edit: (yaml: string) => string = (yaml) => yaml): Config {
  return loadConfig({
    args: ["--config", path],
    env: {},
    readFile: (name) => edit(readFileSync(name, "utf8")),
    hostName: () => "test",
  });
}

/** `# key: value` and what is indented under it; sentences are left alone. */
const switchedOn = (yaml: string) =>
  yaml.replace(/^# ((?:upstream_token|credentials|sources):.*| {2}(?:- | {2})\w+: .*)$/gm, "$1");

describe.each(["edge/gateway.yaml", "edge/centre.yaml"])("%s", (path) => {
  it("loads", () => {
    expect(load(path).data_dir).toMatch(/^\.\/data\//);
  });

  it("loads with its credentials switched on, and then serves other machines", () => {
    const config = load(path, (yaml) => switchedOn(yaml).replace("127.0.0.1", "0.0.0.0"));
    expect(config.credentials).toHaveLength(2);
  });
});

it("the gateway's source loads when it is switched on", () => {
  expect(load("edge/gateway.yaml").sources).toEqual([]);
  expect(load("edge/gateway.yaml", switchedOn).sources).toMatchObject([{ name: "plant", qos: 1 }]);
});

it("the gateway's upstream is the centre's address", () => {
  const centre = load("edge/centre.yaml");
  expect(load("edge/gateway.yaml").upstream).toBe(`http://${centre.host}:${centre.http_port}`);
});
