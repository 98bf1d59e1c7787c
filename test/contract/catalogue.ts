/** What every Catalogue must do. Implementations call this from their own tests. */
import { expect, it } from "vitest";
import type { AnnouncedLogRow, Catalogue, OwnLogRow } from "../../src/store/catalogue.ts";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";

const OWN: OwnLogRow = {
  logId: "0123456789abcdef",
  topic: "logs",
  partition: 3,
  firstOffset: 2 ** 40,
  predecessor: null,
  predecessorEnd: 0,
  root: "0123456789abcdef",
};
const ANNOUNCED: AnnouncedLogRow = {
  ...OWN,
  logId: "7edcba9876543210",
  predecessor: "0123456789abcdef",
  predecessorEnd: 17,
  peer: "aaaaaaaaaaaaaaaa",
  gateway: "site-é",
  targetTopic: "logs",
  targetPartition: 1,
  closed: null,
  paths: ["north", "bbbbbbbbbbbbbbbb"],
  pathKey: "5e".repeat(16),
};

export function catalogueContract(
  open: () => Promise<Catalogue>,
  reopen: (catalogue: Catalogue) => Promise<Catalogue>,
): void {
  it("is empty when new", async () => {
    const catalogue = await open();
    expect(await catalogue.load()).toEqual({
      topics: [],
      ownLogs: [],
      announcedLogs: [],
      peers: [],
      meta: {},
    });
    await catalogue.close();
  });

  it("gives back everything that was put into it, by a later run too", async () => {
    const catalogue = await open();
    const settings = { ...TOPIC_DEFAULTS, partitions: 4, retentionMs: -1, segmentBytes: 4096 };
    const chosen = { retentionMs: -1, priority: 7 };
    const logs = { id: "ff".repeat(16), name: "logs", settings };
    await catalogue.putTopic({ ...logs, deleting: true });
    await catalogue.putTopic({ ...logs, chosen });
    await catalogue.putTopic({ id: "ee".repeat(16), name: "half", settings, deleting: true });
    await catalogue.putTopic({ id: "dd".repeat(16), name: "gone", settings });
    await catalogue.deleteTopic("gone");
    await catalogue.putOwnLogs([OWN, { ...OWN, logId: "1".repeat(16) }]);
    await catalogue.deleteOwnLogs(["1".repeat(16)]);
    await catalogue.putAnnouncedLogs([ANNOUNCED]);
    await catalogue.putAnnouncedLogs([{ ...ANNOUNCED, closed: '{"to":5}' }]);
    await catalogue.putPeer({ id: "a".repeat(16), name: "n", firstSeenMs: 1, lastSeenMs: 2 });
    await catalogue.setMeta("leader_epoch", "7");
    await catalogue.setMeta("leader_epoch", "8");

    const again = await reopen(catalogue);
    expect(await again.load()).toEqual({
      topics: expect.arrayContaining([
        { ...logs, chosen },
        { id: "ee".repeat(16), name: "half", settings, deleting: true },
      ]),
      ownLogs: [OWN],
      announcedLogs: [{ ...ANNOUNCED, closed: '{"to":5}' }],
      peers: [{ id: "a".repeat(16), name: "n", firstSeenMs: 1, lastSeenMs: 2 }],
      meta: { leader_epoch: "8" },
    });
    expect((await again.load()).topics).toHaveLength(2);
    await again.close();
  });

  it("takes changes that come all at once", async () => {
    const catalogue = await open();
    const logIds = Array.from({ length: 300 }, (_, at) => at.toString(16).padStart(16, "0"));
    await Promise.all(logIds.map((logId) => catalogue.putOwnLogs([{ ...OWN, logId }])));
    expect((await catalogue.load()).ownLogs.map(({ logId }) => logId).sort()).toEqual(logIds);
    await catalogue.close();
  });
}
