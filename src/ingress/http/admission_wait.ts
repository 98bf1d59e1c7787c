/**
 * A produce request waits for room before its body is read, so that what is full slows its clients'
 * sockets and not the node's memory. After a while it is told to come back.
 *
 * @module
 */
import { sleep, type Timers } from "../../base/clock.ts";
import { OperatingError } from "../../base/errors.ts";
import { type Admission, AdmissionGate } from "../admission.ts";

/** @throws {OperatingError} overloaded when there was no room in time. */
export async function waitForRoom(
  admission: Admission,
  timers: Timers,
  waitMs: number,
): Promise<void> {
  if (admission.hasRoom) return;
  const gate = new AdmissionGate(admission);
  const waited = new AbortController();
  try {
    const room = await Promise.race([
      gate.entered(0).then(() => true),
      sleep(timers, waitMs, waited.signal).then(() => false),
    ]);
    if (room) return;
    throw new OperatingError(
      "overloaded",
      `Cannot take request: over ${admission.bytesMax} bytes wait for the disk`,
      { limit: admission.bytesMax },
    );
  } finally {
    waited.abort();
    gate.close();
  }
}
