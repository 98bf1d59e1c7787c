/** What operators see of real clients, and how they end a connection. */
import { connect } from "mqtt";
import { expect, it, onTestFinished } from "vitest";
import { runLogboom, startNodeProcess } from "../support/process.ts";

it("shows who is connected over what, and disconnects with 0x98", async () => {
  const node = await startNodeProcess({ flags: ["--mqtt-websocket", "true"] });
  const urls = [
    `mqtt://127.0.0.1:${node.mqttPort}`,
    `ws://127.0.0.1:${new URL(node.http).port}/mqtt`,
  ];
  const reasons: number[] = [];
  for (const [at, url] of urls.entries()) {
    const client = connect(url, { protocolVersion: 5, clientId: `c${at}`, reconnectPeriod: 0 });
    onTestFinished(() => client.endAsync(true));
    client.on("disconnect", ({ reasonCode }) => reasons.push(reasonCode!));
    await new Promise<void>((resolve) => client.once("connect", () => resolve()));
    await client.subscribeAsync(["a", "b/#"]);
    await client.publishAsync("a", "x", { qos: 1 });
  }
  const list = await (await fetch(`${node.http}/v1/mqtt/clients`)).json();
  expect(list).toMatchObject({
    total: 2,
    next_cursor: null,
    clients: [
      { client_id: "c0", transport: "tcp", version: "5", subscriptions: 2, connected: true },
      { client_id: "c1", transport: "ws", version: "5", subscriptions: 2, connected: true },
    ],
  });
  expect(list.clients[1].address).toMatch(/^127\.0\.0\.1:\d+$/);
  const shown = await runLogboom(["mqtt", "clients", "--url", node.http]);
  expect(shown.stdout).toMatch(
    /c0 +127\.0\.0\.1:\d+ +tcp +5 +2 .*\nc1 +127\.0\.0\.1:\d+ +ws +5 +2 /,
  );
  const ended = await runLogboom(["mqtt", "disconnect", "c1", "--url", node.http]);
  expect(ended.code, ended.stderr).toBe(0);
  await expect.poll(() => reasons).toEqual([0x98]);
  const metrics = await (await fetch(`${node.http}/metrics`)).text();
  expect(metrics).toContain('logboom_mqtt_refusals_total{reason="administrative_action"} 1');
  expect(metrics).toContain('logboom_mqtt_listener_connections{transport="tcp"} 1');
  const again = await runLogboom(["mqtt", "disconnect", "c1", "--url", node.http]);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("it is not connected")]);
});
