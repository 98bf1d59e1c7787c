/**
 * A sneakernet file: what one node has that its upstream does not, to be carried by hand. Sealed: one
 * that is torn, cut or altered anywhere is refused whole, with the place.
 *
 *     0  magic     u64   "LGBMEXPT"
 *     8  version   u32   1
 *    12  sections  back to back, up to the end section, which is the file's end
 *
 * section
 *     0  kind      u8    1 head, 2 announce, 3 append, 4 end
 *     1  reserved  u24   0
 *     4  length    u32   bytes of the payload
 *     8  crc       u32   CRC-32C of bytes 0 .. 7 and of the payload
 *    12  payload
 *
 * head, JSON; the first section, once
 *     node_id      16 hex       of the data directory it comes from
 *     node_name    string
 *     run          16 hex       of the process that wrote it: files of one export name the same
 *     part         integer      from 1, where one export is several files
 *     created_ms   integer
 *
 * announce, JSON: {"logs": [...]} as in POST /v1/replication/announce, path keys and all; a log stands
 * here before its first batch. Whoever holds the file can be a path of these logs: keep it as safe as
 * the records in it.
 *
 * append: frames exactly as in the body of POST /v1/replication/append
 *
 * end
 *     0  sections  u32      before this one
 *     4  records   u64      in all append sections
 *    12  sha256    32 bytes of all of the file before this section
 *
 * Integers are big-endian. A worked example stands in FORMAT.md.
 *
 * @module
 */
import { bytesEqual, concat, utf8, viewOf } from "../base/bytes.ts";
import { OperatingError } from "../base/errors.ts";
import { EXPORT_SECTION_BYTES_MAX } from "../base/limits.ts";
import { Sha256 } from "../base/sha256.ts";
import type { NodeId, TimestampMs } from "../base/types.ts";
import type { Checksum } from "./journal_entry.ts";

const MAGIC = utf8("LGBMEXPT");
export const EXPORT_VERSION = 1;
export const EXPORT_MEDIA_TYPE = "application/vnd.logboom.export";
const FILE_HEADER_BYTES = 12;
const SECTION_HEADER_BYTES = 12;
const CRC_AT = 8;
const END_BYTES = 44;
const SHA256_BYTES = 32;

const KINDS = ["head", "announce", "append", "end"] as const;
type Kind = typeof KINDS[number];

/** Bytes of the end section, header and all. */
export const EXPORT_END_BYTES = SECTION_HEADER_BYTES + END_BYTES;

export interface ExportHead {
  readonly nodeId: NodeId;
  readonly nodeName: string;
  readonly run: string;
  readonly part: number;
  readonly createdMs: TimestampMs;
}

/** What a file holds between its head and its end. */
export interface ExportSection {
  readonly kind: "announce" | "append";
  readonly payload: Uint8Array;
}

/** Turns sections into the bytes of one file, from its header to its end. */
export class ExportWriter {
  readonly #crc32c: Checksum;
  readonly #sum = new Sha256();
  #sections = 0;
  #records = 0;
  #sizeBytes = 0;

  constructor(crc32c: Checksum) {
    this.#crc32c = crc32c;
  }

  /** Bytes so far, and those of an end section. */
  get sealedBytes(): number {
    return this.#sizeBytes + EXPORT_END_BYTES;
  }

