/** Lines to records, and where JSON values end. The oracle for JSON is JSON.parse. */
import { beforeEach, describe, expect, it } from "vitest";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { BATCH_BYTES_MAX } from "../../src/base/limits.ts";
import { Status } from "../../src/core/status.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const STAMP = {
  baseOffset: 0,
  leaderEpoch: 0,
  logId: "0000000000000001",
  compression: "none",
} as const;
const LINES = { timestamp: 1000 };
const text = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes ?? utf8("(null)"));
const valuesOf = (handle: number) =>
  core.decode(core.seal(handle, STAMP)).map(({ value }) => text(value));

beforeEach(() => core.reset());

describe("TextScanner.appendLines()", () => {
  it("makes a record of each line, whatever ends it, and skips empty ones", () => {
    const body = utf8("one\ntwo\r\n\n\r\n three \rstill\n\ufefffour");
    expect(core.appendLines(0, body, LINES)).toEqual({
      status: "ok",
      records: 4,
      consumed: body.length,
    });
    const [one, two, three, four] = core.decode(core.seal(0, STAMP));
    expect([one, two, three].map((record) => text(record!.value))).toEqual([
      "one",
      "two",
      " three \rstill",
    ]);
    expect(four!.value).toEqual(utf8("\ufefffour"));
  });

  it("finds the ends of lines of every length", () => {
    const lines = Array.from({ length: 100 }, (_, size) => "x".repeat(size + 1));
    for (const end of ["\n", "\r\n"]) {
      core.appendLines(0, utf8(lines.join(end)), LINES);
      expect(valuesOf(0)).toEqual(lines);
    }
  });

  it("gives all records the key and the headers", () => {
    core.appendLines(0, utf8("a\nb"), { ...LINES, key: utf8("k"), headers: [["h", utf8("v")]] });
    for (const record of core.decode(core.seal(0, STAMP))) {
      expect(record).toMatchObject({
        timestamp: 1000,
        key: utf8("k"),
        headers: [["h", utf8("v")]],
      });
    }
  });

  it("stops at a full batch and goes on from there", () => {
    const lines = Array.from({ length: 40_000 }, (_, nth) => `line ${nth} ${"-".repeat(nth % 90)}`);
    const body = utf8(lines.join("\n"));
    const seen: string[] = [];
    let consumed = 0;
    let calls = 0;
    while (consumed < body.length) {
      const appended = core.appendLines(3, body, { ...LINES, from: consumed });
      expect(["ok", "batch_full"]).toContain(appended.status);
      expect(core.openRecords(3)).toBe(appended.records);
      consumed = appended.consumed;
      seen.push(...valuesOf(3));
      calls++;
    }
    expect(calls).toBeGreaterThan(2);
    expect(seen).toEqual(lines);
  });

  it("takes the longest line and names the one that is too long", () => {
    const longest = new Uint8Array(BATCH_BYTES_MAX - 61 - 11).fill(0x61);
    expect(core.appendLines(0, longest, LINES).status).toBe("ok");
    core.discard(0);
    for (const size of [longest.length + 1, 2 ** 21]) {
      const body = concat([utf8("a\n"), new Uint8Array(size).fill(0x61)]);
      const full = core.appendLines(0, body, LINES);
      expect(full).toMatchObject({ records: 1, consumed: 2 });
      core.discard(0);
      const again = core.appendLines(0, body, { ...LINES, from: 2 });
      expect(again).toEqual({ status: "too_large", records: 0, consumed: 2 });
    }
  });
});

/** As JSON.parse has it, but for what is not UTF-8. */
function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

function accepts(bytes: Uint8Array): boolean {
  const end = core.jsonValueEnd(bytes, 0);
  return end >= 0 &&
    bytes.subarray(end).every((byte) => " \t\r\n".includes(String.fromCharCode(byte)));
}

const GOOD = [
  "0",
  "-0",
  "-0.0e-0",
  "1E+2",
  "123.456e7",
  '""',
  '"\\u00e4\\n\\"\\\\\\/"',
  '"ä€😀\u007f\u2028"',
  "true",
  " \t\r\nnull ",
  "[]",
  "[ ]",
  "{ }",
  '{"a":{"b":[1,{"c":[[],{}]}]}, "a" : 2 }',
  "[1, 2,[3],false]",
  '"long enough for more than one step of sixteen bytes, with a \\t escape"',
];

