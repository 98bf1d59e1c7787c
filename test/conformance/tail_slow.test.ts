/**
 * Readers of a tail who take nothing, over real sockets, with a clock that is wound by hand: they are
 * told, then cut off, and what they had open is free; whoever reads beside them has every record once.
 */
import { describe, expect, it, onTestFinished } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import {
  TAIL_GOODBYE_MS,
  TAIL_PIECES_BYTES_MAX,
  TAIL_STALLED_MS,
  TAIL_SWEEP_MS,
} from "../../src/base/tail_limits.ts";
import { HOST_TIMERS } from "../../src/host/timers.ts";
import { HttpListeners } from "../../src/http_listeners.ts";
import { EventReader } from "../support/event_stream.ts";
import { type HttpWorld, openHttpWorld } from "../support/http_world.ts";

const RECORD_BYTES = 1_000;
const BATCHES = 100;
const RECORDS_EACH = 100;

interface Served {
  readonly world: HttpWorld;
  readonly port: number;
  readonly said: string[];
}

/** The doors of a store on a port of their own, with or without a front before the server. */
async function serve(mqtt: (() => void) | null): Promise<Served> {
  const said: string[] = [];
  let from = "";
  const world = await openHttpWorld({
    logger: {
      ...SILENT_LOGGER,
      warn: (event, fields) => void said.push(`${event} ${fields?.["reason"]}`),
    },
    egress: { addressOf: () => from, cut: (addresses) => listeners.cut(addresses) },
  });
  const listeners = new HttpListeners({
    config: { host: "127.0.0.1", http_port: 0, https_port: null, tls_cert: null, tls_key: null },
    ...{ timers: HOST_TIMERS, logger: SILENT_LOGGER, mqtt },
    handle(request, remote) {
      from = remote;
      const { pathname, search } = new URL(request.url);
      const id = request.headers.get("last-event-id");
      return world.get(pathname + search, id === null ? {} : { headers: { "last-event-id": id } });
    },
    onBug(error) {
      throw error;
    },
  });
  onTestFinished(() => listeners.close());
  return { world, port: listeners.http!.port, said };
}

async function put(world: HttpWorld, first: number, count: number): Promise<void> {
  const lines = Array.from(
    { length: count },
    (_, nth) => `${first + nth} `.padEnd(RECORD_BYTES, "x"),
  );
  const response = await world.post("/v1/topics/t/records", "text/plain", lines.join("\n"));
  expect(response.status).toBe(200);
}

/** Somebody who asks for all there is, and then reads nothing. */
async function stuckReader(port: number): Promise<Deno.TcpConn> {
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = "GET /v1/topics/t/tail?from=earliest HTTP/1.1\r\nHost: x\r\n\r\n";
  await client.write(new TextEncoder().encode(request));
  onTestFinished(() => client.close());
  return client;
}

async function metric(world: HttpWorld, name: string): Promise<number> {
  const text = await (await world.get("/metrics")).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)![1]);
}

/** Reads until the other side ends it, however it does. */
async function endOf(client: Deno.TcpConn): Promise<void> {
  const into = new Uint8Array(64 * 1024);
  try {
    while (await client.read(into) !== null);
  } catch (error) {
    expect(error).toBeInstanceOf(Deno.errors.ConnectionReset);
  }
}

async function numbers(reader: EventReader, count: number): Promise<number[]> {
  return (await reader.values(count)).map((value) => parseInt(value));
}

describe.each([["a front before the server", () => {}], ["no front", null]])(
  "with %s",
  (_name, mqtt) => {
    it("drops who takes nothing, and nobody else has less for it", async () => {
      const { world, port, said } = await serve(mqtt);
      for (let nth = 0; nth < BATCHES; nth++) {
        await put(world, nth * RECORDS_EACH, RECORDS_EACH);
      }
      const stuck = [await stuckReader(port), await stuckReader(port), await stuckReader(port)];
      const quick = new EventReader(
        await fetch(`http://127.0.0.1:${port}/v1/topics/t/tail?from=earliest`),
      );
      onTestFinished(() => quick.close().catch(() => {}));
      const all = BATCHES * RECORDS_EACH;
      expect(await numbers(quick, all)).toEqual(Array.from({ length: all }, (_, nth) => nth));
      await expect.poll(() => metric(world, "logboom_tails")).toBe(4);
      expect(await metric(world, "logboom_tail_buffered_bytes"))
        .toBeLessThanOrEqual(TAIL_PIECES_BYTES_MAX);

      pass(world, TAIL_STALLED_MS);
      expect(said).toEqual(stuck.map(() => "tail_ended slow_reader"));
      await put(world, all, 3);
      expect(await numbers(quick, 3)).toEqual([all, all + 1, all + 2]);
      pass(world, TAIL_GOODBYE_MS + TAIL_SWEEP_MS);
      await Promise.all(stuck.map(endOf));
      expect(await metric(world, "logboom_tails")).toBe(1);
      await put(world, all + 3, 1);
      expect(await numbers(quick, 1)).toEqual([all + 3]);
    });

    it("tells why to one who reads again in time", async () => {
      const { world, port } = await serve(mqtt);
      for (let nth = 0; nth < BATCHES; nth++) {
        await put(world, nth * RECORDS_EACH, RECORDS_EACH);
      }
      const answer = await fetch(`http://127.0.0.1:${port}/v1/topics/t/tail?from=earliest`);
      const sorry = new EventReader(answer);
      onTestFinished(() => sorry.close().catch(() => {}));
      // What lies in between fills: from then on nothing is taken.
      let before = -1;
      for (let now = 0; now !== before || now === 0;) {
        before = now;
        await new Promise((resolve) => setTimeout(resolve, 200));
        now = await metric(world, "logboom_tail_buffered_bytes");
      }
      pass(world, TAIL_STALLED_MS + TAIL_SWEEP_MS);
      let last = await sorry.next();
      let records = 0;
      for (; last?.type === "message"; last = await sorry.next()) records += 1;
      expect(records).toBeLessThan(BATCHES * RECORDS_EACH);
      expect(JSON.parse(last!.data).code).toBe("slow_reader");
      expect(await sorry.next()).toBeNull();
      const again = await fetch(`http://127.0.0.1:${port}/v1/topics/t/tail`, {
        headers: { "last-event-id": sorry.lastEventId },
      });
      const rest = new EventReader(again);
      onTestFinished(() => rest.close().catch(() => {}));
      expect((await numbers(rest, 1))[0]).toBe(records);
    });
  },
);

/** Lets time pass as the sweeps see it. */
function pass({ world: { clock } }: HttpWorld, ms: number): void {
  for (let passed = 0; passed < ms; passed += TAIL_SWEEP_MS) clock.advance(TAIL_SWEEP_MS);
}
