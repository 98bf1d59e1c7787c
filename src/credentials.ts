/**
 * Who may do what. A client shows a token: over HTTP as `Authorization: Bearer TOKEN`, over MQTT as
 * the password beside the credential's name. Tokens are compared by digest, all of them each time,
 * so that the time taken tells nothing about any of them.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Config } from "./config.ts";
import type { SCOPES } from "./config/settings.ts";

export type Scope = typeof SCOPES[number];

export interface Principal {
  /** The credential's name; null for a client that showed none. */
  readonly name: string | null;
  may(scope: Scope): boolean;
}

interface Entry {
  readonly principal: Principal & { readonly name: string };
  readonly digest: Uint8Array;
}

const ANONYMOUS: Principal = { name: null, may: () => true };
const BEARER = /^Bearer +([!-~]+) *$/i;

export class Credentials {
  readonly #entries: readonly Entry[];
  readonly #anonymous: Principal | null;

  /**
   * A client may come without a credential where none are configured (then whatever it shows is not
   * looked at) or the operator allows it (then what it shows must still be right).
   */
  constructor({ credentials, allow_anonymous }: Pick<Config, "credentials" | "allow_anonymous">) {
    this.#entries = credentials.map(({ name, token, scopes }) => ({
      principal: { name, may: (scope) => scopes.includes(scope) },
      digest: digestOf(token),
    }));
    this.#anonymous = credentials.length === 0 || allow_anonymous ? ANONYMOUS : null;
  }

  /** Null when the header names nobody we know, or is missing where it must not be. */
  ofHeader(authorization: string | null): Principal | null {
    if (authorization === null || this.#entries.length === 0) return this.#anonymous;
    const token = BEARER.exec(authorization)?.[1];
    return token === undefined ? null : this.#find(token)?.principal ?? null;
  }

  /** The same for an MQTT client's user name and password. */
  ofPassword(name: string | null, password: Uint8Array | null): Principal | null {
    const none = name === null && password === null;
    if (none || this.#entries.length === 0) return this.#anonymous;
    const found = password === null ? undefined : this.#find(password);
    return found?.principal.name === name ? found?.principal ?? null : null;
  }

  #find(token: string | Uint8Array): Entry | undefined {
    const digest = digestOf(token);
    let found: Entry | undefined;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.digest, digest)) found = entry;
    }
    return found;
  }
}

function digestOf(token: string | Uint8Array): Uint8Array {
  return createHash("sha256").update(token).digest();
}
