import { expect, it } from "vitest";
import { encodeAssignment } from "../../src/groups/consumer_protocol.ts";
import { joinLocally } from "../../src/groups/local_join.ts";
import { joinRequest, openGroupWorld } from "../support/group_world.ts";

it("describeGroup() shows members, what each has, and how far behind the group is", async () => {
  const { topics, groups } = await openGroupWorld();
  topics.put("t", 3);
  const { memberId } = await joinLocally(groups, topics, {
    ...{ group: "g", memberId: "", topics: ["t"], clientId: "app", host: "10.0.0.7:1" },
    ...{ instanceId: "i", sessionTimeoutMs: 5_000 },
  });
  const member = { memberId, generation: 1 };
  const offsets = [
    { topic: "t", partition: 2, offset: 5, leaderEpoch: 4, metadata: "m" },
    { topic: "t", partition: 0, offset: 70 },
    { topic: "t", partition: 1, offset: 500 },
  ];
  await groups.commit({ group: "g", member, offsets });
  const place = { topic: "t", logStartOffset: 10, highWatermark: 100, memberId };
  expect(groups.describe("g")).toEqual({
    ...{ group: "g", state: "stable", generation: 1, protocolType: "consumer" },
    ...{ assignor: "range", leaderId: memberId, lag: 30 + 0 + 90 },
    members: [{
      ...{ memberId, instanceId: "i", clientId: "app", host: "10.0.0.7:1" },
      ...{ sessionTimeoutMs: 5_000, rebalanceTimeoutMs: 60_000, topics: ["t"] },
      assignment: [0, 1, 2].map((partition) => ({ topic: "t", partition })),
    }],
    offsets: [
      { ...place, partition: 0, offset: 70, leaderEpoch: -1, metadata: "", lag: 30, missed: 0 },
      { ...place, partition: 1, offset: 500, leaderEpoch: -1, metadata: "", lag: 0, missed: 0 },
      // Retention took five records it had not read: those are missed, not behind.
      { ...place, partition: 2, offset: 5, leaderEpoch: 4, metadata: "m", lag: 90, missed: 5 },
    ],
  });
});

it("describeGroup() shows groups whose protocol it does not understand", async () => {
  const { groups } = await openGroupWorld();
  const metadata = new Uint8Array([9, 9, 9]);
  const joined = await groups.join(
    joinRequest({ protocolType: "connect", protocols: [{ name: "x", metadata }] }),
  );
  await groups.sync({
    ...{ group: "g", memberId: joined.memberId, generation: 1 },
    assignments: new Map([[joined.memberId, encodeAssignment([]).subarray(0, 3)]]),
  });
  const { members, protocolType, assignor } = groups.describe("g");
  expect([protocolType, assignor]).toEqual(["connect", "x"]);
  expect(members[0]).toMatchObject({ topics: [], assignment: [] });
});
