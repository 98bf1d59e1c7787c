/**
 * What an offline command found, for people or for programs: the same rows as tables, or as one JSON
 * object a line with its `kind` in it.
 *
 * @module
 */
import type { Terminal } from "./command.ts";
import { type Cell, formatTable } from "./table.ts";

export type ReportRow = Readonly<Record<string, Cell | boolean>>;

export class Report {
  readonly #terminal: Terminal;
  readonly #json: boolean;

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  /** A line for people only. */
  async line(text = ""): Promise<void> {
    if (!this.#json) await this.#terminal.out(`${text}\n`);
  }

  /** An object for programs only, where a table would say too little. */
  async object(kind: string, value: object): Promise<void> {
    if (this.#json) await this.#terminal.out(`${JSON.stringify({ kind, ...value })}\n`);
  }

  /** Rows of one kind, all with the keys of the first. `title` stands above their table. */
  async rows(kind: string, rows: readonly ReportRow[], title?: string): Promise<void> {
    const [first] = rows;
    if (first === undefined) return;
    if (this.#json) {
      const lines = rows.map((row) => `${JSON.stringify({ kind, ...row })}\n`);
      return await this.#terminal.out(lines.join(""));
    }
    const keys = Object.keys(first);
    const head = keys.map((key) => key.replaceAll("_", " ").toUpperCase());
    const cells = rows.map((row) => keys.map((key) => cellOf(row[key])));
    const above = title === undefined ? "" : `${title}\n`;
    await this.#terminal.out(above + formatTable(head, cells));
  }
}

function cellOf(value: Cell | boolean | undefined): Cell {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value ?? null;
}
