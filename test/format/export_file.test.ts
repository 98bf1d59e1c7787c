/** Export files: what was written is read; what was cut or altered anywhere is refused whole. */
import { describe, expect, it } from "vitest";
import { concat, toHex, utf8 } from "../../src/base/bytes.ts";
import {
  ExportReader,
  type ExportSection,
  ExportWriter,
  sectionBytes,
} from "../../src/format/export_file.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
const head = { nodeId: "00000000000000aa", nodeName: "gw-1", run: "00000000000000ee" };
const HEAD = { ...head, part: 1, createdMs: 1_700_000_000_000 };
const SECTIONS: ExportSection[] = [
  { kind: "announce", payload: utf8('{"logs":[]}') },
  { kind: "append", payload: utf8("frames") },
];

function written(): Uint8Array {
  const writer = new ExportWriter(crc32c);
  const parts = [writer.begin(HEAD)];
  for (const section of SECTIONS) parts.push(writer.section(section, 3));
  const { sealedBytes } = writer;
  parts.push(writer.end());
  const bytes = concat(parts);
  expect(sealedBytes).toBe(bytes.length);
  return bytes;
}

async function read(bytes: Uint8Array) {
  let at = 0;
  const reader = new ExportReader((count) => Promise.resolve(bytes.subarray(at, at += count)), {
    path: "file",
    crc32c,
  });
  const headRead = await reader.head();
  const sections: ExportSection[] = [];
  for await (const { kind, payload } of reader.sections()) sections.push({ kind, payload });
  return { head: headRead, sections, records: reader.records };
}

describe("an export file", () => {
  it("gives back what was written", async () => {
    expect(await read(written())).toEqual({ head: HEAD, sections: SECTIONS, records: 6 });
    expect(sectionBytes(6)).toBe(18);
  });

  it("is laid out as FORMAT.md shows", () => {
    const writer = new ExportWriter(crc32c);
    const begin = writer.begin(HEAD);
    expect(toHex(begin.subarray(0, 24))).toBe("4c47424d4558505400000001010000000000006e5c264068");
    expect(new TextDecoder().decode(begin.subarray(24))).toBe(
      '{"node_id":"00000000000000aa","node_name":"gw-1","run":"00000000000000ee","part":1,' +
        '"created_ms":1700000000000}',
    );
    expect(toHex(writer.end())).toBe(
      "040000000000002cbbb44771000000010000000000000000" +
        "1fab4daaa1fcb6dd0ea9b2f82e529b0e830583c213045cf058e260a44c864e6b",
    );
  });

  it("is refused wherever it was cut", async () => {
    const bytes = written();
    for (let size = 0; size < bytes.length; size++) {
      await expect(read(bytes.subarray(0, size)), `${size} bytes`).rejects.toMatchObject({
        code: "malformed_body",
        detail: { path: "file", position: size },
      });
    }
  });

  it("is refused with any bit of it flipped", async () => {
    const bytes = written();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const copy = bytes.slice();
      copy[bit >> 3]! ^= 1 << (bit & 7);
      await expect(read(copy), `bit ${bit}`).rejects.toThrow(/Cannot read/);
    }
  });

  it("is refused with a section taken out, though every other one is whole", async () => {
    const writer = new ExportWriter(crc32c);
    const begin = writer.begin(HEAD);
    writer.section(SECTIONS[0]!);
    const kept = writer.section(SECTIONS[1]!);
    await expect(read(concat([begin, kept, writer.end()]))).rejects.toThrow(
      "sections were written",
    );
    const [one, two] = [new ExportWriter(crc32c), new ExportWriter(crc32c)];
    one.begin(HEAD);
    one.section(SECTIONS[0]!);
    const exchanged = [two.begin(HEAD), two.section(SECTIONS[1]!), one.end()];
    await expect(read(concat(exchanged))).rejects.toThrow("SHA-256");
  });

  it("is refused with anything behind its end, or in a format not known", async () => {
    const bytes = written();
    await expect(read(concat([bytes, new Uint8Array(1)]))).rejects.toThrow("bytes behind its end");
    const newer = bytes.slice();
    newer[11] = 2;
    await expect(read(newer)).rejects.toMatchObject({ code: "format_too_new" });
  });
});
