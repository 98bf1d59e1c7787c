/**
 * GET and PUT /v1/groups/{group}/offsets: where a group stands. Durable before the answer.
 *
 * @module
 */
import { GROUP_NAME_MAX, OFFSET_METADATA_BYTES_MAX } from "../../base/group_limits.ts";
import { OFFSET_MAX, PARTITIONS_MAX, TOPIC_NAME_MAX } from "../../base/limits.ts";
import type { OffsetToCommit } from "../../groups/group_api.ts";
import { describeOffset } from "../../groups/group_description.ts";
import { BodyFields } from "../../protocol/http/body_fields.ts";
import { Query } from "../../protocol/http/query.ts";
import type { GroupRoutes } from "./groups_app.ts";
import { offsetDocument } from "./groups.ts";

const INT32_MAX = 2 ** 31 - 1;
const BODY = ["offsets", "member_id", "instance_id", "generation"];
const OFFSET = ["topic", "partition", "offset", "leader_epoch", "metadata"];

/** Empty where the group committed nothing: it may be about to. */
export async function listOffsets(
  { groups, topics }: GroupRoutes,
  request: Request,
  group: string,
): Promise<object> {
  new Query(request.url, []);
  const committed = await groups.committed(group);
  const offsets = committed.map((each) => {
    const { member_id: _, ...offset } = offsetDocument(describeOffset(each, topics, null)) as {
      readonly member_id: null;
    };
    return offset;
  });
  return { group, offsets };
}

/**
 * @throws {OperatingError} invalid_argument, unknown_topic, unknown_partition; of a member
 * rebalance_in_progress, unknown_member, illegal_generation, fenced_instance; of others
 * group_not_empty
 */
export async function commitOffsets(
  { groups, bodies }: GroupRoutes,
  request: Request,
  group: string,
): Promise<object> {
  new Query(request.url, []);
  const body = new BodyFields(await bodies.read(request), "body", BODY);
  const name = { min: 1, max: 2 * GROUP_NAME_MAX };
  const memberId = body.text("member_id", name);
  const instanceId = body.text("instance_id", { min: 1, max: GROUP_NAME_MAX });
  const generation = body.integer("generation", { min: 0, max: INT32_MAX });
  const listed = body.required("offsets", body.list("offsets", { min: 1, max: PARTITIONS_MAX }));
  const offsets = listed.map(offsetOf);
  const anyone = memberId === undefined && generation === undefined && instanceId === undefined;
  const member = anyone ? undefined : {
    memberId: body.required("member_id", memberId),
    generation: body.required("generation", generation),
    instanceId,
  };
  await groups.commit({ group, offsets, member });
  return { group, committed: offsets.length };
}

function offsetOf(document: unknown, at: number): OffsetToCommit {
  const fields = new BodyFields(document, `offsets[${at}]`, OFFSET);
  return {
    topic: fields.required("topic", fields.text("topic", { min: 1, max: TOPIC_NAME_MAX })),
    partition: fields.required(
      "partition",
      fields.integer("partition", { min: 0, max: PARTITIONS_MAX - 1 }),
    ),
    offset: fields.required("offset", fields.integer("offset", { min: 0, max: OFFSET_MAX })),
    leaderEpoch: fields.integer("leader_epoch", { min: -1, max: INT32_MAX }) ?? -1,
    metadata: fields.text("metadata", { min: 0, max: OFFSET_METADATA_BYTES_MAX }) ?? "",
  };
}
