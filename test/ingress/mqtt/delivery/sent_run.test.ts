import { expect, it } from "vitest";
import { SentRun } from "../../../../src/ingress/mqtt/delivery/sent_run.ts";

it("SentRun.state() is that of a record sent by itself", () => {
  const run = new SentRun({ partition: "logs-2", identifiers: [9] }, 65_530);
  for (const offset of [10, 12, 13]) run.add(offset);
  expect(run.length).toBe(3);
  expect(run.state(65_531)).toEqual({
    ...{ packetId: 65_531, qos: 1, released: false, retain: false, identifiers: [9], group: null },
    source: { partition: "logs-2", offset: 12 },
  });
});
