import { expect, it } from "vitest";
import { toHex, utf8 } from "../../../../src/base/bytes.ts";
import { forwardedProperties } from "../../../../src/ingress/mqtt/delivery/publish_properties.ts";
import { publishHeaders } from "../../../../src/ingress/mqtt/publish_headers.ts";

it("forwardedProperties() writes what publishHeaders() noted, in its order", () => {
  const headers = publishHeaders({
    ...{ clientId: "c", qos: 1, retain: true, topicName: utf8("t") },
    properties: {
      messageExpiryInterval: 9,
      payloadFormatIndicator: true,
      contentType: "c",
      responseTopic: "r",
      correlationData: Uint8Array.of(0, 255),
    },
    userProperties: [[utf8("k"), utf8("1")], [utf8("k"), utf8("2")]],
  });
  expect(toHex(forwardedProperties(headers))).toBe(
    "0101" + "03000163" + "08000172" + "09000200ff" + "2600016b000131" + "2600016b000132",
  );
});

it("forwardedProperties() leaves out what MQTT cannot say", () => {
  const long = new Uint8Array(65_536).fill(97);
  const broken = Uint8Array.of(0xff);
  const headers: Parameters<typeof forwardedProperties>[0] = [
    ["content-type", broken],
    ["content-type", long],
    ["mqtt.response_topic", null],
    ["mqtt.correlation_data", long],
    ["mqtt.user.k", broken],
    ["mqtt.user.k\u0000", utf8("v")],
    ["other", utf8("v")],
    ["mqtt.payload_format", utf8("0")],
    ["mqtt.response_topic", utf8("a/#")],
  ];
  expect(toHex(forwardedProperties(headers))).toBe("0100");
  expect(forwardedProperties([])).toHaveLength(0);
});

it("forwardedProperties() says once what may be said once, whatever another door wrote", () => {
  const names = ["content-type", "mqtt.response_topic", "mqtt.correlation_data"];
  const once = ["mqtt.payload_format", ...names].flatMap((name) =>
    ["1", "2"].map((value) => [name, utf8(value)] as const)
  );
  expect(toHex(forwardedProperties(once))).toBe("0101" + "03000131" + "08000131" + "09000131");
});
