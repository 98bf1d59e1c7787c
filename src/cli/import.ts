/**
 * `import`: brings export files to a centre. Each file is read to its end and checked before anything
 * of it is sent; what the centre has already is not sent, so it may be run again at any time.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import { SILENT_METRICS } from "../base/metrics.ts";
import { Core } from "../core/core.ts";
import { type ExportHead, ExportReader } from "../format/export_file.ts";
import { HOST_CLOCK } from "../host/clock.ts";
import { loadCoreFile } from "../host/core_file.ts";
import { openHttpClient } from "../host/http_client.ts";
import type { Checksum } from "../protocol/replication/checksum.ts";
import { LinkBudget } from "../replication/budget/link_budget.ts";
import { Importer } from "../replication/importer.ts";
import { Link } from "../replication/link.ts";
import type { Command, CommandContext } from "./command.ts";
import { readerOf } from "./export_stream.ts";
import { formatTable } from "./table.ts";

const HEAD = ["FILE", "FROM", "RECORDS", "APPENDED", "DUPLICATE", "REFUSED"];

export const IMPORT: Command = {
  usage: "FILE... --upstream URL [--token TOKEN]",
  summary: "bring export files to a centre; what it has already is not sent again",
  positionals: { min: 1, max: Number.MAX_SAFE_INTEGER },
  valued: ["--upstream"],
  bare: [],
  run,
};

async function run({ args, terminal, timers }: CommandContext): Promise<number> {
  const upstream = args.text("--upstream");
  if (upstream === null) {
    throw new OperatingError("invalid_argument", "Cannot import: --upstream URL is missing");
  }
  const token = args.text("--token") ?? Deno.env.get("LOGBOOM_TOKEN") ?? null;
  const core = Core.create(loadCoreFile());
  const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
  const checked = [];
  // All of them first: one that is torn must not be found when half of the others is at the centre.
  for (const path of args.positionals) checked.push(await check(path, crc32c));
  checked.sort((a, b) => inOrder(a.head, b.head));

  const client = openHttpClient();
  const rows: (string | number)[][] = [];
  let refused = 0;
  try {
    for (const { path, head, records } of checked) {
      const { nodeId, nodeName } = head;
      const budget = new LinkBudget({ clock: HOST_CLOCK, timers });
      const link = new Link({
        ...{ http: client.request, upstreamUrl: upstream, token, nodeId, nodeName, crc32c, budget },
        ...{ clock: HOST_CLOCK, metrics: SILENT_METRICS },
      });
      const importer = new Importer({ link, timers, crc32c });
      await reading(path, crc32c, async (reader) => {
        await reader.head();
        for await (const section of reader.sections()) await importer.take(section);
      });
      const { appended, duplicate, refused: refusedHere } = importer.tally;
      rows.push([path, nodeName, records, appended, duplicate, refusedHere]);
      refused += refusedHere;
      for (const { lane, logId, detail } of importer.refusals) {
        terminal.remark(`${path}: ${lane ?? `log ${logId}`} was refused: ${detail}`);
      }
    }
  } finally {
    client.close();
    if (rows.length > 0) await terminal.out(formatTable(HEAD, rows));
  }
  return refused === 0 ? 0 : 1;
}

interface CheckedFile {
  readonly path: string;
  readonly head: ExportHead;
  readonly records: number;
}

async function check(path: string, crc32c: Checksum): Promise<CheckedFile> {
  return await reading(path, crc32c, async (reader) => {
    const head = await reader.head();
    for await (const _ of reader.sections());
    return { path, head, records: reader.records };
  });
}

async function reading<Result>(
  path: string,
  crc32c: Checksum,
  action: (reader: ExportReader) => Promise<Result>,
): Promise<Result> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true });
  } catch (error) {
    throw new OperatingError("not_found", `Cannot open export ${path}`, { path }, error);
  }
  // The stream closes the file when it ends, or is given up.
  const chunks = file.readable;
  try {
    return await action(new ExportReader(readerOf(chunks), { path, crc32c }));
  } finally {
    if (!chunks.locked) await chunks.cancel();
  }
}

/** The parts of one export in their order; exports as they were given. */
function inOrder(a: ExportHead, b: ExportHead): number {
  return a.run === b.run ? a.part - b.part : 0;
}
