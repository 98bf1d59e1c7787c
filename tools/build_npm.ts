/**
 * `deno task build:npm [DIR]`: builds the npm package of the client library with dnt into DIR, `npm`
 * where left out. dnt comes from JSR: where that cannot be reached it says so, and ends with 1;
 * `deno task pack` makes the same package without it.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { messageOf } from "../src/base/errors.ts";
import { ENTRY, npmManifest, PACKAGE_NAME, stageClient, VERSION } from "./client_package.ts";
import { say } from "./say.ts";

/** Not known before it runs, so that everything else can be checked where there is no JSR. */
const DNT: string = "jsr:@deno/dnt@^0.42.1";

/** What of dnt is used. */
interface Dnt {
  build(options: object): Promise<void>;
}

const out = resolve(process.argv[2] ?? "npm");
const dnt = await loadDnt();
if (dnt === null) process.exitCode = 1;
else await build(dnt);

async function loadDnt(): Promise<Dnt | null> {
  try {
    return await import(DNT) as Dnt;
  } catch (error) {
    const [reason] = messageOf(error).split("\n");
    say(
      `Cannot build with dnt, since ${DNT} cannot be had: ${reason} "deno task pack" needs no JSR.`,
    );
    return null;
  }
}

async function build({ build }: Dnt): Promise<void> {
  const stage = mkdtempSync(join(tmpdir(), "logboom-dnt-"));
  try {
    stageClient(stage);
    await build({
      entryPoints: [join(stage, ENTRY)],
      outDir: out,
      shims: {},
      test: false,
      scriptModule: false,
      compilerOptions: { lib: ["ESNext", "DOM", "DOM.Iterable"], target: "ES2022" },
      package: {
        ...{ name: PACKAGE_NAME, version: VERSION },
        ...npmManifest(),
      },
    });
    for (const name of ["README.md", "LICENSE"]) cpSync(join(stage, name), join(out, name));
    say(out);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}
