import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { publishHeaders, sessionHeaders } from "../../../src/ingress/mqtt/publish_headers.ts";

const text = (headers: ReturnType<typeof publishHeaders>) =>
  headers.map(([name, value]) => `${name}=${new TextDecoder().decode(value!)}`);

describe("publishHeaders()", () => {
  it("says everything a publish can say, user properties last and in order", () => {
    const headers = publishHeaders({
      clientId: "c1",
      qos: 2,
      retain: true,
      topicName: utf8("a/b"),
      properties: {
        messageExpiryInterval: 60,
        payloadFormatIndicator: true,
        contentType: "text/plain",
        responseTopic: "r",
        correlationData: utf8("id"),
      },
      userProperties: [[utf8("x"), utf8("1")], [utf8("mqtt.client_id"), utf8("forged")], [
        utf8("x"),
        utf8(""),
      ]],
    });
    expect(text(headers)).toEqual([
      "mqtt.topic=a/b",
      "mqtt.client_id=c1",
      "mqtt.qos=2",
      "mqtt.retain=1",
      "mqtt.expiry_s=60",
      "mqtt.payload_format=1",
      "content-type=text/plain",
      "mqtt.response_topic=r",
      "mqtt.correlation_data=id",
      "mqtt.user.x=1",
      "mqtt.user.mqtt.client_id=forged",
      "mqtt.user.x=",
    ]);
  });

  it("says of a plain publish who and how, and nothing else", () => {
    expect(text(sessionHeaders("c1", 1))).toEqual(["mqtt.client_id=c1", "mqtt.qos=1"]);
  });
});
