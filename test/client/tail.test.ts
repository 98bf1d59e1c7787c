import { describe, expect, it } from "vitest";
import type { Step } from "../../src/client/log_stream.ts";
import { tail } from "../../src/client/tail.ts";
import { Transport } from "../../src/client/transport.ts";
import { handEnvironment, problem } from "../support/client_world.ts";

const record = (offset: number) =>
  JSON.stringify({
    ...{ topic: "logs", partition: 0, offset, timestamp: 1, key: null, value: `${offset}` },
    headers: [],
  });
const OPENING = "retry: 1000\nid: c0\n\n";
const event = (offset: number) => `id: c${offset + 1}\ndata: ${record(offset)}\n\n`;

/** A node that answers so, one connection after the other; the last one stays open. */
function nodeThatSays(...answers: (string | Response | "refused")[]) {
  const asked: { path: string; id: string | undefined }[] = [];
  const environment = handEnvironment((url, init) => {
    const headers = init.headers as Record<string, string>;
    asked.push({ path: new URL(url).pathname + new URL(url).search, id: headers["last-event-id"] });
    const answer = answers.shift();
    if (answer === "refused") return Promise.reject(new TypeError("refused"));
    if (answer instanceof Response) return Promise.resolve(answer);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        if (answer !== undefined) controller.enqueue(new TextEncoder().encode(answer));
        if (answers.length > 0) return controller.close();
        init.signal!.addEventListener("abort", () => controller.error(init.signal!.reason));
      },
    });
    return Promise.resolve(new Response(body));
  });
  const transport = new Transport({ url: "http://node.test", environment });
  return { asked, environment, transport };
}

/** Reads so many events, while time passes as it must. */
async function take(
  { environment }: ReturnType<typeof nodeThatSays>,
  steps: AsyncGenerator<Step, void, void>,
  count: number,
) {
  const taken: Step[] = [];
  while (taken.length < count) {
    const next = steps.next();
    await environment.pass(10_000);
    const { value } = await next;
    if (value!.event !== null) taken.push(value!);
  }
  return taken;
}

const textsOf = (steps: readonly Step[]) =>
  steps.map(({ event }) => event!.kind === "record" ? event!.text() : `${event}`);

describe("tail()", () => {
  it("gives records and gaps, and the cursor behind each", async () => {
    const gap = { topic: "logs", partition: 0, from: 1, to: 3, reason: "retention" };
    const node = nodeThatSays(
      OPENING + event(0) + `id: c3\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n:\n\n` + event(3),
    );
    const steps = tail(node.transport, "logs", { from: "earliest", contains: "x", partition: 0 });
    const taken = await take(node, steps, 3);
    expect(textsOf(taken)).toEqual(["0", "logs-0: offsets 1 to 2 are missing (retention)", "3"]);
    expect(taken.map(({ position }) => position)).toEqual([
      ...[{ cursor: "c1" }, { cursor: "c3" }, { cursor: "c4" }],
    ]);
    expect(node.asked).toEqual([
      { path: "/v1/topics/logs/tail?contains=x&from=earliest&partition=0", id: undefined },
    ]);
    await steps.return();
  });

  it("comes back with the last id, however it was cut off", async () => {
    const end = (code: string) =>
      `event: end\ndata: ${JSON.stringify({ code, detail: "Bye" })}\n\n`;
    const node = nodeThatSays(
      OPENING,
      OPENING + event(0) + "id: c9\ndata: half of an eve",
      "refused",
      problem(503, "overloaded", { retriable: true }),
      event(1) + end("slow_reader"),
      event(2) + end("stopping"),
      "id: c7\n\n",
      event(3),
    );
    const steps = tail(node.transport, "logs", {});
    expect(textsOf(await take(node, steps, 4))).toEqual(["0", "1", "2", "3"]);
    expect(node.asked.map(({ id }) => id))
      .toEqual([undefined, "c0", "c1", "c1", "c1", "c2", "c3", "c7"]);
    await steps.return();
  });

  it("begins at a cursor", async () => {
    const node = nodeThatSays(event(5));
    const steps = tail(node.transport, "logs", { from: { cursor: "c5" } });
    await take(node, steps, 1);
    expect(node.asked).toEqual([{ path: "/v1/topics/logs/tail", id: "c5" }]);
    await steps.return();
  });

  it("takes silence for a broken line, and comes back", async () => {
    const node = nodeThatSays(OPENING + event(0));
    const steps = tail(node.transport, "logs", {});
    await take(node, steps, 1);
    const next = steps.next();
    await node.environment.pass(50_000);
    expect(node.asked.map(({ id }) => id)).toEqual([undefined, "c1"]);
    await node.environment.pass(0);
    next.catch(() => {});
    void steps.return();
  });

  it("waits longer each time where it is let in and thrown out again", async () => {
    const end = 'event: end\ndata: {"code":"overloaded","detail":"Full"}\n\n';
    const node = nodeThatSays(...Array.from({ length: 5 }, () => end), OPENING + event(0));
    const steps = tail(node.transport, "logs", {});
    await take(node, steps, 1);
    const waits = node.environment.delays.filter((delay) => delay < 30_000);
    expect(waits).toEqual([99, 199, 399, 799, 1_599]);
    await steps.return();
  });

  it("does not count the time its application takes", async () => {
    const node = nodeThatSays(OPENING + event(0) + event(1));
    const steps = tail(node.transport, "logs", {});
    await take(node, steps, 1);
    await node.environment.pass(1_000_000);
    expect(textsOf(await take(node, steps, 1))).toEqual(["1"]);
    expect(node.asked).toHaveLength(1);
    await steps.return();
  });

  it.each([
    ["a refusal", problem(404, "unknown_topic"), "unknown_topic"],
    [
      "an end that is final",
      'event: end\ndata: {"code":"log_diverged","detail":"No"}\n\n',
      "log_diverged",
    ],
    ["what no node says", "data: {\n\n", "invalid_answer"],
  ])("throws %s", async (_, answer, code) => {
    const node = nodeThatSays(answer);
    const steps = tail(node.transport, "logs", {});
    await expect(steps.next()).rejects.toMatchObject({ code });
  });

  it("passes over events that it does not know", async () => {
    const node = nodeThatSays("event: news\ndata: {}\n\n" + event(0));
    const steps = tail(node.transport, "logs", {});
    expect(textsOf(await take(node, steps, 1))).toEqual(["0"]);
    await steps.return();
  });

  it("ends with its signal's reason, and tells of each retry", async () => {
    const stop = new AbortController();
    const node = nodeThatSays("refused", "refused", OPENING);
    const retries: number[] = [];
    const steps = tail(node.transport, "logs", {
      signal: stop.signal,
      onRetry: ({ failures }) => void retries.push(failures),
    });
    const next = steps.next();
    await node.environment.pass(10_000);
    expect((await next).value).toEqual({ event: null, position: { cursor: "c0" } });
    const last = expect(steps.next()).rejects.toBe("enough");
    stop.abort("enough");
    await last;
    expect(retries).toEqual([1, 2]);
  });
});
