/** Columns for people: numbers to the right, the rest to the left. @module */

export type Cell = string | number | null;

export function formatTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [head, ...rows].map((row) => row.map((cell) => cell === null ? "-" : `${cell}`));
  const widths = head.map((_, column) => Math.max(...texts.map((row) => row[column]!.length)));
  const right = head.map((_, column) =>
    rows.length > 0 && rows.every((row) => typeof row[column] !== "string")
  );
  return texts
    .map((row) =>
      row.map((text, column) =>
        right[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)
      ).join("  ").trimEnd() + "\n"
    ).join("");
}

/** 1536 as "1.5 KiB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** 90061 seconds as "1d 1h". */
export function formatSeconds(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0s";
  return parts.slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}
