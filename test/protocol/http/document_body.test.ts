import { Encoder } from "cbor-x";
import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../../src/base/errors.ts";
import { DocumentBodies } from "../../../src/protocol/http/document_body.ts";
import { settled } from "../../support/group_world.ts";
import { HandClock } from "../../support/hand_clock.ts";

const JSON_TYPE = "application/json";
const CBOR_TYPE = "application/cbor";

function make() {
  const clock = new HandClock();
  const bodies = new DocumentBodies({ timers: clock, bytesMax: 100, budgetBytes: 150 });
  const request = (body: BodyInit, type: string | null = JSON_TYPE, more = {}) =>
    new Request("http://node/", {
      ...{ method: "POST", body },
      headers: { ...(type === null ? {} : { "content-type": type }), ...more },
    });
  const code = async (...of: Parameters<typeof request>) =>
    await codeOf(bodies.read(request(...of)));
  return { clock, bodies, request, code };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => "no error", (error) => isOperatingError(error) ? error.code : String(error));

/** A body that comes in pieces, whenever the test likes. */
function slowBody() {
  let pieces!: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => void (pieces = controller),
    cancel: () => void (cancelled = true),
  });
  const send = (text: string) => pieces.enqueue(new TextEncoder().encode(text));
  return { stream, send, end: () => pieces.close(), cancelled: () => cancelled };
}

describe("DocumentBodies.read()", () => {
  it("reads JSON and CBOR, whatever is in it", async () => {
    const { bodies, request } = make();
    const document = { a: [1, null, "ü"], b: { c: 2 ** 40 } };
    expect(await bodies.read(request(JSON.stringify(document)))).toEqual(document);
    const cbor = new Encoder({ mapsAsObjects: true, useRecords: false }).encode(document);
    expect(await bodies.read(request(new Uint8Array(cbor), CBOR_TYPE))).toEqual(document);
  });

  it("refuses what it cannot read", async () => {
    const { code } = make();
    expect(await code("{")).toBe("malformed_body");
    expect(await code(Uint8Array.of(0x22, 0xff, 0x22))).toBe("malformed_body");
    expect(await code(Uint8Array.of(0xa0, 0xa0), CBOR_TYPE)).toBe("malformed_body");
    expect(await code(Uint8Array.of(0x82, 0x01), CBOR_TYPE)).toBe("malformed_body");
    expect(await code("a=1", null)).toBe("unsupported_media_type");
    expect(await code("{}", "text/plain")).toBe("unsupported_media_type");
    expect(await code("{}", JSON_TYPE, { "content-encoding": "gzip" }))
      .toBe("unsupported_media_type");
  });

  it("lets no body name what is inherited", async () => {
    const { bodies, request } = make();
    const read = await bodies.read(request('{"__proto__":{"x":1}}')) as object;
    expect((read as { x?: number }).x).toBeUndefined();
    expect(Object.keys(read)).toEqual(["__proto__"]);
  });

  it("refuses a body over its limit before it is read, or as soon as it is", async () => {
    const { bodies, code } = make();
    expect(await code("{}", JSON_TYPE, { "content-length": "101" })).toBe("body_too_large");
    expect(await code("x".repeat(101))).toBe("body_too_large");
    expect(bodies.heldBytes).toBe(0);
  });

  it("gives up a body that does not come in time", async () => {
    const { clock, bodies, request } = make();
    const slow = slowBody();
    const reading = codeOf(bodies.read(request(slow.stream)));
    slow.send('{"a":');
    await settled();
    expect(bodies.heldBytes).toBe(5);
    clock.advance(30_000);
    expect(await reading).toBe("request_timeout");
    expect(slow.cancelled()).toBe(true);
    expect([bodies.heldBytes, clock.timersWaiting]).toEqual([0, 0]);
  });

  it("takes no more at once than its budget", async () => {
    const { bodies, request } = make();
    const slow = slowBody();
    const first = bodies.read(request(slow.stream));
    slow.send(`"${"x".repeat(97)}`);
    await settled();
    expect(await codeOf(bodies.read(request(`"${"x".repeat(80)}"`)))).toBe("overloaded");
    slow.send('"');
    slow.end();
    expect(await first).toBe("x".repeat(97));
    expect(bodies.heldBytes).toBe(0);
  });
});
