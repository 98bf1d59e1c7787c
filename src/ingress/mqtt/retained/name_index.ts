/**
 * Topic names by level, so that a filter finds those it matches without looking at all of them.
 * Names that begin with "$" are found only by filters that name that level [MQTT-4.7.2-1].
 *
 * @module
 */

class Level<Entry> {
  entry: Entry | null = null;
  /** Made with the first one: most names end here. */
  children: Map<string, Level<Entry>> | null = null;
}

export class NameIndex<Entry> {
  readonly #root = new Level<Entry>();
  #size = 0;
  #levels = 0;

  /** Levels that names have in memory, shared ones once. */
  get levels(): number {
    return this.#levels;
  }

  get size(): number {
    return this.#size;
  }

  get(topicName: string): Entry | null {
    let level: Level<Entry> | undefined = this.#root;
    for (const name of topicName.split("/")) {
      level = level.children?.get(name);
      if (level === undefined) return null;
    }
    return level.entry;
  }

  set(topicName: string, entry: Entry): void {
    let level = this.#root;
    for (const name of topicName.split("/")) {
      level.children ??= new Map();
      let next = level.children.get(name);
      if (next === undefined) {
        level.children.set(name, next = new Level());
        this.#levels += 1;
      }
      level = next;
    }
    if (level.entry === null) this.#size += 1;
    level.entry = entry;
  }

  delete(topicName: string): void {
    const names = topicName.split("/");
    const path = [this.#root];
    for (const name of names) {
      const next = path.at(-1)!.children?.get(name);
      if (next === undefined) return;
      path.push(next);
    }
    if (path.at(-1)!.entry === null) return;
    path.at(-1)!.entry = null;
    this.#size -= 1;
    // Levels that lead nowhere any more go, too.
    for (let at = names.length; at > 0; at--) {
      const { entry, children } = path[at]!;
      if (entry !== null || children !== null) return;
      const parent = path[at - 1]!;
      parent.children!.delete(names[at - 1]!);
      this.#levels -= 1;
      if (parent.children!.size === 0) parent.children = null;
    }
  }

  /** What a valid filter matches. Names may come and go while it is gone through. */
  matching(filter: string): Iterable<Entry> {
    return matching(this.#root, filter.split("/"), 0);
  }
}

function* matching<Entry>(
  level: Level<Entry>,
  filter: readonly string[],
  depth: number,
): Iterable<Entry> {
  const wanted = filter[depth];
  if (wanted === undefined) {
    if (level.entry !== null) yield level.entry;
  } else if (wanted === "#") {
    yield* below(level, depth === 0);
  } else if (wanted === "+") {
    for (const [name, next] of level.children ?? []) {
      if (depth > 0 || !name.startsWith("$")) yield* matching(next, filter, depth + 1);
    }
  } else {
    const next = level.children?.get(wanted);
    if (next !== undefined) yield* matching(next, filter, depth + 1);
  }
}

/** A level itself, since "a/#" also matches "a" [MQTT-4.7.1-2], and all that is under it. */
function* below<Entry>(level: Level<Entry>, isRoot: boolean): Iterable<Entry> {
  if (level.entry !== null) yield level.entry;
  for (const [name, next] of level.children ?? []) {
    if (!isRoot || !name.startsWith("$")) yield* below(next, false);
  }
}