  begin({ nodeId, nodeName, run, part, createdMs }: ExportHead): Uint8Array {
    const header = new Uint8Array(FILE_HEADER_BYTES);
    header.set(MAGIC);
    viewOf(header).setUint32(8, EXPORT_VERSION);
    const head = { node_id: nodeId, node_name: nodeName, run, part, created_ms: createdMs };
    return concat([this.#counted(header), this.#section("head", utf8(JSON.stringify(head)))]);
  }

  /** @param records in its batches */
  section({ kind, payload }: ExportSection, records = 0): Uint8Array {
    this.#records += records;
    return this.#section(kind, payload);
  }

  end(): Uint8Array {
    const payload = new Uint8Array(END_BYTES);
    viewOf(payload).setUint32(0, this.#sections);
    viewOf(payload).setBigUint64(4, BigInt(this.#records));
    payload.set(this.#sum.digest(), END_BYTES - SHA256_BYTES);
    return sectionOf("end", payload, this.#crc32c);
  }

  #section(kind: Kind, payload: Uint8Array): Uint8Array {
    this.#sections++;
    return this.#counted(sectionOf(kind, payload, this.#crc32c));
  }

  #counted(bytes: Uint8Array): Uint8Array {
    this.#sum.update(bytes);
    this.#sizeBytes += bytes.length;
    return bytes;
  }
}

/** Bytes of a section with a payload of that size. */
export function sectionBytes(payloadBytes: number): number {
  return SECTION_HEADER_BYTES + payloadBytes;
}

function sectionOf(kind: Kind, payload: Uint8Array, crc32c: Checksum): Uint8Array {
  const section = concat([new Uint8Array(SECTION_HEADER_BYTES), payload]);
  section[0] = KINDS.indexOf(kind) + 1;
  const view = viewOf(section);
  view.setUint32(4, payload.length);
  view.setUint32(CRC_AT, crc32c(concat([section.subarray(0, CRC_AT), payload])));
  return section;
}

/** Exactly so many of the file's next bytes; fewer only at its end. */
export type ReadBytes = (count: number) => Promise<Uint8Array>;

export interface ExportReaderOptions {
  /** Of the file, for errors. */
  readonly path: string;
  readonly crc32c: Checksum;
}

/** Reads one file front to back, and believes nothing in it before its checksum. */
export class ExportReader {
  readonly #read: ReadBytes;
  readonly #options: ExportReaderOptions;
  readonly #sum = new Sha256();
  #position = 0;
  #sections = 0;
  /** In all append sections, as the end says; known once that was read. */
  records = 0;

  constructor(read: ReadBytes, options: ExportReaderOptions) {
    this.#read = read;
    this.#options = options;
  }

  /** @throws {OperatingError} `malformed_body` where it is none, or torn; `format_too_new` */
  async head(): Promise<ExportHead> {
    const header = await this.#take(FILE_HEADER_BYTES);
    if (!bytesEqual(header.subarray(0, MAGIC.length), MAGIC)) throw this.#bad("it is no export");
    const version = viewOf(header).getUint32(8);
    if (version !== EXPORT_VERSION) {
      throw new OperatingError(
        "format_too_new",
        `Cannot read ${this.#options.path}: it is in export format ${version}, and this logboom ` +
          `knows format ${EXPORT_VERSION}. Use the logboom that wrote it, or a newer one.`,
      );
    }
    this.#sum.update(header);
    const { kind, payload } = await this.#section();
    if (kind !== "head") throw this.#bad("its first section is no head");
    return this.#headOf(payload);
  }

  /** The sections after the head; done only once the end has sealed the file. */
  async *sections(): AsyncGenerator<ExportSection & { readonly position: number }> {
    for (;;) {
      const position = this.#position;
      const digest = this.#sum.copy();
      const { kind, payload } = await this.#section();
      if (kind === "end") return await this.#sealed(payload, digest);
      if (kind === "head") throw this.#bad("a second head", position);
      yield { kind, payload, position };
    }
  }

  async #sealed(payload: Uint8Array, digest: Sha256): Promise<void> {
    const view = viewOf(payload);
    if (payload.length !== END_BYTES) throw this.#bad(`an end of ${payload.length} bytes`);
    const sections = view.getUint32(0);
    if (sections !== this.#sections - 1) throw this.#bad(`${sections} sections were written`);
    if (!bytesEqual(payload.subarray(END_BYTES - SHA256_BYTES), digest.digest())) {
      throw this.#bad("its SHA-256 is not the one it was sealed with");
    }
    this.records = Number(view.getBigUint64(4));
    if ((await this.#read(1)).length > 0) throw this.#bad("bytes behind its end");
  }

  async #section(): Promise<{ kind: Kind; payload: Uint8Array }> {
    const at = this.#position;
    const header = await this.#take(SECTION_HEADER_BYTES);
    const length = viewOf(header).getUint32(4);
    if (length > EXPORT_SECTION_BYTES_MAX) throw this.#bad("a damaged section", at);
    const payload = await this.#take(length);
    const crc = this.#options.crc32c(concat([header.subarray(0, CRC_AT), payload]));
    if (crc !== viewOf(header).getUint32(CRC_AT)) throw this.#bad("a damaged section", at);
    const kind = KINDS[header[0]! - 1];
    if (kind === undefined) throw this.#bad(`a section of unknown kind ${header[0]}`, at);
    this.#sum.update(header);
    this.#sum.update(payload);
    this.#sections++;
    return { kind, payload };
  }

  async #take(count: number): Promise<Uint8Array> {
    const bytes = await this.#read(count);
    if (bytes.length < count) {
      throw this.#bad("it is torn: no end section seals it", this.#position + bytes.length);
    }
    this.#position += count;
    return bytes;
  }

  #headOf(payload: Uint8Array): ExportHead {
    try {
      const head = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
      const text = (name: string) => {
        const value = head[name];
        if (typeof value !== "string" || value === "") throw new Error(name);
        return value;
      };
      return {
        nodeId: text("node_id"),
        nodeName: text("node_name"),
        run: text("run"),
        part: Number(head["part"]),
        createdMs: Number(head["created_ms"]),
      };
    } catch {
      throw this.#bad("its head cannot be read");
    }
  }

  #bad(state: string, position = this.#position): OperatingError {
    const { path } = this.#options;
    return new OperatingError(
      "malformed_body",
      `Cannot read export ${path} at position ${position}: ${state}`,
      { path, position },
    );
  }
}
