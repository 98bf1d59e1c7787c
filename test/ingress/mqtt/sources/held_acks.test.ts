import { describe, expect, it } from "vitest";
import { HeldAcks } from "../../../../src/ingress/mqtt/sources/held_acks.ts";

function make() {
  const acks = new HeldAcks();
  const sent: number[] = [];
  const hold = (id: number) => acks.hold(id, () => sent.push(id));
  return { acks, sent, hold };
}

describe("HeldAcks", () => {
  it("sends when both the client wants to and the message is durable, whichever is first", () => {
    const { acks, sent, hold } = make();
    const stored = acks.expect(1);
    expect(hold(1)).toBe(true);
    expect(sent).toEqual([]);
    stored();
    expect(sent).toEqual([1]);
    acks.expect(2)();
    expect(sent).toEqual([1]);
    hold(2);
    expect(sent).toEqual([1, 2]);
    expect(acks.size).toBe(0);
  });

  it("keeps the order in which messages came [MQTT-4.6.0-2]", () => {
    const { acks, sent, hold } = make();
    const stored = [1, 2, 3].map((id) => acks.expect(id));
    for (const id of [1, 2, 3]) hold(id);
    stored[2]!();
    stored[1]!();
    expect(sent).toEqual([]);
    stored[0]!();
    expect(sent).toEqual([1, 2, 3]);
  });

  it("knows two messages of one identifier apart", () => {
    const { acks, sent, hold } = make();
    const [first, again] = [acks.expect(7), acks.expect(7)];
    hold(7);
    hold(7);
    again();
    expect(sent).toEqual([]);
    first();
    expect(sent).toEqual([7, 7]);
  });

  it("lets go what it does not wait for, and forgets when the connection is gone", () => {
    const { acks, sent, hold } = make();
    expect(hold(9)).toBe(false);
    const stored = acks.expect(1);
    hold(1);
    acks.clear();
    stored();
    expect(sent).toEqual([]);
  });
});
