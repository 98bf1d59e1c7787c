/**
 * A real process under load of QoS 1 and QoS 2, both ways, is killed again and again (kill -9), and
 * its subscribers' connections break in between. All sessions last, and every client does what the
 * standard asks of it. In the end each subscriber had every acknowledged publish of QoS 1 at least
 * once and of QoS 2 exactly once, in the order they were published, and so had the two members of a
 * shared subscription together; no session was ever lost.
 *
 * LOGBOOM_KILLS says how often, LOGBOOM_SEED replays the killer's draws.
 */
import { expect, it } from "vitest";
import { diceOf } from "../support/dice.ts";
import { LastingPublisher, LastingSubscriber } from "../support/lasting_client.ts";
import { eventually, RestartedNode, sleep } from "../support/restarted_node.ts";

const KILLS = Number(process.env["LOGBOOM_KILLS"] ?? 20);
const SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);

it(
  `delivers QoS 1 at least once and QoS 2 exactly once, through ${KILLS} kills (seed ${SEED})`,
  async () => {
    const dice = diceOf(SEED);
    const node = await RestartedNode.start("broker", ["--default-partitions", "2"]);
    const port = () => node.node.mqttPort;
    const publishers = [0, 1, 2].map((nth) =>
      new LastingPublisher({
        ...{ clientId: `p${nth}`, port, version: nth % 2 === 0 ? 5 : 4 },
        ...{ topic: `load/${nth}`, window: 20, pauseMs: 2 },
      })
    );
    const subscribers = ([[4, 2], [5, 2], [5, 1]] as const).map(([version, qos], nth) =>
      new LastingSubscriber({ clientId: `s${nth}`, port, version, filter: "load/+", qos })
    );
    const group = [0, 1].map((nth) =>
      new LastingSubscriber({
        ...{ clientId: `g${nth}`, port, version: 5, filter: "$share/g/load/+", qos: 2 },
      })
    );
    const readers = [...subscribers, ...group];
    const runs = readers.map((subscriber) => subscriber.run());
    await eventually(
      () => Promise.resolve(readers.every(({ isSubscribed }) => isSubscribed)),
      Boolean,
    );
    runs.push(...publishers.map((publisher) => publisher.run()));

    let cuts = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      for (let pause = 0; pause < 2; pause++) {
        await sleep(100 + dice() * 300);
        if (dice() < 0.3) {
          readers[Math.floor(dice() * readers.length)]!.cut();
          cuts += 1;
        }
      }
      await node.restart();
    }
    await Promise.all(publishers.map((publisher) => publisher.drain()));
    const published = publishers.flatMap(({ acknowledged }) => [
      ...acknowledged[1],
      ...acknowledged[2],
    ]);
    await eventually(
      () =>
        Promise.resolve(
          subscribers.every(({ counts }) => counts.size >= published.length) &&
            togetherOf(group).size >= published.length,
        ),
      Boolean,
    );
    // What would come twice still may.
    await sleep(500);
    for (const client of [...publishers, ...readers]) client.stop();
    await Promise.all(runs);

    for (const subscriber of subscribers) {
      expect(faultsOf(subscriber, publishers), subscriber.clientId).toEqual(NO_FAULTS);
    }
    for (const { clientId, faults, sessionsLost } of [...publishers, ...group]) {
      expect({ faults, sessionsLost }, clientId).toEqual({ faults: [], sessionsLost: 0 });
    }
    const once = publishers.flatMap(({ acknowledged }) => [...acknowledged[2]]);
    const together = togetherOf(group);
    expect(published.filter((value) => !together.has(value)), "missed by the group").toEqual([]);
    expect(once.filter((value) => together.get(value)! > 1), "twice in the group").toEqual([]);
    expect(published.length).toBeGreaterThan(KILLS * 10);
    process.stdout.write(
      `${KILLS} kills, ${cuts} cuts: ${published.length} published, at each of ` +
        `${subscribers.length} subscribers\n`,
    );
    await node.node.stop();
  },
  60_000 + KILLS * 15_000,
);

/** How often each value came to one of them. */
function togetherOf(members: readonly LastingSubscriber[]): Map<string, number> {
  const together = new Map<string, number>();
  for (const { counts } of members) {
    for (const [value, count] of counts) together.set(value, (together.get(value) ?? 0) + count);
  }
  return together;
}

const NO_FAULTS = {
  ...{ missing: [], doubled: [], disordered: [] },
  ...{ faults: [], sessionsLost: 0 },
};

function faultsOf(
  { clientId, counts, faults, sessionsLost }: LastingSubscriber,
  publishers: readonly LastingPublisher[],
): typeof NO_FAULTS | object {
  const once = publishers.flatMap(({ acknowledged }) => [...acknowledged[2]]);
  const all = [...publishers.flatMap(({ acknowledged }) => [...acknowledged[1]]), ...once];
  return {
    missing: all.filter((value) => !counts.has(value)),
    // One that was granted QoS 1 gets all at least once.
    doubled: clientId === "s2" ? [] : once.filter((value) => counts.get(value)! > 1),
    disordered: publishers.map((publisher) => publisher.clientId).filter((name) => {
      const numbers = [...counts.keys()].filter((value) => value.startsWith(`${name}:`))
        .map((value) => Number(value.split(":")[1]));
      return numbers.some((number, at) => at > 0 && number < numbers[at - 1]!);
    }),
    ...{ faults, sessionsLost },
  };
}
