/**
 * A JSON scanner in plain TypeScript, strict as RFC 8259 is: what the core's is checked against, and
 * what tests of pure rooms use in its place.
 */
const TOKEN =
  /[ \t\r\n]*(?:([{}[\]:,])|(true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|"(?:[ !#-[\]-\u00ff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"))/y;

/** Where the value that begins at `from` ends, or -1. Bytes are read as Latin-1: only ASCII matters. */
function jsonValueEnd(bytes: Uint8Array, from: number): number {
  const text = new TextDecoder("latin1").decode(bytes);
  TOKEN.lastIndex = from;
  const next = () => {
    const match = TOKEN.exec(text);
    return match === null ? "" : match[1] ?? (match[2]!.startsWith('"') ? '"' : "v");
  };
  const value = (token: string): boolean => {
    if (token === '"' || token === "v") return true;
    if (token === "[") return many("]", value);
    return token === "{" && many("}", (name) => name === '"' && next() === ":" && value(next()));
  };
  const many = (close: string, item: (token: string) => boolean): boolean => {
    let token = next();
    if (token === close) return true;
    for (;; token = next()) {
      if (!item(token)) return false;
      const separator = next();
      if (separator === close) return true;
      if (separator !== ",") return false;
    }
  };
  return value(next()) ? TOKEN.lastIndex : -1;
}

/** Begin and end of each element of the array that fills `bytes`, in turn; or -1. */
function jsonElements(bytes: Uint8Array): Uint32Array | number {
  const space = /[ \t\r\n]*/y;
  const text = new TextDecoder("latin1").decode(bytes);
  const skip = (from: number) => {
    space.lastIndex = from;
    return from + space.exec(text)![0].length;
  };
  const end = jsonValueEnd(bytes, 0);
  if (end < 0 || skip(end) !== bytes.length || text[skip(0)] !== "[") return -1;
  const ranges: number[] = [];
  let at = skip(skip(0) + 1);
  while (text[at] !== "]") {
    const to = jsonValueEnd(bytes, at);
    ranges.push(at, to);
    at = skip(to);
    if (text[at] === ",") at = skip(at + 1);
  }
  return Uint32Array.from(ranges);
}

/** Position of the first line that is not one JSON value, empty ones aside; or -1. */
function badJsonLine(bytes: Uint8Array): number {
  let from = 0;
  for (const line of new TextDecoder("latin1").decode(bytes).split("\n")) {
    const source = bytes.subarray(from, from + line.length);
    const end = jsonValueEnd(source, 0);
    const blank = line === "" || line === "\r";
    if (!blank && (end < 0 || /[^ \t\r]/.test(line.slice(end)))) return from;
    from += line.length + 1;
  }
  return -1;
}

export const REFERENCE_SCANNER = { jsonValueEnd, jsonElements, badJsonLine };
