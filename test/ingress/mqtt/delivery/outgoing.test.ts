import { expect, it } from "vitest";
import { toHex, utf8 } from "../../../../src/base/bytes.ts";
import { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import { Outgoing, type Variant } from "../../../../src/ingress/mqtt/delivery/outgoing.ts";

const SOURCE = { partition: "logs-0", offset: 3 };

function outgoing(expiryS?: number): Outgoing {
  const headers = expiryS === undefined ? [] : [["mqtt.expiry_s", utf8(`${expiryS}`)]] as const;
  const record = { timestamp: 1_000, key: null, value: utf8("v"), headers };
  return new Outgoing(new Message(utf8("a/b"), record), SOURCE);
}

const variant = (options: Partial<Variant> = {}): Variant => ({
  version: 4,
  qos: 0,
  retain: false,
  identifiers: [],
  ...options,
});

it("packet() is encoded once for all who want it alike", () => {
  const message = outgoing();
  const variants = [
    variant(),
    variant({ qos: 1 }),
    variant({ qos: 2 }),
    variant({ retain: true }),
    variant({ version: 5 }),
    variant({ version: 5, identifiers: [1] }),
    variant({ version: 5, identifiers: [1, 2] }),
    variant({ version: 5, identifiers: [12] }),
  ];
  const packets = variants.map((one) => message.packet(one, 1_000));
  expect(new Set(packets.map(({ bytes }) => toHex(bytes))).size).toBe(variants.length);
  variants.forEach((one, nth) => expect(message.packet({ ...one }, 1_000)).toBe(packets[nth]));
});

it("aliased() names the topic once, and then the alias alone", () => {
  const message = outgoing();
  const five = variant({ version: 5 });
  const bytes = (named: boolean) => toHex(message.aliased(five, 0, { alias: 2, named }).bytes);
  expect(bytes(true)).toBe("300a0003612f620323000276");
  expect(bytes(false)).toBe("300700000323000276");
});

it("isExpired() once no whole second is left; a packet sent again says zero at the least", () => {
  const message = outgoing(2);
  expect([1_000, 2_999, 3_000].map((nowMs) => message.isExpired(nowMs)))
    .toEqual([false, false, true]);
  expect(outgoing().isExpired(1e15)).toBe(false);
  const { bytes } = message.packet(variant({ version: 5 }), 60_000);
  expect(toHex(bytes)).toContain("0200000000");
});
