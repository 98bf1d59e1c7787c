import { describe, expect, it, onTestFinished } from "vitest";
import { listenMqtt } from "../src/mqtt_listeners.ts";
import { makeCertificate } from "./support/certificates.ts";

const NONE = { mqtt_port: null, mqtts_port: null, tls_cert: null, tls_key: null };

describe("listenMqtt()", () => {
  it("accepts from the plain port and the one under TLS", async () => {
    const { cert, key } = await makeCertificate();
    const files = { tls_cert: cert, tls_key: key };
    const listeners = listenMqtt({ host: "127.0.0.1", mqtt_port: 0, mqtts_port: 0, ...files });
    onTestFinished(() => listeners.joined.close());
    for (const address of [listeners.mqtt!, listeners.mqtts!]) {
      const socket = await Deno.connect({ hostname: "127.0.0.1", port: address.port });
      onTestFinished(() => socket.close());
    }
    const accepted = [await listeners.joined.accept(), await listeners.joined.accept()];
    onTestFinished(() => accepted.forEach((connection) => connection.close()));
    expect(accepted.map(({ transport }) => transport).sort()).toEqual(["tcp", "tls"]);
  });

  it("lets go of the plain port when the certificate cannot be read", () => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    taken.close();
    const files = { tls_cert: "/nowhere", tls_key: "/nowhere" };
    const both = { host: "127.0.0.1", mqtt_port: port, mqtts_port: 0, ...files };
    expect(() => listenMqtt(both)).toThrow("Cannot read tls_cert");
    listenMqtt({ host: "127.0.0.1", ...NONE, mqtt_port: port }).joined.close();
  });
});
