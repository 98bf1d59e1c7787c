/** Against mqtt-packet's reader, and the bytes of the specification. */
import mqttPacket from "mqtt-packet";
import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../../src/base/bytes.ts";
import {
  encodePublish,
  identifierProperties,
  type PublishParts,
  withPacketId,
} from "../../../src/protocol/mqtt/publish_encoder.ts";

const PLAIN: PublishParts = {
  version: 4,
  qos: 0,
  retain: false,
  topicName: utf8("a/b"),
  payload: utf8("hi"),
  properties: new Uint8Array(0),
  expiryS: null,
  identifiers: [],
  alias: 0,
};

function read(bytes: Uint8Array, protocolVersion: 4 | 5): IPublishPacket {
  const packets: IPublishPacket[] = [];
  const parser = mqttPacket.parser({ protocolVersion });
  parser.on("packet", (packet) => packets.push(packet as IPublishPacket));
  parser.parse(bytes.slice() as Parameters<typeof parser.parse>[0]);
  expect(packets).toHaveLength(1);
  return packets[0]!;
}

describe("encodePublish()", () => {
  it("writes the variable header of the specification's example: a/b, 10", () => {
    const { bytes, packetIdAt } = encodePublish({ ...PLAIN, qos: 1 });
    expect(toHex(withPacketId({ bytes, packetIdAt }, 10))).toBe("32090003612f62000a6869");
    expect(toHex(encodePublish(PLAIN).bytes)).toBe("30070003612f626869");
    expect(toHex(encodePublish({ ...PLAIN, version: 5 }).bytes)).toBe("30080003612f62006869");
  });

  it("is read back as it was meant, at every size of its length field", () => {
    for (const version of [4, 5] as const) {
      for (const size of [0, 117, 118, 119, 16_370, 16_380, 2_097_140]) {
        for (const qos of [0, 1, 2]) {
          const payload = new Uint8Array(size).fill(120);
          const encoded = encodePublish({ ...PLAIN, version, qos, retain: true, payload });
          const bytes = qos > 0 ? withPacketId(encoded, 65_535) : encoded.bytes;
          expect(read(bytes, version)).toMatchObject({
            ...{ topic: "a/b", qos, retain: true, dup: false },
            ...(qos > 0 ? { messageId: 65_535 } : {}),
          });
          expect((read(bytes, version).payload as Uint8Array).length).toBe(size);
        }
      }
    }
  });

  it("says each property of MQTT 5, and none in 3.1.1", () => {
    const parts = {
      ...PLAIN,
      properties: fromHex("0101" + "03000161"),
      expiryS: 0xffff_fffe,
      identifiers: [1, 128, 268_435_455],
      alias: 300,
    };
    const { properties } = read(encodePublish({ ...parts, version: 5 }).bytes, 5);
    expect({ ...properties }).toEqual({
      ...{ payloadFormatIndicator: true, contentType: "a", messageExpiryInterval: 0xffff_fffe },
      ...{ subscriptionIdentifier: [1, 128, 268_435_455], topicAlias: 300 },
    });
    expect(encodePublish(parts).bytes).toEqual(encodePublish(PLAIN).bytes);
  });
});

describe("withPacketId()", () => {
  it("leaves the shared packet as it was", () => {
    const encoded = encodePublish({ ...PLAIN, qos: 2 });
    const before = encoded.bytes.slice();
    const own = withPacketId(encoded, 0x1234, true);
    expect(encoded.bytes).toEqual(before);
    expect(read(own, 4)).toMatchObject({ messageId: 0x1234, dup: true, qos: 2 });
  });
});

it("identifierProperties() is the whole section, as encodePublish() writes it", () => {
  for (const identifiers of [[], [1], [200, 268_435_455]]) {
    const { bytes } = encodePublish({ ...PLAIN, version: 5, identifiers });
    const section = identifierProperties(identifiers);
    expect(toHex(bytes.subarray(7, bytes.length - 2)), `${identifiers}`).toBe(toHex(section));
  }
});
