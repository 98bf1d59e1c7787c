import { expect, it } from "vitest";
import { NO_CLIENTS } from "../../../src/ingress/mqtt/client_report.ts";
import { MqttFixture } from "../../support/mqtt_fixture.ts";

it("NO_CLIENTS knows nobody", () => {
  expect([...NO_CLIENTS.ids()]).toEqual([]);
  expect(NO_CLIENTS.report("a")).toBeNull();
  expect(NO_CLIENTS.disconnect("a")).toBe(false);
});

it("reportOf() tells the version and the transport in an operator's words", async () => {
  const fixture = await MqttFixture.start();
  await fixture.connect({ clientId: "old" });
  await fixture.connect({ clientId: "new", protocolVersion: 5 });
  const { clients } = fixture.ingress;
  expect(["old", "new"].map((id) => clients.report(id)!.version)).toEqual(["3.1.1", "5"]);
  expect(clients.report("old")!.transport).toBe("tcp");
});
