import { describe, expect, it } from "vitest";
import { loadConfig } from "../src/config.ts";
import { sourceSettingsOf } from "../src/source_settings.ts";

const settingsOf = (yaml: string) =>
  sourceSettingsOf(
    loadConfig({ args: ["--config", "x"], env: {}, readFile: () => yaml, hostName: () => "gw-1" }),
    (path) => {
      if (path === "ca.pem") return "PEM";
      throw new Error("No such file");
    },
  );

describe("sourceSettingsOf()", () => {
  it("fills in what the file does not say", () => {
    expect(settingsOf('sources: [{ mqtt: "mqtt://broker:1884", topics: ["a/#"] }]')).toEqual([{
      name: "broker:1884",
      url: "mqtt://broker:1884",
      topics: ["a/#"],
      qos: 1,
      clientId: "logboom-gw-1-broker:1884",
      username: null,
      password: null,
      version: 5,
      ca: null,
    }]);
  });

  it("takes what it says", () => {
    const yaml =
      'sources: [{ mqtt: "mqtts://b", name: hall, topics: [a, b], qos: 2, client_id: c, ' +
      "username: u, password: p, version: 3.1.1, ca: ca.pem }]";
    expect(settingsOf(yaml)[0]).toMatchObject({
      ...{ name: "hall", topics: ["a", "b"], qos: 2, clientId: "c", version: 4, ca: "PEM" },
      ...{ username: "u", password: "p" },
    });
  });

  it.each([
    ['sources: [{ mqtt: "http://b", topics: [a] }]', "expected a broker's URL"],
    ['sources: [{ mqtt: "mqtt://b", topics: ["a/#/b"] }]', "expected an MQTT topic filter"],
    ['sources: [{ mqtt: "mqtt://b", topics: [] }]', "expected at least one of topic filters"],
    ['sources: [{ mqtt: "mqtt://b", topics: [a], qos: 3 }]', "expected a whole number from 0 to 2"],
    ['sources: [{ mqtt: "mqtt://b", topics: [a], version: 4 }]', 'expected "5" or "3.1.1"'],
    [
      'sources: [{ mqtt: "mqtt://b", topics: [a], ca: no.pem }]',
      "Cannot read no.pem, ca of a source",
    ],
    [
      'sources: [{ mqtt: "mqtt://b", topics: [a] }, { mqtt: "mqtt://b", topics: [b] }]',
      'two are named "b"',
    ],
  ])("refuses %s", (yaml, message) => {
    expect(() => settingsOf(yaml)).toThrow(message);
  });

  it("shows no password back", () => {
    const yaml = 'sources: [{ mqtt: "mqtt://u:hidden word@b", topics: [a] }]';
    expect(() => settingsOf(yaml)).toThrow(/^(?!.*hidden)/);
  });
});
