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

export const REFERENCE_SCANNER = { jsonValueEnd };
