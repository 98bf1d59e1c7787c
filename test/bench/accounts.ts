/**
 * What became of every record, once all has come: the accounts of gateway and centre, and what
 * `logboom verify` counts in batches, which must agree to the record.
 *
 * @module
 */
import { REPOSITORY } from "./paths.ts";
import { pause } from "./processes.ts";
import type { ProductNode } from "./product.ts";

export interface Totals {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly ledgered: number;
}

const POLL_MS = 500;
const LIMIT_MS = 60_000;

/** @throws {Error} where one of the three says something else, or records stay pending */
export async function agreedTotals(gateway: ProductNode, centre: ProductNode): Promise<Totals> {
  const here = await settledTotals(gateway);
  const there = await totalsAt(centre);
  const counted = await verifiedTotals(gateway, centre);
  for (const [who, totals] of [["centre", there], ["verify", counted]] as const) {
    if (!areSame(here, totals)) throw new Error(`${told("gateway", here)}; ${told(who, totals)}`);
  }
  return here;
}

/** Nothing is published any more: what is pending comes, and nothing is added. */
async function settledTotals(gateway: ProductNode): Promise<Totals> {
  let before: Totals | null = null;
  for (const endAt = performance.now() + LIMIT_MS; performance.now() < endAt;) {
    const totals = await totalsAt(gateway);
    if (totals.pending === 0 && before !== null && areSame(before, totals)) return totals;
    before = totals;
    await pause(POLL_MS);
  }
  throw new Error(`Records stay pending: ${told("gateway", before!)}`);
}

async function totalsAt({ httpUrl }: ProductNode): Promise<Totals> {
  const { totals } = await (await fetch(`${httpUrl}/v1/losses?max_entries=1`)).json();
  return totals;
}

async function verifiedTotals(gateway: ProductNode, centre: ProductNode): Promise<Totals> {
  const ends = ["--gateway", gateway.httpUrl, "--upstream", centre.httpUrl, "--json"];
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${REPOSITORY}/src/main.ts`, "verify", ...ends],
  });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`verify: ${text.decode(stderr)}${text.decode(stdout)}`);
  const { accepted, delivered, retired, pending, ledgered } = JSON.parse(
    text.decode(stdout).trim().split("\n").at(-1)!,
  );
  return { accepted, delivered: delivered + retired, pending, ledgered };
}

function areSame(one: Totals, other: Totals): boolean {
  return (["accepted", "delivered", "pending", "ledgered"] as const)
    .every((key) => one[key] === other[key]);
}

function told(who: string, { accepted, delivered, pending, ledgered }: Totals): string {
  return `${who}: ${accepted} accepted, ${delivered} delivered, ${pending} pending, ` +
    `${ledgered} ledgered`;
}
