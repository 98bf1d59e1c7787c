/**
 * The device that waits for its gateway: connects as soon as something listens, publishes one message
 * at QoS 1, and tells when the PUBACK came.
 *
 * @module
 */
import { pause } from "./processes.ts";

const RETRY_MS = 2;
const TIMEOUT_MS = 120_000;

/** CONNECT, MQTT 3.1.1, clean session, client identifier "first". */
const CONNECT = [0x10, 17, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 5, 102, 105, 114, 115, 116];
/** PUBLISH, QoS 1, packet identifier 1, topic "t", payload "x". */
const PUBLISH = [0x32, 6, 0, 1, 116, 0, 1, 120];

/** Resolves once a message is acknowledged at `port` of the loopback. */
export async function firstAcknowledgement(port: number): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await acknowledged(port))) {
    if (performance.now() > deadline) throw new Error(`Nothing acknowledges at port ${port}`);
    await pause(RETRY_MS);
  }
}

async function acknowledged(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    await connection.write(new Uint8Array([...CONNECT, ...PUBLISH]));
    const answer = new Uint8Array(64);
    let length = 0;
    // CONNACK is four bytes, PUBACK the next four.
    while (length < 8) {
      const count = await connection.read(answer.subarray(length));
      if (count === null) return false;
      length += count;
    }
    return answer[0] === 0x20 && answer[3] === 0 && answer[4] === 0x40;
  } catch {
    return false;
  }
}
