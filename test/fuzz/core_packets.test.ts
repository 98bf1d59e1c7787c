/**
 * Records of any kind, on their way to a subscriber: what the core writes without looking at each is
 * what the way by objects makes of them, up to where the core stops.
 */
import { expect, it } from "vitest";
import { BufferPool } from "../../src/base/buffer_pool.ts";
import { concat, toHex, utf8 } from "../../src/base/bytes.ts";
import type { PublishForm } from "../../src/core/publish_writer.ts";
import type { RecordHeader, RecordParts } from "../../src/core/record.ts";
import { matchedOptions } from "../../src/ingress/mqtt/delivery/matched_options.ts";
import { Message } from "../../src/ingress/mqtt/delivery/message.ts";
import { Outgoing } from "../../src/ingress/mqtt/delivery/outgoing.ts";
import { HeldSubscription } from "../../src/ingress/mqtt/delivery/subscription.ts";
import { SubscriptionTree } from "../../src/ingress/mqtt/delivery/subscription_tree.ts";
import { maySay, topicOfRecord } from "../../src/ingress/mqtt/delivery/topic_of_record.ts";
import { identifierProperties } from "../../src/protocol/mqtt/publish_encoder.ts";
import { testCore } from "../support/core.ts";
import { mutate, type SeededRandom, seededRandom } from "../support/mutations.ts";
import { FUZZ_TIMEOUT_MS, inputsCount } from "./core_arena.ts";

const core = testCore();
const HANDLE = 7;
const FILTERS = ["#", "+", "a/#", "a/+", "+/b", "a", "b/c/d", "/", "+/+/#"];
const TOPICS = ["a", "a/b", "a/b/c", "b/c/d", "/", "", "$SYS/a", "ä/b", "a+", "x".repeat(40)];
const NAMES = [
  ...["mqtt.topic", "mqtt.client_id", "mqtt.qos", "mqtt.retain", "mqtt.expiry_s", "content-type"],
  ...["mqtt.user.a", "mqtt.qo", "mqtt.qos2", "trace", "mqtt.topiC", "content-typf"],
];
const VALUES = ["", "0", "1", "2", "7", "a/b", "a", "$a", "é"].map((text) => utf8(text));
const NOW_MS = 1_700_000_000_000;

const oneOf = <T>(random: SeededRandom, from: readonly T[]): T => from[random.below(from.length)]!;

function recordOf(random: SeededRandom): RecordParts {
  const headers: RecordHeader[] = [];
  if (random.below(4) > 0) headers.push(["mqtt.client_id", utf8("c")]);
  if (random.below(3) > 0) headers.push(["mqtt.qos", utf8(`${random.below(2)}`)]);
  for (let left = random.below(3) === 0 ? random.below(3) : 0; left > 0; left--) {
    headers.push([oneOf(random, NAMES), random.below(6) === 0 ? null : oneOf(random, VALUES)]);
  }
  const name = utf8(oneOf(random, TOPICS.slice(0, random.below(3) === 0 ? undefined : 5)));
  return {
    timestamp: NOW_MS,
    key: random.below(20) === 0 ? null : random.below(20) === 0 ? mutate(name, random) : name,
    value: random.below(10) === 0 ? null : new Uint8Array(random.below(600)).fill(0x76),
    headers,
  };
}

interface Wanted {
  readonly form: PublishForm;
  readonly held: readonly HeldSubscription[];
}

function wantedOf(random: SeededRandom): Wanted {
  const version = oneOf(random, [4, 5] as const);
  const qos = oneOf(random, [0, 1, 1, 2] as const);
  const filters = Array.from({ length: 1 + random.below(3) }, () => oneOf(random, FILTERS));
  const identifier = filters.length === 1 && random.below(2) ? 1 + random.below(300) : null;
  const held = [...new Set(filters)].map((filter) =>
    new HeldSubscription(
      { filter, qos, identifier, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      new Map(),
    )
  );
  const identifiers = identifier === null ? [] : [identifier];
  const form = {
    ...{ version, qos, keyIsTopic: random.below(2) === 0, withoutQos0: random.below(3) === 0 },
    properties: version === 5 ? identifierProperties(identifiers) : new Uint8Array(0),
    filters: concat(
      held.map(({ topicFilter }) =>
        concat([Uint8Array.of(topicFilter.length, 0), utf8(topicFilter)])
      ),
    ),
  };
  return { form, held };
}

/** The way by objects, of the nth record; null where it is not sent. */
function expectedOf(
  scanned: ReturnType<typeof core.scan>,
  nth: number,
  { form, held }: Wanted,
): string | null {
  const name = topicOfRecord(scanned, nth, form.keyIsTopic);
  if (name === null || !maySay(name)) return null;
  const tree = new SubscriptionTree<HeldSubscription>();
  for (const one of held) tree.add(one.topicFilter, one);
  const message = new Message(name, scanned.record(nth));
  const how = matchedOptions(message, tree.match(new TextDecoder().decode(name)), utf8("me"));
  if (how === null || (form.withoutQos0 && how.qos === 0)) return null;
  const outgoing = new Outgoing(message, { partition: "t-0", offset: 0 });
  const identifiers = form.version === 5 ? how.identifiers : [];
  return toHex(outgoing.packet({ version: form.version, ...how, identifiers }, NOW_MS).bytes);
}

it("writePublishes() writes what encodePublish() does", () => {
  const random = seededRandom();
  const buffers = new BufferPool({ keptMax: 4, bytesMin: 0 });
  let [written, stops] = [0, 0];
  for (let left = inputsCount() / 20; left > 0; left--) {
    core.reset();
    const count = 1 + random.below(12);
    for (let nth = 0; nth < count; nth++) core.append(HANDLE, recordOf(random));
    const compression = oneOf(random, ["none", "lz4"] as const);
    const batch = core.seal(HANDLE, {
      baseOffset: 50,
      leaderEpoch: 0,
      logId: "00ab".repeat(4),
      compression,
    });
    const wanted = wantedOf(random);
    const from = 50 + random.below(count);
    const { runs, nextOffset, isAll } = core.publishes
      .write([{ bytes: batch, inflated: undefined }], from, { form: wanted.form, buffers });
    const scanned = core.scan(batch);
    const got = new Map<number, string>();
    for (const run of runs) {
      for (let nth = 0; nth < run.count; nth++) {
        got.set(run.offset(nth), toHex(run.copy(nth, nth + 1, new Uint8Array(4_096))));
      }
    }
    const about = `LOGBOOM_SEED=${random.seed} left ${left}`;
    for (let offset = from; offset < nextOffset; offset++) {
      const expected = expectedOf(scanned, offset - 50, wanted);
      expect(got.get(offset) ?? null, `${about} offset ${offset}`).toBe(expected);
    }
    expect(isAll, about).toBe(nextOffset === 50 + count);
    expect([...got.keys()].every((offset) => offset >= from && offset < nextOffset), about)
      .toBe(true);
    written += got.size;
    if (!isAll) stops += 1;
  }
  expect(written).toBeGreaterThan(0);
  expect(stops).toBeGreaterThan(0);
}, FUZZ_TIMEOUT_MS);
