/**
 * A request that no node should be asked, and how it says so. Tables of them stand beside this file,
 * one for each part of the API; http_hostile.test.ts runs them all against a real node.
 */

export interface HostileCase {
  readonly name: string;
  readonly request: HostileRequest;
  readonly status: number;
  /**
   * `code` of the problem document; `error_code` where the API answers as a REST proxy does; null
   * where there is no such body, as for HEAD and for what is no HTTP.
   */
  readonly code: string | number | null;
  /** Takes many seconds: it is begun before all others, and looked at behind them. */
  readonly slow?: true;
}

/** What is sent; `body` may be made when it is needed, where it is large. */
export type HostileRequest = WrittenRequest | RawRequest;

export interface WrittenRequest {
  /** GET where left out. */
  readonly method?: string;
  /** With its query, exactly as it goes over the wire. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | (() => string | Uint8Array);
}

/** Bytes as they are, a character each; pieces with a pause before each but the first. */
export interface RawRequest {
  readonly raw: string | readonly string[];
  readonly pauseMs?: number;
}

export interface HostileTable {
  readonly title: string;
  /** Makes what the cases need to be there; `http` is the node's base URL. */
  readonly prepare?: (http: string) => Promise<void>;
  readonly cases: readonly HostileCase[];
}

export interface HostileAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}
