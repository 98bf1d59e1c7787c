/** Runs a session in Node or Deno, and prints what came of it: URL TOKEN NAME. */
import process from "node:process";
import { session, write } from "./session.mjs";

const [url, token, name] = process.argv.slice(2);
const written = await write(url, token, `written-${name}`);
process.stdout.write(JSON.stringify({ written, ...await session(url, token, name) }));
