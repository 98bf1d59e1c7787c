import { expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import { matchedOptions } from "../../../../src/ingress/mqtt/delivery/matched_options.ts";
import { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import {
  HeldSubscription,
  type SubscriptionOptions,
} from "../../../../src/ingress/mqtt/delivery/subscription.ts";

const ME = utf8("me");

function held(more: Partial<SubscriptionOptions>): HeldSubscription {
  const options = { filter: "#", qos: 1, noLocal: false, retainAsPublished: false } as const;
  return new HeldSubscription(
    { ...options, retainHandling: 0, identifier: null, ...more },
    new Map(),
  );
}

function message(from: string, qos: number): Message {
  const headers = [
    ["mqtt.client_id", utf8(from)],
    ["mqtt.qos", utf8(`${qos}`)],
    ["mqtt.retain", utf8("1")],
  ] as const;
  return new Message(utf8("a"), { timestamp: 0, key: null, value: null, headers });
}

it("matchedOptions() is the most that any grants, no more than was published, with all identifiers", () => {
  const matched = [held({ qos: 0, identifier: 7 }), held({ qos: 2 }), held({ identifier: 9 })];
  expect(matchedOptions(message("other", 1), matched, ME))
    .toEqual({ qos: 1, retain: false, identifiers: [7, 9] });
  expect(matchedOptions(message("other", 2), matched, ME)?.qos).toBe(2);
  expect(matchedOptions(message("other", 2), [held({ retainAsPublished: true })], ME)?.retain)
    .toBe(true);
});

it("matchedOptions() passes over what the client published itself, under no-local", () => {
  const local = held({ noLocal: true, qos: 2, identifier: 7 });
  expect(matchedOptions(message("me", 2), [local], ME)).toBeNull();
  expect(matchedOptions(message("me", 2), [local, held({})], ME))
    .toEqual({ qos: 1, retain: false, identifiers: [] });
  expect(matchedOptions(message("other", 2), [local], ME)?.qos).toBe(2);
  expect(matchedOptions(message("me", 2), [], ME)).toBeNull();
});
