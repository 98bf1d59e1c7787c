/**
 * Subscriptions by their topic filters, level by level, so that a topic name finds those it matches
 * without looking at the others.
 *
 *     a/+/c   root -> "a" -> plus -> "c": here
 *     a/#     root -> "a": rest, which also counts for "a" itself [MQTT-4.7.1-2]
 *
 * @module
 */

/** What it holds is made with the first of each: most nodes have one child, or one entry. */
interface Node<Entry> {
  children: Map<string, Node<Entry>> | null;
  plus: Node<Entry> | null;
  /** Whose filter ends here. */
  here: Set<Entry> | null;
  /** Whose filter ends with "#" behind this level. */
  rest: Set<Entry> | null;
}

/** Where a filter ends, and the nodes on the way to it. */
interface Place<Entry> {
  readonly node: Node<Entry>;
  readonly place: "here" | "rest";
  readonly path: readonly Node<Entry>[];
}

export class SubscriptionTree<Entry> {
  readonly #root: Node<Entry> = newNode();
  #size = 0;
  #version = 0;

  /** Entries in it. */
  get size(): number {
    return this.#size;
  }

  /** Changes with every change. */
  get version(): number {
    return this.#version;
  }

  /** The filter is well-formed, without the `$share` in front. */
  add(filter: string, entry: Entry): void {
    const { node, place } = this.#find(filter.split("/"), (node, level) => {
      if (level === "+") return node.plus ??= newNode();
      const child = newNode<Entry>();
      (node.children ??= new Map()).set(level, child);
      return child;
    })!;
    const entries = node[place] ??= new Set();
    if (entries.has(entry)) return;
    entries.add(entry);
    this.#size += 1;
    this.#version += 1;
  }

  remove(filter: string, entry: Entry): void {
    const levels = filter.split("/");
    const found = this.#find(levels, () => null);
    if (found === null) return;
    const { node, place, path } = found;
    const entries = node[place];
    if (entries === null || !entries.delete(entry)) return;
    if (entries.size === 0) node[place] = null;
    this.#size -= 1;
    this.#version += 1;
    // Levels that lead nowhere any more, the deepest first.
    for (let at = path.length - 1; at > 0 && isEmpty(path[at]!); at--) {
      const parent = path[at - 1]!;
      if (parent.plus === path[at]) {
        parent.plus = null;
      } else {
        parent.children!.delete(levels[at - 1]!);
        if (parent.children!.size === 0) parent.children = null;
      }
    }
  }

  /** Every entry whose filter the topic name matches. */
  match(topicName: string): Entry[] {
    const found: Entry[] = [];
    const levels = topicName.split("/");
    const root = this.#root;
    // [MQTT-4.7.2-1]: a filter that begins with a wildcard does not match "$SYS".
    if (!topicName.startsWith("$")) {
      for (const entry of root.rest ?? []) found.push(entry);
      if (root.plus !== null) collect(root.plus, levels, { at: 1, found });
    }
    const child = root.children?.get(levels[0]!);
    if (child !== undefined) collect(child, levels, { at: 1, found });
    return found;
  }

  /** Where a filter ends, and the nodes on the way; `missing` makes one, or ends the search. */
  #find(
    levels: readonly string[],
    missing: (node: Node<Entry>, level: string) => Node<Entry> | null,
  ): Place<Entry> | null {
    let node = this.#root;
    const path = [node];
    for (const level of levels) {
      if (level === "#") return { node, place: "rest", path };
      const next = (level === "+" ? node.plus : node.children?.get(level)) ?? missing(node, level);
      if (next === null) return null;
      path.push(node = next);
    }
    return { node, place: "here", path };
  }
}

/** Goes no deeper than the filters do. */
function collect<Entry>(
  node: Node<Entry>,
  levels: readonly string[],
  { at, found }: { readonly at: number; readonly found: Entry[] },
): void {
  for (const entry of node.rest ?? []) found.push(entry);
  if (at === levels.length) {
    for (const entry of node.here ?? []) found.push(entry);
    return;
  }
  if (node.plus !== null) collect(node.plus, levels, { at: at + 1, found });
  const child = node.children?.get(levels[at]!);
  if (child !== undefined) collect(child, levels, { at: at + 1, found });
}

function newNode<Entry>(): Node<Entry> {
  return { children: null, plus: null, here: null, rest: null };
}

function isEmpty({ children, plus, here, rest }: Node<unknown>): boolean {
  return children === null && plus === null && here === null && rest === null;
}
