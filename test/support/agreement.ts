/**
 * What became of every record, as three tell it who must agree to the record: the gateway's
 * /v1/losses, the centre's, and `logboom verify`, which believes neither and counts batches.
 */
import { expect } from "vitest";
import { runLogboom } from "./process.ts";
import { eventually, type LossTotals } from "./restarted_node.ts";

/** A running node. */
export interface Party {
  readonly http: string;
  readonly dataDir: string;
  /** Where it needs one: a credential that may read. */
  readonly token?: string;
}

type Accounts = Readonly<Record<string, LossTotals>>;

/** States that both ends and the proof tell the same of every log that the gateway knows. */
export async function expectAgreement(gateway: Party, centre: Party): Promise<void> {
  const both = async () => {
    const here = await accountsAt(gateway);
    const there = await accountsAt(centre);
    return { here, there: Object.fromEntries(Object.keys(here).map((id) => [id, there[id]])) };
  };
  // The gateway learns what is settled when it asks.
  const { here, there } = await eventually(both, ({ here, there }) => same(here, there));
  expect(there, "accounts of the centre, and of the gateway").toEqual(here);
  await expectProven(gateway, centre);
}

/**
 * States that a node's accounts are what can be counted at its upstream. Of a log that came to a
 * relay in part, the centre accounts for more.
 */
export async function expectProven(node: Party, centre: Party): Promise<void> {
  const [tokenHere, tokenThere] = [node, centre].map(({ token }) => token);
  const credentials = [
    ...(tokenHere === undefined ? [] : ["--gateway-token", tokenHere]),
    ...(tokenThere === undefined ? [] : ["--token", tokenThere]),
  ];
  const upstream = ["--upstream", centre.http, ...credentials, "--json"];
  for (const source of [["--gateway", node.http], ["--data-dir", node.dataDir]]) {
    const { code, stdout, stderr } = await runLogboom(["verify", ...source, ...upstream]);
    const rows = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line) as ProofRow);
    const logs = rows.filter(({ kind }) => kind === "log");
    const what = `verify ${source[0]}: ${stderr}${JSON.stringify(logs.filter(isUnproven))}`;
    expect(code, what).toBe(0);
    const proven = Object.fromEntries(logs.map((log) => [log.log_id, accountOf(log)]));
    expect(proven, what).toEqual(await accountsAt(node));
  }
}

interface ProofRow extends LossTotals {
  readonly kind: string;
  readonly log_id: string;
  /** Delivered, and given up since by the retention of who took it. */
  readonly retired: number;
  readonly proven: boolean;
}

function isUnproven({ proven }: ProofRow): boolean {
  return !proven;
}

function accountOf({ accepted, delivered, retired, pending, ledgered }: ProofRow): LossTotals {
  return { accepted, delivered: delivered + retired, pending, ledgered };
}

async function accountsAt({ http, token }: Party): Promise<Accounts> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${http}/v1/losses`, { headers });
  if (!answer.ok) throw new Error(await answer.text());
  const { accounts, accounts_omitted: omitted } = await answer.json() as LossesJson;
  expect(omitted, "logs that are not shown one by one").toBe(0);
  return Object.fromEntries(
    accounts.map(({ log_id, accepted, delivered, pending, ledgered }) => [
      log_id,
      { accepted, delivered, pending, ledgered },
    ]),
  );
}

interface LossesJson {
  readonly accounts: readonly (LossTotals & { readonly log_id: string })[];
  readonly accounts_omitted: number;
}

function same(some: unknown, others: unknown): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}
