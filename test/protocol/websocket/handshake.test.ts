import { describe, expect, it } from "vitest";
import { answerHandshake, isMqttRequest } from "../../../src/protocol/websocket/handshake.ts";
import { handshakeHead } from "../../support/websocket_frames.ts";

describe("isMqttRequest()", () => {
  it("knows the path, with a query or without", () => {
    expect(isMqttRequest("GET /mqtt HTTP/1.1\r\n")).toBe(true);
    expect(isMqttRequest("GET /mqtt?x=1 HTTP/1.1\r\n")).toBe(true);
    expect(isMqttRequest("GET /mqtts HTTP/1.1\r\n")).toBe(false);
    expect(isMqttRequest("GET /mqtt/clients HTTP/1.1\r\n")).toBe(false);
    expect(isMqttRequest("POST /mqtt HTTP/1.1\r\n")).toBe(false);
  });
});

describe("answerHandshake()", () => {
  it("accepts with the key's answer of RFC 6455 and the subprotocol [MQTT-6.0.0-4]", async () => {
    const { accepted, text } = await answerHandshake(handshakeHead());
    expect(accepted).toBe(true);
    expect(text).toBe(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
    );
  });

  it("finds what it needs in lists and repeated headers, whatever their case", async () => {
    const head = handshakeHead({
      "Upgrade": null,
      "uPGRADE": "WebSocket",
      "Connection": "UPGRADE",
      "Sec-WebSocket-Protocol": "mqttv3.1, mqtt",
    });
    expect((await answerHandshake(head)).accepted).toBe(true);
  });

  it.each<[string, string, string]>([
    ["no upgrade", handshakeHead({ Upgrade: null }), "426 Upgrade Required"],
    ["another upgrade", handshakeHead({ Upgrade: "h2c" }), "426 Upgrade Required"],
    ["no connection option", handshakeHead({ Connection: "close" }), "426 Upgrade Required"],
    ["an old version", handshakeHead({ "Sec-WebSocket-Version": "8" }), "426 Upgrade Required"],
    ["a short key", handshakeHead({ "Sec-WebSocket-Key": "abc" }), "400 Bad Request"],
    ["no key", handshakeHead({ "Sec-WebSocket-Key": null }), "400 Bad Request"],
    // [MQTT-6.0.0-3]: the client asks for it.
    ["no subprotocol", handshakeHead({ "Sec-WebSocket-Protocol": null }), "400 Bad Request"],
    ["another one", handshakeHead({ "Sec-WebSocket-Protocol": "stomp" }), "400 Bad Request"],
    ["a header that is none", handshakeHead({ "Bad Name": "x" }), "400 Bad Request"],
    ["HTTP/1.0", handshakeHead({}, "GET /mqtt HTTP/1.0"), "400 Bad Request"],
  ])("refuses %s", async (_name, head, status) => {
    const { accepted, text } = await answerHandshake(head);
    expect(accepted).toBe(false);
    expect(text).toMatch(`HTTP/1.1 ${status}\r\n`);
    const [answer, body] = text.split("\r\n\r\n");
    expect(answer).toMatch(`Content-Length: ${body!.length}`);
    expect(JSON.parse(body!)).toMatchObject({ status: Number(status.slice(0, 3)) });
  });
});
