/** Prints a line: what the tools are for. */
import process from "node:process";

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
