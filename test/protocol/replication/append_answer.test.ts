/** The answer to append: there and back. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  appendAnswerToJson,
  decodeAppendAnswer,
} from "../../../src/protocol/replication/append_answer.ts";

const logId = "00000000000000aa";

describe("decodeAppendAnswer()", () => {
  it("reads what was written", () => {
    const answer = {
      logs: [{ logId, held: 90, settled: 80 }],
      skips: [{ logId, from: 10, to: 20, lacking: [{ from: 12, to: 15 }] }],
      refused: [],
    };
    const body = utf8(JSON.stringify(appendAnswerToJson(answer)));
    expect(decodeAppendAnswer(body)).toEqual(answer);
  });

  it("refuses a range that ends before it starts", () => {
    const body = utf8(
      JSON.stringify({ logs: [], refused: [], skips: [{ log_id: logId, from: 5, to: 4 }] }),
    );
    expect(() => decodeAppendAnswer(body)).toThrow('"to" of append answer, skips[0]');
  });
});
