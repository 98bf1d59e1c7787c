/** A member of a group in a process of its own, which says what it reads: URL GROUP TOPIC MILLISECONDS. */
import process from "node:process";
import { Client } from "@logboom/client";

const [url, group, topic, sessionTimeoutMs] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const consumer = new Client({ url }).consume(group, topic, {
  sessionTimeoutMs: Number(sessionTimeoutMs),
  autoCommitMs: 200,
  onGap: (gap) => say({ gap: `${gap}` }),
  onAssigned: (partitions) => say({ assigned: partitions.map(({ partition }) => partition) }),
});
for await (const record of consumer) say({ read: record.text() });
