/**
 * Real processes, real disks, a bad uplink: gateway and centre are killed (kill -9) in turn while
 * MQTT and HTTP clients publish, and the link between them drops connections. In the end every
 * record that was acknowledged is at the centre once, and each publisher's are in order.
 *
 * LOGBOOM_KILLS says how often; a few in CI, 50 and more for the record. LOGBOOM_SEED replays the
 * link's and the killer's draws, though not what the scheduler made of them.
 */
import mqtt from "mqtt";
import { expect, it } from "vitest";
import { expectAgreement } from "../support/agreement.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyProxy } from "../support/flaky_proxy.ts";
import {
  caughtUp,
  faultsOf,
  HttpPublisher,
  NO_FAULTS,
  Publisher,
  RestartedNode,
  sleep,
} from "../support/restarted_node.ts";

const KILLS = Number(process.env["LOGBOOM_KILLS"] ?? 4);
const SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);
const PUBLISHERS = 4;
const PAUSE_MS = 20;

const FAULTS = { refuse: 0.1, cut: 0.01, stall: 0.02, stallMs: 300 };

it(
  `delivers every acknowledged record once and in order, through ${KILLS} kills (seed ${SEED})`,
  async () => {
    const dice = diceOf(SEED);
    const centre = new RestartedNode("centre", ["--default-partitions", "3"]);
    await centre.start();
    const proxy = await FlakyProxy.start(centre.httpPort, { dice, faults: FAULTS });
    const upstream = ["--upstream", `http://127.0.0.1:${proxy.port}`];
    const gateway = new RestartedNode("gateway", ["--default-partitions", "2", ...upstream]);
    await gateway.start();

    const publishers = Array.from(
      { length: PUBLISHERS },
      (_, at) =>
        at % 2 === 0 ? new MqttPublisher(`m${at}`, gateway) : new HttpPublisher(`h${at}`, gateway),
    );
    const loads = publishers.map((publisher) => publisher.run());
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(300 + dice() * 1_000);
      await (kill % 2 === 0 ? gateway : centre).restart();
    }
    await sleep(500);
    for (const publisher of publishers) publisher.stop();
    await Promise.all(loads);

    const acknowledged = publishers.flatMap((publisher) => [...publisher.acknowledged]);
    const held = await caughtUp(centre, acknowledged);
    expect(faultsOf(held, publishers)).toEqual(NO_FAULTS);
    expect(acknowledged.length).toBeGreaterThan(KILLS * 10);
    process.stdout.write(
      `${KILLS} kills, ${proxy.cuts} cuts: ${acknowledged.length} acknowledged, ` +
        `${held.length} at the centre\n`,
    );
    await expectAgreement(gateway, centre);
    await proxy.stop();
    await gateway.node.stop();
    await centre.node.stop();
  },
  120_000 + KILLS * 15_000,
);

class MqttPublisher extends Publisher {
  async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.#session();
      } catch {
        await sleep(100);
      }
    }
  }

  async #session(): Promise<void> {
    const url = `mqtt://127.0.0.1:${this.target.node.mqttPort}`;
    const client = mqtt.connect(url, { reconnectPeriod: 0, clean: true, connectTimeout: 2_000 });
    const closed = new Promise<never>((_, reject) => {
      client.on("close", () => reject(new Error("closed")));
      client.on("error", reject);
    });
    closed.catch(() => {});
    try {
      await Promise.race([closed, new Promise((resolve) => client.once("connect", resolve))]);
      while (!this.stopped) {
        const values = this.window();
        await Promise.race([
          closed,
          Promise.all(values.map((value) => this.#publish(client, value))),
        ]);
        await sleep(PAUSE_MS);
      }
    } finally {
      await client.endAsync(true).catch(() => {});
    }
  }

  #publish(client: mqtt.MqttClient, value: string): Promise<void> {
    return new Promise((resolve, reject) => {
      client.publish(`load/${this.name}`, value, { qos: 1 }, (error) => {
        if (error) return reject(error);
        this.acknowledged.add(value);
        resolve();
      });
    });
  }
}
