/** What was found wrong: the first few of each kind, and how many there are. */

const SHOWN_MAX = 5;

export class Wrongs {
  readonly #byKind = new Map<string, { count: number; shown: string[] }>();

  add(kind: string, what: string): void {
    const known = this.#byKind.get(kind) ?? { count: 0, shown: [] };
    known.count++;
    if (known.shown.length < SHOWN_MAX) known.shown.push(what);
    this.#byKind.set(kind, known);
  }

  get kinds(): string[] {
    return [...this.#byKind.keys()];
  }

  lines(): string[] {
    return [...this.#byKind].flatMap(([kind, { count, shown }]) =>
      shown.map((what) => `${kind} (${count}): ${what}`)
    );
  }
}
