/** Chapter 3.1.3.1: the client identifier in CONNECT. */
import { expect } from "vitest";
import { bytes, connect, packet, properties, text, Type, u16 } from "../../support/mqtt_bytes.ts";
import { clause, expectFault, expectRefusal } from "../../support/mqtt_clauses.ts";

clause(
  { v4: "3.1.3-3", v5: "3.1.3-3" },
  "does not let in who leaves the client identifier out",
  async ({ open, version }) => {
    const client = await open();
    const head = bytes(text("MQTT"), version, 0x02, u16(0));
    client.send(packet(Type.connect, head, version === 5 ? properties([]) : bytes()));
    expectRefusal(await client.ended(), 0x81, 0x82);
  },
);

clause(
  { v4: "3.1.3-4", v5: "3.1.3-4" },
  "does not let in whose client identifier is not a UTF-8 string",
  async ({ refused }) => {
    expectRefusal(await refused({ clientId: bytes(0xc3, 0x28) }), 0x81, 0x82, 0x85, 0x02);
  },
);

clause(
  { v4: "3.1.3-5", v5: "3.1.3-5" },
  "lets in client identifiers of 1 to 23 digits and letters",
  async ({ connect, version }) => {
    const all = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    // Each version has its own: they are tried at the same time.
    for (let from = version; from < all.length; from += 19) {
      await connect({ clientId: all.slice(from, from + 23) });
    }
    await connect({ clientId: `${version}` });
  },
);

clause(
  { v4: "3.1.3-6", v5: "3.1.3-6 3.1.3-7 3.2.2-16" },
  "gives who has none a client identifier of its own, and MQTT 5 is told which",
  async ({ connect, version }) => {
    const clients = [await connect({ clientId: "" }), await connect({ clientId: "" })];
    // Neither took the place of the other.
    for (const client of clients) await client.ping();
    if (version === 4) return;
    const [one, other] = clients.map(({ connack }) =>
      connack!.properties.text("assignedClientIdentifier")
    );
    expect(one).toBeTruthy();
    expect(other).toBeTruthy();
    expect(one).not.toBe(other);
    await connect({ clientId: one! });
    await expectFault(clients[0]!, 0x8e);
  },
);

clause(
  { v4: "3.1.3-8 3.1.3-9 3.2.2-5" },
  "refuses no client identifier for a session that is not clean with 0x02, and closes",
  async ({ refused }) => {
    const left = await refused({ clientId: "", clean: false });
    expect(left).toMatchObject([{ type: "connack", code: 2, sessionPresent: false }]);
  },
);

clause(
  { v4: "3.1.3-9", v5: "3.1.3-8" },
  "takes a long client identifier, or says why not and closes",
  async ({ open, version }) => {
    const client = await open();
    client.send(connect({ version, clientId: "x".repeat(60_000) }));
    const connack = await client.next();
    expect(connack.type).toBe("connack");
    if (connack.code === 0) return await client.ping();
    expect(connack.code).toBe(version === 4 ? 0x02 : 0x85);
    expect(await client.ended()).toEqual([]);
  },
);
