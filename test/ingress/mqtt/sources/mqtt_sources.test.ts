import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../../../src/base/log.ts";
import { SILENT_METRICS } from "../../../../src/base/metrics.ts";
import { MqttSources } from "../../../../src/ingress/mqtt/sources/mqtt_sources.ts";
import type { SourceSettings } from "../../../../src/ingress/mqtt/sources/source_settings.ts";
import { seededRandom } from "../../../support/dice.ts";
import { MqttFixture } from "../../../support/mqtt_fixture.ts";

describe("MqttSources", () => {
  it("shows each source, without a password", async () => {
    const fixture = await MqttFixture.start();
    const one: Omit<SourceSettings, "name" | "url"> = {
      topics: ["a/#"],
      qos: 1,
      version: 5,
      ...{ clientId: "gw", username: null, password: "secret-word", ca: null },
    };
    const opened: string[] = [];
    const sources = new MqttSources({
      settings: [
        { ...one, name: "plant", url: "mqtt://user:secret-word@broker:1883" },
        { ...one, name: "hall", url: "mqtts://other" },
      ],
      ...{ store: fixture.store, routes: fixture.ingress.routes, admission: fixture.admission },
      ...{ clock: fixture.clock, timers: fixture.clock, random: seededRandom(1) },
      ...{ logger: SILENT_LOGGER, metrics: SILENT_METRICS },
      openBroker({ name }, events) {
        opened.push(name);
        const broker = {
          unacknowledged: 3,
          connect: () => name === "plant" ? events.ready() : events.trouble("no route"),
          drop() {},
          end: () => Promise.resolve(),
        };
        return Promise.resolve(broker);
      },
    });
    await sources.start();
    expect(opened).toEqual(["plant", "hall"]);
    const reports = sources.reports();
    expect(reports).toMatchObject([
      { name: "plant", url: "mqtt://broker:1883", state: "connected", unacknowledged: 3 },
      { name: "hall", state: "connecting", error: "no route", messages: 0, last_message: null },
    ]);
    expect(JSON.stringify(reports)).not.toContain("secret-word");
    await sources.stop();
    expect(sources.reports().map(({ state }) => state)).toEqual(["stopped", "stopped"]);
  });
});
