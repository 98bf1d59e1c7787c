/** How many connections there may be: in all, and from one address. @module */
import { assert } from "../../base/assert.ts";
import type { MqttLimits } from "./mqtt_limits.ts";

export class ConnectionLimits {
  readonly #limits: Pick<MqttLimits, "connectionsMax" | "connectionsPerAddressMax">;
  readonly #perAddress = new Map<string, number>();
  #size = 0;

  constructor(limits: Pick<MqttLimits, "connectionsMax" | "connectionsPerAddressMax">) {
    this.#limits = limits;
  }

  /** False, and nothing counted, where there are too many. */
  enter(remote: string): boolean {
    const { connectionsMax, connectionsPerAddressMax } = this.#limits;
    if (this.#size >= connectionsMax) return false;
    if (connectionsPerAddressMax !== null) {
      const address = addressOf(remote);
      const count = this.#perAddress.get(address) ?? 0;
      if (count >= connectionsPerAddressMax) return false;
      this.#perAddress.set(address, count + 1);
    }
    this.#size += 1;
    return true;
  }

  leave(remote: string): void {
    this.#size -= 1;
    assert(this.#size >= 0, "no more leave than entered");
    if (this.#limits.connectionsPerAddressMax === null) return;
    const address = addressOf(remote);
    const count = this.#perAddress.get(address)! - 1;
    if (count === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, count);
  }
}

/** "address:port" without the port. */
function addressOf(remote: string): string {
  return remote.slice(0, remote.lastIndexOf(":"));
}
