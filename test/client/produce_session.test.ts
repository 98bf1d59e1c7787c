import { describe, expect, it } from "vitest";
import { CLIENT_SEQUENCES_MAX } from "../../src/base/client_limits.ts";
import { ProduceSession } from "../../src/client/produce_session.ts";
import { bodyOf, formOf } from "../../src/client/record_input.ts";
import { collect, openClientWorld, problem } from "../support/client_world.ts";

const request = (text: string) => ({
  ...{ topic: "logs", deliveryMs: 60_000 },
  body: bodyOf([formOf(text)]),
});

async function stored({ client }: Awaited<ReturnType<typeof openClientWorld>>) {
  return (await collect(client.read("logs", { onGap: () => {} }))).map((record) => record.text());
}

describe("ProduceSession.send()", () => {
  it("says where records landed", async () => {
    const { transport } = await openClientWorld();
    const session = new ProduceSession(transport);
    await session.send(request("a"));
    expect(await session.send({ ...request("b"), key: "k", partition: 0 })).toEqual([
      { topic: "logs", partition: 0, baseOffset: 1, lastOffset: 1, records: 1 },
    ]);
  });

  it.each(["before", "after"] as const)(
    "appends once where the connection breaks %s the node has it",
    async (fault) => {
      const world = await openClientWorld();
      const session = new ProduceSession(world.transport);
      world.faults.push(fault, fault, problem(503, "overloaded", { retriable: true }));
      const sent = session.send(request("a"));
      await world.environment.pass(10_000);
      expect(await sent).toMatchObject([{ baseOffset: 0, records: 1 }]);
      await session.send(request("b"));
      expect(await stored(world)).toEqual(["a", "b"]);
      expect(world.requests.filter((one) => one.startsWith("POST"))).toHaveLength(5);
    },
  );

  it("gives up when its time is over, or its caller has had enough", async () => {
    const world = await openClientWorld();
    const session = new ProduceSession(world.transport);
    world.faults.push(...Array.from({ length: 100 }, () => "before" as const));
    const sent = expect(session.send({ ...request("a"), deliveryMs: 1_000 })).rejects
      .toMatchObject({ code: "unreachable" });
    await world.environment.pass(2_000);
    await sent;
    const stop = new AbortController();
    const stopped = expect(session.send({ ...request("b"), signal: stop.signal })).rejects.toBe(
      "no",
    );
    await world.environment.pass(1_000);
    stop.abort("no");
    await stopped;
  });

  it("has no more in doubt than the node remembers", async () => {
    const world = await openClientWorld();
    const session = new ProduceSession(world.transport);
    const sent = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"].map((text, at) => {
      // The first one's answer is lost, again and again: the others may not leave it behind.
      if (at === 0) world.faults.push("after", "after", "after");
      return session.send(request(text));
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.requests).toHaveLength(CLIENT_SEQUENCES_MAX);
    await world.environment.pass(10_000);
    await Promise.all(sent);
    expect((await stored(world)).sort()).toEqual([..."abcdefghijk"]);
  });
});
