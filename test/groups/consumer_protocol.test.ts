import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from "../../src/groups/consumer_protocol.ts";
import { diceOf } from "../support/dice.ts";

const { MemberMetadata, MemberAssignment } =
  createRequire(import.meta.url)("kafkajs").AssignerProtocol;

const OWNED = [{ topic: "t", partition: 1 }, { topic: "t", partition: 2 }];

describe("a subscription", () => {
  // Written out by hand from ConsumerProtocolSubscription.json: version, topics, user data, owned.
  const V0 = "0000" + "00000001" + "000174" + "ffffffff";
  const V1 = "0001" + "00000001" + "000174" + "00000002abcd" + "00000001" + "000174" +
    "00000002" + "00000001" + "00000002";
  const V3 = V1.replace("0001", "0003") + "00000007" + "000172";

  it("is written as version 0 where nothing is owned, as version 1 where something is", () => {
    expect(toHex(encodeSubscription({ topics: ["t"], owned: [] }))).toBe(V0);
    expect(toHex(encodeSubscription({ topics: ["t"], owned: OWNED })))
      .toBe(V1.replace("00000002abcd", "ffffffff"));
  });

  it("is read in every version, with user data and with what came later", () => {
    expect(decodeSubscription(fromHex(V0))).toEqual({ topics: ["t"], owned: [] });
    expect(decodeSubscription(fromHex(V1))).toEqual({ topics: ["t"], owned: OWNED });
    expect(decodeSubscription(fromHex(V3))).toEqual({ topics: ["t"], owned: OWNED });
  });
});

describe("an assignment", () => {
  const HEX = "0000" + "00000001" + "000174" + "00000002" + "00000001" + "00000002" + "ffffffff";

  it("is written and read as Kafka's, and no bytes are no partitions", () => {
    expect(toHex(encodeAssignment(OWNED))).toBe(HEX);
    expect(decodeAssignment(fromHex(HEX))).toEqual(OWNED);
    expect(decodeAssignment(new Uint8Array(0))).toEqual([]);
    expect(decodeAssignment(encodeAssignment([]))).toEqual([]);
  });

  it("keeps names and numbers of any size", () => {
    const many = [
      { topic: "größer.als-ASCII", partition: 70_000 },
      ...Array.from({ length: 300 }, (_, partition) => ({ topic: "x".repeat(249), partition })),
    ];
    expect(decodeAssignment(encodeAssignment(many))).toEqual(many);
  });
});

describe("kafkajs", () => {
  const topics = ["logs", "größer"];
  const assignment = { logs: [0, 2, 70_000], "größer": [1] };
  const partitions = Object.entries(assignment)
    .flatMap(([topic, own]) => own.map((partition) => ({ topic, partition })));

  it("reads what is written here", () => {
    const subscription = Buffer.from(encodeSubscription({ topics, owned: [] }));
    expect(MemberMetadata.decode(subscription)).toMatchObject({ version: 0, topics });
    expect(MemberAssignment.decode(Buffer.from(encodeAssignment(partitions))))
      .toMatchObject({ version: 0, assignment });
  });

  it("writes what is read here", () => {
    const userData = Buffer.from([1, 2, 3]);
    const subscription = MemberMetadata.encode({ version: 1, topics, userData });
    expect(decodeSubscription(MemberMetadata.encode({ version: 0, topics, userData })))
      .toEqual({ topics, owned: [] });
    // It says version 1, and ends before what that version added.
    expect(decodeSubscription(subscription)).toEqual({ topics, owned: [] });
    expect(decodeAssignment(MemberAssignment.encode({ version: 1, assignment, userData })))
      .toEqual(partitions);
  });
});

it("bytes that are none are refused, cut or scrambled anywhere, and cost no memory", () => {
  const whole = encodeSubscription({ topics: ["logs", "events"], owned: OWNED });
  const dice = diceOf(7);
  let refused = 0;
  for (let run = 0; run < 5_000; run++) {
    const bytes = whole.slice(0, run % 3 === 0 ? Math.floor(dice() * whole.length) : whole.length);
    for (let hits = 0; hits < 3; hits++) bytes[Math.floor(dice() * bytes.length)] = dice() * 256;
    for (const decode of [decodeSubscription, decodeAssignment]) {
      try {
        decode(bytes);
      } catch (error) {
        expect(isOperatingError(error, "inconsistent_protocol"), String(error)).toBe(true);
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(1_000);
  const claims = fromHex("0000" + "7fffffff" + "000174");
  expect(() => decodeSubscription(claims)).toThrow("it is none");
});
