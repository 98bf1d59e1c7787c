import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { isOperatingError } from "../../../src/base/errors.ts";
import { appendPublication, type Publication } from "../../../src/ingress/mqtt/publication.ts";
import { testCore } from "../../support/core.ts";
import { LogHarness, readAll } from "../../support/log_harness.ts";
import { SimulatedDisk } from "../../support/simulated_disk.ts";

const PLAIN: Publication & { clientId: string; timestamp: number } = {
  topicName: { bytes: utf8("a/b"), text: "a/b" },
  payload: utf8("x"),
  qos: 1,
  retain: false,
  properties: {},
  userProperties: [],
  clientId: "c",
  timestamp: 5,
};

async function fixture() {
  const harness = new LogHarness({ disk: new SimulatedDisk(), core: testCore() });
  const log = await harness.open();
  return { harness, log };
}

describe("appendPublication()", () => {
  it("says the topic name once: in the key, or in a header", async () => {
    const { harness, log } = await fixture();
    const common = { log, maxMessageBytes: 100 };
    appendPublication(harness, { ...common, key: utf8("a/b"), keyIsTopic: true }, PLAIN);
    appendPublication(harness, { ...common, key: utf8("b"), keyIsTopic: false }, PLAIN);
    log.appended(null);
    await harness.commits.idle();
    const { records } = await readAll(harness.core, log);
    expect(records.map(({ headers }) => headers.map(([name]) => name))).toEqual([
      ["mqtt.client_id", "mqtt.qos"],
      ["mqtt.topic", "mqtt.client_id", "mqtt.qos"],
    ]);
    expect(records.map(({ timestamp }) => timestamp)).toEqual([5, 5]);
  });

  it("refuses what is over its topic's limit", async () => {
    const { harness, log } = await fixture();
    const destination = { log, key: null, keyIsTopic: false, maxMessageBytes: 3 };
    const attempt = () =>
      appendPublication(harness, destination, { ...PLAIN, payload: utf8("long") });
    try {
      attempt();
    } catch (error) {
      expect(isOperatingError(error, "record_too_large")).toBe(true);
      expect(harness.core.openRecords(log.handle)).toBe(0);
      return;
    }
    expect.unreachable();
  });
});
