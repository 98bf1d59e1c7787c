/**
 * A peer written by hand: it says exactly what a test wants it to, true or not, to a replication
 * app in memory.
 */
import {
  encodeAnnounceRequest,
  type LogAnnouncement,
} from "../../src/protocol/replication/announce.ts";
import { APPEND_MEDIA_TYPE, AppendWriter } from "../../src/protocol/replication/append_frames.ts";
import { CHECKSUM_HEADER, checksumOf } from "../../src/protocol/replication/checksum.ts";
import { encodeHelloRequest } from "../../src/protocol/replication/hello.ts";
import type { Serve } from "./flaky_link.ts";
import { batchOf } from "./batches.ts";
import { testCore } from "./core.ts";

export interface RawAnswer {
  readonly status: number;
  readonly json: {
    readonly code?: string;
    readonly detail?: string;
    readonly session?: string;
    readonly protocol?: number;
    readonly logs?: {
      log_id: string;
      held: number;
      settled: number;
      islands?: { from: number; to: number }[];
    }[];
    readonly refused?: { lane?: string; log_id?: string; code: string; expected?: number }[];
    readonly skips?: { log_id: string; lacking: { from: number; to: number }[] }[];
  };
}

export class RawPeer {
  readonly core = testCore();
  readonly crc32c = (bytes: Uint8Array) => this.core.crc32c(bytes);
  session = "";
  protocol = 1;
  readonly #serve: Serve;
  readonly #token: string | null;

  constructor(serve: Serve, token: string | null = null) {
    this.#serve = serve;
    this.#token = token;
  }

  async hello(
    { nodeId = "00000000000000aa", min = 1, max = 1 } = {},
  ): Promise<RawAnswer> {
    const hello = { versions: { min, max }, nodeId, nodeName: "raw" };
    const answer = await this.post("/v1/replication/hello", encodeHelloRequest(hello));
    this.session = answer.json.session ?? "";
    this.protocol = answer.json.protocol ?? 1;
    return answer;
  }

  announce(...logs: (Partial<LogAnnouncement> & { logId: string })[]): Promise<RawAnswer> {
    const request = {
      session: this.session,
      logs: logs.map((log) => ({ ...PLAIN, root: log.logId, ...log })),
    };
    return this.post("/v1/replication/announce", encodeAnnounceRequest(request));
  }

  /** A batch of a log, at its source offset. */
  batch(logId: string, baseOffset: number, values: readonly string[]): Uint8Array {
    return batchOf(this.core, values, { logId, baseOffset });
  }

  writer(): AppendWriter {
    return new AppendWriter(this.crc32c);
  }

  append(fill: (writer: AppendWriter) => void): Promise<RawAnswer> {
    const writer = this.writer();
    fill(writer);
    return this.appendBody(writer.finish());
  }

  appendBody(body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
    return this.post("/v1/replication/append", body, {
      "content-type": APPEND_MEDIA_TYPE,
      "logboom-session": this.session,
      "logboom-protocol": String(this.protocol),
      ...headers,
    });
  }

  async post(
    path: string,
    body: Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<RawAnswer> {
    const response = await this.#serve(
      new Request(`http://node.example${path}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          [CHECKSUM_HEADER]: checksumOf(body, this.crc32c),
          ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
          ...headers,
        },
        body,
      }),
    );
    return { status: response.status, json: await response.json() as RawAnswer["json"] };
  }
}

const PLAIN: Omit<LogAnnouncement, "logId" | "root"> = {
  gateway: "raw",
  topic: "logs",
  partition: 0,
  firstOffset: 0,
  endOffset: 1_000,
  predecessor: null,
  predecessorEnd: 0,
};
