import { expect, it } from "vitest";
import { LEADER_EPOCHS_KEPT_MAX } from "../../src/base/limits.ts";
import { LeaderEpochs } from "../../src/store/leader_epochs.ts";

it("note() remembers where each epoch began, and only later epochs", () => {
  const epochs = new LeaderEpochs();
  epochs.note(3, 0);
  epochs.note(3, 10);
  epochs.note(7, 20);
  epochs.note(5, 30);
  expect(epochs.starts).toEqual([{ epoch: 3, startOffset: 0 }, { epoch: 7, startOffset: 20 }]);
  expect(epochs.latest).toBe(7);
});

it("note() forgets the oldest at the limit", () => {
  const epochs = new LeaderEpochs();
  for (let epoch = 0; epoch <= LEADER_EPOCHS_KEPT_MAX; epoch++) epochs.note(epoch, epoch);
  expect(epochs.starts.length).toBe(LEADER_EPOCHS_KEPT_MAX);
  expect(epochs.starts[0]).toEqual({ epoch: 1, startOffset: 1 });
});

it("truncate() takes back what never became durable", () => {
  const epochs = new LeaderEpochs([{ epoch: 1, startOffset: 0 }, { epoch: 2, startOffset: 10 }]);
  epochs.truncate(10);
  expect(epochs.starts).toEqual([{ epoch: 1, startOffset: 0 }]);
});

it("trim() forgets epochs that ended below the log start", () => {
  const epochs = new LeaderEpochs([{ epoch: 1, startOffset: 0 }, { epoch: 2, startOffset: 10 }]);
  epochs.trim(9);
  expect(epochs.starts.length).toBe(2);
  epochs.trim(10);
  expect(epochs.starts).toEqual([{ epoch: 2, startOffset: 10 }]);
  epochs.trim(99);
  expect(epochs.starts.length).toBe(1);
});
