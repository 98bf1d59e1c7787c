/**
 * A large backlog, quickly: a peer that brings the node its own batches again, many times over, as
 * batches of one log that goes on and on. The node takes them through the door it has for peers: it
 * verifies, appends, indexes and syncs them, so that what lies there is what a node writes.
 *
 * @module
 */
import { viewOf } from "../../src/base/bytes.ts";
import { SEQUENCES_PER_EPOCH } from "../../src/base/limits.ts";
import { Core } from "../../src/core/core.ts";
import {
  BASE_SEQUENCE_AT,
  CRC_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  readBatchHeader,
} from "../../src/format/record_batch.ts";
import { loadCoreFile } from "../../src/host/core_file.ts";
import { ANNOUNCE_PATH, encodeAnnounceRequest } from "../../src/protocol/replication/announce.ts";
import {
  APPEND_MEDIA_TYPE,
  APPEND_PATH,
  AppendWriter,
  PROTOCOL_HEADER,
  SESSION_HEADER,
} from "../../src/protocol/replication/append_frames.ts";
import { CHECKSUM_HEADER, checksumOf } from "../../src/protocol/replication/checksum.ts";
import { encodeHelloRequest, HELLO_PATH } from "../../src/protocol/replication/hello.ts";
import { BACKLOG_TOPIC } from "./backlog.ts";
import { collectPages } from "./http_calls.ts";
import type { ProductNode } from "./product.ts";

const REQUESTS_IN_FLIGHT = 4;
const PAGES = { pages: 64, pageBytes: 1 << 20 };

/** Sends what the node has of the backlog's topic again until `bytes` of batches were taken. */
export async function flood(node: ProductNode, bytes: number): Promise<void> {
  const pages = await collectPages(node.httpUrl, BACKLOG_TOPIC, PAGES);
  const peer = new FloodPeer(node.httpUrl);
  await peer.open();
  let sent = 0;
  let turn = 0;
  const keepSending = async () => {
    while (sent < bytes) {
      const page = pages[turn++ % pages.length]!.bytes;
      sent += page.length;
      await peer.send(page);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_IN_FLIGHT }, keepSending));
}

/** Draws 63 bits. */
function drawId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  bytes[0]! &= 0x7f;
  return bytes.toHex();
}

class FloodPeer {
  readonly #url: string;
  readonly #core = Core.create(loadCoreFile());
  readonly #crc32c = (bytes: Uint8Array) => this.#core.crc32c(bytes);
  readonly #logId = drawId();
  #session = "";
  #nextOffset = 0;

  constructor(url: string) {
    this.#url = url;
  }

  async open(): Promise<void> {
    const versions = { min: 1, max: 1 };
    const hello = encodeHelloRequest({ versions, nodeId: drawId(), nodeName: "flood" });
    this.#session = String((await this.#post(HELLO_PATH, hello))["session"]);
    const log = {
      logId: this.#logId,
      gateway: "flood",
      topic: BACKLOG_TOPIC,
      partition: 0,
      firstOffset: 0,
      endOffset: 0,
      predecessor: null,
      predecessorEnd: 0,
      root: this.#logId,
    };
    const request = encodeAnnounceRequest({ session: this.#session, logs: [log] });
    await this.#post(ANNOUNCE_PATH, request);
  }

  /** The batches of a page, as those that come next in the log. */
  async send(page: Uint8Array): Promise<void> {
    const writer = new AppendWriter(this.#crc32c, new Uint8Array(page.length + 256));
    const batches = page.slice();
    this.#continueWith(batches);
    writer.lane(`${BACKLOG_TOPIC}/0`, "strict", 0);
    writer.batches([batches]);
    await this.#post(APPEND_PATH, writer.finish());
  }

  #continueWith(batches: Uint8Array): void {
    const view = viewOf(batches);
    for (let at = 0; at < batches.length;) {
      const { sizeBytes, recordsCount } = readBatchHeader(batches, at);
      view.setBigUint64(at + PRODUCER_ID_AT, BigInt(`0x${this.#logId}`));
      view.setInt16(at + PRODUCER_EPOCH_AT, Math.floor(this.#nextOffset / SEQUENCES_PER_EPOCH));
      view.setInt32(at + BASE_SEQUENCE_AT, this.#nextOffset % SEQUENCES_PER_EPOCH);
      const summed = batches.subarray(at + CRC_AT + 4, at + sizeBytes);
      view.setUint32(at + CRC_AT, this.#core.crc32c(summed));
      this.#nextOffset += recordsCount;
      at += sizeBytes;
    }
  }

  async #post(path: string, body: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>> {
    const append = path === APPEND_PATH;
    const response = await fetch(this.#url + path, {
      method: "POST",
      headers: {
        "content-type": append ? APPEND_MEDIA_TYPE : "application/json",
        ...(append ? {} : { [CHECKSUM_HEADER]: checksumOf(body, this.#crc32c) }),
        ...(path === HELLO_PATH ? {} : { [SESSION_HEADER]: this.#session, [PROTOCOL_HEADER]: "1" }),
      },
      body,
    });
    const answer = await response.json();
    const refused = answer.refused ?? [];
    if (response.ok && refused.length === 0) return answer;
    throw new Error(`Cannot send the backlog: ${JSON.stringify(answer)}`);
  }
}
