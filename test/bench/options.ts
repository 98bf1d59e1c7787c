/**
 * The benchmarks' command line: `--name value`, and `--flag` alone.
 *
 * @module
 */

export class Options {
  readonly #values = new Map<string, string>();

  constructor(words: readonly string[]) {
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      if (!word.startsWith("--")) throw new Error(`Cannot read the option ${word}: want --name`);
      const next = words[i + 1];
      const alone = next === undefined || next.startsWith("--");
      this.#values.set(word.slice(2), alone ? "true" : next);
      if (!alone) i++;
    }
  }

  flag(name: string): boolean {
    return this.#values.get(name) === "true";
  }

  text(name: string, otherwise: string): string {
    return this.#values.get(name) ?? otherwise;
  }

  number(name: string, otherwise: number): number {
    const text = this.#values.get(name);
    if (text === undefined) return otherwise;
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Error(`Cannot read --${name}: ${text} is no number`);
    return value;
  }

  list(name: string, otherwise: readonly string[]): readonly string[] {
    const text = this.#values.get(name);
    return text === undefined ? otherwise : text.split(",").filter((word) => word !== "");
  }
}
