import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { CommitWait } from "../../../src/ingress/http/commit_wait.ts";
import { Ticket } from "../../../src/store/commit.ts";
import type { PartitionLog } from "../../../src/store/partition_log.ts";

const logOf = (index: number) => ({
  index,
  appended: () => new Ticket(index, index),
} as unknown as PartitionLog);

async function stateOf(wait: CommitWait): Promise<string> {
  let state = "waiting";
  wait.done.then(() => state = "durable", (error) => state = error.code);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  return state;
}

describe("CommitWait", () => {
  it("is over when every partition is durable, each once, however often it was added", async () => {
    const [wait, a, b] = [new CommitWait(), logOf(0), logOf(1)];
    wait.add(a);
    wait.add(b);
    wait.add(a);
    expect(wait.landings).toHaveLength(3);
    wait.committed(a, null);
    expect(await stateOf(wait)).toBe("waiting");
    wait.committed(b, null);
    expect(await stateOf(wait)).toBe("durable");
  });

  it("fails with the first trouble, and not before all is decided", async () => {
    const [wait, a, b] = [new CommitWait(), logOf(0), logOf(1)];
    wait.add(a);
    wait.add(b);
    wait.committed(b, new OperatingError("storage_full", "Cannot"));
    expect(await stateOf(wait)).toBe("waiting");
    wait.committed(a, null);
    expect(await stateOf(wait)).toBe("storage_full");
  });
});