const BAD = [
  "",
  " ",
  "01",
  "-",
  "+1",
  ".5",
  "1.",
  "1e",
  "1e+",
  "tru",
  "truely",
  "nul",
  "[1,]",
  "[,1]",
  "[1 2]",
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  "{1:2}",
  "{]",
  "[}",
  "[",
  "]",
  '"',
  '"\\',
  '"\\x"',
  '"\\u12g4"',
  '"tab\there"',
  "'a'",
  "NaN",
  "\ufeff1",
  "1 // one",
  "[1]]",
];

describe("TextScanner.jsonValueEnd()", () => {
  it("accepts what is JSON and nothing else", () => {
    for (const json of GOOD) expect(accepts(utf8(json)), json).toBe(true);
    for (const json of BAD) expect(accepts(utf8(json)), json).toBe(false);
    for (const json of [...GOOD, ...BAD]) {
      expect(isJson(utf8(json)), json).toBe(GOOD.includes(json));
    }
  });

  it("ends behind the value, wherever it begins", () => {
    const bytes = utf8('[1, "two" ,{"3":3}] rest');
    expect(core.jsonValueEnd(bytes, 0)).toBe(19);
    expect(core.jsonValueEnd(bytes, 3)).toBe(9);
    expect(core.jsonValueEnd(bytes, 11)).toBe(18);
    expect(core.jsonValueEnd(bytes, 20)).toBe(Status.BAD_JSON);
    expect(core.jsonValueEnd(bytes, bytes.length)).toBe(Status.BAD_JSON);
  });

  it("agrees with TextDecoder on every sequence of two bytes and the edges of longer ones", () => {
    const edges = [0x00, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
    const disagreed: number[][] = [];
    const compare = (...bytes: number[]) => {
      const inside = lenient.decode(Uint8Array.from(bytes));
      const isString = ![...inside].some((character) =>
        character < " " || '"\\\ufffd'.includes(character)
      );
      if (accepts(Uint8Array.of(0x22, ...bytes, 0x22)) !== isString) disagreed.push(bytes);
    };
    for (let first = 0x80; first < 0x100; first++) {
      for (let second = 0; second < 0x100; second++) compare(first, second);
      if (first < 0xe0) continue;
      for (const second of edges) {
        for (const third of edges) {
          compare(first, second, third);
          for (const fourth of edges) compare(first, second, third, fourth);
        }
      }
    }
    expect(disagreed).toEqual([]);
  });

  it("nests to its limit and no deeper", () => {
    for (const [open, close] of [["[", "]"], ['{"a":', "}"]] as const) {
      const nested = (depth: number) => utf8(open.repeat(depth) + "1" + close.repeat(depth));
      expect(accepts(nested(512))).toBe(true);
      expect(accepts(nested(513))).toBe(false);
      expect(accepts(nested(1_000_000))).toBe(false);
    }
  });
});

describe("TextScanner.jsonElements()", () => {
  const elementsOf = (json: string) => {
    const bytes = utf8(json);
    const positions = core.jsonElements(bytes);
    if (typeof positions === "number") return positions;
    return Array.from(
      { length: positions.length / 2 },
      (_, nth) => text(bytes.subarray(positions[2 * nth]!, positions[2 * nth + 1]!)),
    );
  };

  it("gives the elements as their source text", () => {
    expect(elementsOf("[]")).toEqual([]);
    expect(elementsOf(' [ 1.0 , {"a": [1] },"x" ]\n')).toEqual(["1.0", '{"a": [1] }', '"x"']);
    for (const json of ["", "{}", "1", "[1", "[1,]", "[1] 2", "[1]]", "[1 2]", "[01]"]) {
      expect(elementsOf(json), json).toBe(Status.BAD_JSON);
    }
  });

  it("goes on over more elements than its table holds", () => {
    for (const count of [32_767, 32_768, 32_769, 100_000]) {
      const numbers = Array.from({ length: count }, (_, nth) => String(nth));
      expect(elementsOf(`[${numbers.join(",")}]`)).toEqual(numbers);
    }
    expect(elementsOf(`[${"1,".repeat(1_000_000)}1]`)).toBe(Status.TOO_LARGE);
  });
});

describe("TextScanner.badJsonLine()", () => {
  it("gives the position of the first line that is not one value", () => {
    const cases: [string, number][] = [
      ["", -1],
      ['{"a":1}\n[2]\r\n\n"3"', -1],
      [" 1 \r\n 2", -1],
      ["1\n2 3\n4", 2],
      ["1\n[2,\n3]", 2],
      ["1\n ", 2],
      ["x", 0],
    ];
    for (const [body, position] of cases) expect(core.badJsonLine(utf8(body)), body).toBe(position);
  });
});
