import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import { retainedOf } from "../../../../src/ingress/mqtt/retained/retained_record.ts";

describe("retainedOf()", () => {
  it("copies what it keeps, and says when it expires", () => {
    const payload = Buffer.from("on"); // of which slice() is a view
    const value = Buffer.from("x");
    const { record, expiresMs } = retainedOf({
      topicName: { bytes: utf8("t"), text: "t" },
      ...{ payload, qos: 2, retain: true, clientId: "c", timestamp: 1_000 },
      properties: { messageExpiryInterval: 5 },
      userProperties: [[utf8("k"), value]],
    });
    payload.fill(0);
    value.fill(0);
    expect(expiresMs).toBe(6_000);
    const message = new Message(utf8("t"), record);
    expect(message).toMatchObject({ payload: utf8("on"), qos: 2, retain: true, expiryS: 5 });
    expect(message.headers.at(-1)).toEqual(["mqtt.user.k", utf8("x")]);
  });
});
