/**
 * Which assignor a generation uses: of those all members know, the one most of them like best.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { GroupMember } from "./group_member.ts";

export function chooseProtocol(
  members: readonly Pick<GroupMember, "protocols" | "supports">[],
): string {
  const shared = (members[0]?.protocols ?? [])
    .map(({ name }) => name)
    .filter((name) => members.every((member) => member.supports(name)));
  const votes = new Map(shared.map((name) => [name, 0]));
  for (const { protocols } of members) {
    const choice = protocols.find(({ name }) => votes.has(name))?.name;
    if (choice !== undefined) votes.set(choice, votes.get(choice)! + 1);
  }
  const [most] = shared.toSorted((a, b) => votes.get(b)! - votes.get(a)!);
  assert(most !== undefined, "no member joins that shares no assignor with all the others");
  return most;
}
