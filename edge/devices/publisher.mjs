/**
 * Publishes a reading every second with MQTT.js (npm install mqtt).
 *
 *     node publisher.mjs [HOST] [DEVICE]
 *
 * QoS 1: publishAsync() resolves once the gateway has the record on its disk. MQTT.js keeps what is
 * unanswered and sends it again after a reconnect.
 */
import { hostname, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { connectAsync } from "mqtt";

const [host = "127.0.0.1", device = hostname()] = process.argv.slice(2);

const client = await connectAsync(`mqtt://${host}:1883`, {
  clientId: device,
  protocolVersion: 5,
  clean: false,
  // username: "devices", password: "the token of that credential",
});

for (;;) {
  const reading = JSON.stringify({ at: Date.now(), load: loadavg()[0] });
  await client.publishAsync(`devices/${device}/logs`, reading, { qos: 1 });
  await sleep(1_000);
}
