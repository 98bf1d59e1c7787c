import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import {
  ackPacket,
  Answer,
  AnswerQueue,
  joinAcks,
  withReasonCode,
} from "../../../src/ingress/mqtt/answer_queue.ts";
import { PacketType } from "../../../src/protocol/mqtt/packet_type.ts";
import type { PartitionLog } from "../../../src/store/partition_log.ts";

const NO_EVENTS = { ready() {}, settled() {} };
/** Answers never look at the log that calls them. */
const LOG = null as unknown as PartitionLog;

function answerOf(queue: AnswerQueue, identifier: number, partitions = 1): Answer {
  const answer = new Answer(NO_EVENTS, ackPacket(PacketType.Puback, identifier), 0);
  for (let nth = 0; nth < partitions; nth++) answer.waitFor();
  queue.push(answer);
  return answer;
}

const identifiers = (answers: Answer[]) => answers.map(({ acks }) => acks[2]! * 256 + acks[3]!);

describe("AnswerQueue.takeReady()", () => {
  it("keeps the order of arrival, whatever the order of commits [MQTT-4.6.0-2]", () => {
    const queue = new AnswerQueue();
    const [first, second, third] = [1, 2, 3].map((identifier) => answerOf(queue, identifier));
    second!.committed(LOG, null);
    third!.committed(LOG, null);
    expect(queue.takeReady()).toEqual([]);
    first!.committed(LOG, null);
    expect(identifiers(queue.takeReady())).toEqual([1, 2, 3]);
    expect(queue.isEmpty).toBe(true);
  });

  it("waits for every partition", () => {
    const queue = new AnswerQueue();
    const answer = answerOf(queue, 1, 2);
    answer.committed(LOG, null);
    expect(queue.takeReady()).toEqual([]);
    answer.committed(LOG, null);
    expect(identifiers(queue.takeReady())).toEqual([1]);
  });

  it("stops behind the first that failed", () => {
    const queue = new AnswerQueue();
    const answers = [1, 2, 3].map((identifier) => answerOf(queue, identifier));
    answers[0]!.committed(LOG, null);
    answers[1]!.committed(LOG, new OperatingError("storage_full", "full"));
    answers[2]!.committed(LOG, null);
    const ready = queue.takeReady();
    expect(identifiers(ready)).toEqual([1, 2]);
    expect(ready[1]!.error?.code).toBe("storage_full");
    expect(identifiers(queue.takeReady())).toEqual([3]);
  });

  it("takes new answers after it was empty", () => {
    const queue = new AnswerQueue();
    answerOf(queue, 1).committed(LOG, null);
    queue.takeReady();
    answerOf(queue, 2).committed(LOG, null);
    expect(identifiers(queue.takeReady())).toEqual([2]);
  });
});

describe("Answer.committed()", () => {
  it("gives back its bytes and says so once, when the last partition is through", () => {
    const events: string[] = [];
    const answer = new Answer(
      { ready: () => void events.push("ready"), settled: () => void events.push("settled") },
      new Uint8Array(0),
      10,
    );
    answer.waitFor();
    answer.waitFor();
    answer.committed(LOG, null);
    expect(events).toEqual([]);
    answer.committed(LOG, null);
    expect(events).toEqual(["settled", "ready"]);
  });
});

describe("acknowledgements", () => {
  it("carry their packet identifier", () => {
    expect(ackPacket(PacketType.Puback, 0x1234)).toEqual(Uint8Array.of(0x40, 2, 0x12, 0x34));
    expect(ackPacket(PacketType.Pubcomp, 7, 0x92)).toEqual(Uint8Array.of(0x70, 3, 0, 7, 0x92));
  });

  it("join in order", () => {
    const queue = new AnswerQueue();
    const answers = [1, 2].map((identifier) => answerOf(queue, identifier));
    expect(joinAcks(answers)).toEqual(Uint8Array.of(0x40, 2, 0, 1, 0x40, 2, 0, 2));
  });

  it("each get the reason code when they fail", () => {
    const acks = Uint8Array.of(0x40, 2, 0, 1, 0x50, 2, 0, 2);
    expect(withReasonCode(acks, 0x97)).toEqual(
      Uint8Array.of(0x40, 3, 0, 1, 0x97, 0x50, 3, 0, 2, 0x97),
    );
  });
});
