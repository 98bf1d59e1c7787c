import { describe, expect, it } from "vitest";
import { readEnvironment, readFile, readFlags } from "../../src/config/sources.ts";

describe("readFlags()", () => {
  it("reads values after a space and after an equals sign, and bare flags", () => {
    const given = readFlags(["--data-dir", "/d", "--http-port=0", "--allow-anonymous"]);
    expect(Object.fromEntries([...given].map(([key, { value }]) => [key, value]))).toEqual({
      data_dir: "/d",
      http_port: "0",
      allow_anonymous: "",
    });
  });

  it("takes a negative number for a value, not for a flag", () => {
    expect(readFlags(["--retention-ms", "-1"]).get("retention_ms")?.value).toBe("-1");
  });

  it.each([
    [["--mqt-port", "0"], "did you mean --mqtt-port?"],
    [["--data_dir", "x"], "did you mean --data-dir?"],
    [["data"], "flags begin with --"],
    [["--host", "a", "--host", "b"], "it is given twice"],
  ])("refuses %j", (args, sentence) => {
    expect(() => readFlags(args)).toThrow(sentence);
  });
});

describe("readEnvironment()", () => {
  it("reads what carries the prefix, and leaves the rest alone", () => {
    const given = readEnvironment({
      PATH: "/bin",
      LOGBOOM_DATA_DIR: "/d",
      LOGBOOM_TOKEN: "for the command line",
    });
    expect([...given.keys()]).toEqual(["data_dir"]);
  });

  it("refuses an unknown variable and names the nearest", () => {
    expect(() => readEnvironment({ LOGBOOM_DATADIR: "/d" })).toThrow(
      "Cannot use environment variable LOGBOOM_DATADIR: there is no such setting; " +
        "did you mean LOGBOOM_DATA_DIR?",
    );
  });
});

describe("readFile()", () => {
  it("reads keys, and skips those left empty", () => {
    const given = readFile("g.yaml", "mqtt_port: 1884\nupstream:\n# nothing\n");
    expect([...given.keys()]).toEqual(["mqtt_port"]);
    expect(readFile("g.yaml", "").size).toBe(0);
  });

  it.each([
    ["mqtt_prot: 1", 'Cannot use g.yaml: there is no setting "mqtt_prot"; did you mean mqtt_port?'],
    ["- a\n- b", "Cannot read g.yaml: expected a map of settings"],
    ["a: [1", "Cannot read g.yaml: "],
    ["config: x.yaml", 'there is no setting "config"'],
  ])("refuses %j", (content, sentence) => {
    expect(() => readFile("g.yaml", content)).toThrow(sentence);
  });
});
