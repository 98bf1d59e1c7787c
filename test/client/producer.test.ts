import { describe, expect, it, vi } from "vitest";
import { CLIENT_BATCH_RECORDS } from "../../src/base/client_limits.ts";
import { ProduceSession } from "../../src/client/produce_session.ts";
import { Producer, type ProducerOptions } from "../../src/client/producer.ts";
import { collect, openClientWorld, problem } from "../support/client_world.ts";

async function openProducer(options: ProducerOptions = {}) {
  const world = await openClientWorld();
  const { transport, environment } = world;
  const session = new ProduceSession(transport);
  const producer = new Producer({ session, environment }, "logs", options);
  const stored = async () =>
    (await collect(world.client.read("logs", { onGap: () => {} }))).map((record) => record.text());
  const posts = () => world.requests.filter((one) => one.startsWith("POST")).length;
  return { ...world, producer, stored, posts };
}

describe("Producer", () => {
  it("gathers what comes within its linger into one request", async () => {
    const { producer, environment, stored, posts } = await openProducer({ lingerMs: 5 });
    const sent = ["a", "b", "c"].map((text) => producer.send(text));
    await environment.pass(4);
    expect(posts()).toBe(0);
    await environment.pass(1);
    await Promise.all(sent);
    expect(posts()).toBe(1);
    expect(await stored()).toEqual(["a", "b", "c"]);
  });

  it("does not linger once a batch is full, and splits what is more", async () => {
    const { producer, stored, posts } = await openProducer({ lingerMs: 1e9, batchBytes: 100 });
    const texts = Array.from({ length: 20 }, (_, nth) => `record ${nth}`);
    await Promise.all(texts.slice(0, 12).map((text) => producer.send(text)));
    const rest = texts.slice(12).map((text) => producer.send(text));
    await producer.flush();
    await Promise.all(rest);
    expect(await stored()).toEqual(texts);
    expect(posts()).toBeGreaterThan(4);
  });

  it("keeps the order through outages, and appends nothing twice", async () => {
    const { producer, environment, faults, stored } = await openProducer({ batchBytes: 50 });
    faults.push("after", "before", problem(503, "shutting_down", { retriable: true }), "after");
    const texts = Array.from({ length: 30 }, (_, nth) => `record ${nth}`);
    const sent = texts.map((text) => producer.send(text));
    await environment.pass(60_000);
    await Promise.all(sent);
    expect(await stored()).toEqual(texts);
  });

  it("finds the record that is refused, and writes all others in their order", async () => {
    const { producer, stored } = await openProducer({ lingerMs: 1e9 });
    const large = "x".repeat(2_000_000);
    const texts = ["a", "b", "c", large, "d", large, "e"];
    const sent = Promise.allSettled(texts.map((text) => producer.send(text)));
    await producer.flush();
    expect((await sent).map((one) => one.status === "rejected" ? one.reason.code : one.status))
      .toEqual([
        ...["fulfilled", "fulfilled", "fulfilled", "record_too_large"],
        ...["fulfilled", "record_too_large", "fulfilled"],
      ]);
    expect(await stored()).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("rejects all of a batch where the node refuses it for another reason", async () => {
    const { producer, faults, posts } = await openProducer({ lingerMs: 1e9 });
    faults.push(problem(403, "forbidden"));
    const sent = Promise.allSettled([producer.send("a"), producer.send("b")]);
    await producer.flush();
    expect((await sent).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(posts()).toBe(1);
  });

  it("holds no more than its buffer, and says when there is room", async () => {
    const { producer } = await openProducer({ lingerMs: 1e9, bufferBytes: 40 });
    const held = [producer.send("0123456789"), producer.send("0123456789")];
    await expect(producer.send("x")).rejects.toMatchObject({
      code: "buffer_full",
      retriable: true,
    });
    const room = vi.fn();
    const ready = producer.ready.then(room);
    await Promise.resolve();
    expect(room).not.toHaveBeenCalled();
    await producer.flush();
    await Promise.all([...held, ready]);
    await producer.ready;
    void producer.send("x");
    await producer.close();
  });

  it("close() settles everything, and takes no more", async () => {
    const { producer, stored } = await openProducer({ lingerMs: 1e9 });
    const sent = producer.send("a");
    await producer[Symbol.asyncDispose]();
    await sent;
    expect(await stored()).toEqual(["a"]);
    await expect(producer.send("b")).rejects.toMatchObject({ code: "closed" });
    await producer.flush();
  });

  it("abort() gives up what waits and what is under way", async () => {
    const { producer, environment, faults } = await openProducer({ lingerMs: 0 });
    faults.push("before", "before", "before", "before", "before", "before");
    const first = producer.send("a");
    await environment.pass(0);
    const sent = Promise.allSettled([first, producer.send("b")]);
    producer.abort("enough");
    await environment.pass(1_000);
    expect(await sent).toEqual([
      { status: "rejected", reason: "enough" },
      { status: "rejected", reason: "enough" },
    ]);
    await producer.flush();
  });

  it("abort() gives up all that waits, more than a request takes as well", async () => {
    const { producer } = await openProducer({ lingerMs: 60_000 });
    const sent = Array.from({ length: CLIENT_BATCH_RECORDS + 1 }, () => producer.send("a"));
    const settled = Promise.allSettled(sent);
    producer.abort("enough");
    expect(new Set((await settled).map(({ status }) => status))).toEqual(new Set(["rejected"]));
    await producer.ready;
    await producer.flush();
  });

  it("refuses what is no record where it is given", async () => {
    const { producer } = await openProducer();
    await expect(producer.send("\ud800")).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
