import { expect, it } from "vitest";
import { Report } from "../../src/cli/report.ts";

function open(json: boolean) {
  const written: string[] = [];
  const terminal = {
    out: (text: Uint8Array | string) => Promise.resolve(void written.push(String(text))),
    remark() {},
    input: (async function* () {})(),
  };
  return { report: new Report(terminal, json), text: () => written.join("") };
}

const rows = [{ log_id: "aa", records: 1, whole: true }, {
  log_id: "bb",
  records: null,
  whole: false,
}];

it("shows rows as a table", async () => {
  const { report, text } = open(false);
  await report.rows("log", rows, "Logs");
  await report.rows("none", []);
  await report.object("log", {});
  await report.line("end");
  expect(text()).toBe(
    "Logs\nLOG ID  RECORDS  WHOLE\naa            1  yes\nbb            -  no\nend\n",
  );
});

it("shows rows as JSON lines", async () => {
  const { report, text } = open(true);
  await report.line("nothing");
  await report.rows("log", rows, "Logs");
  await report.object("sum", { a: [1] });
  expect(text().trim().split("\n").map((line) => JSON.parse(line))).toEqual([
    { kind: "log", ...rows[0] },
    { kind: "log", ...rows[1] },
    { kind: "sum", a: [1] },
  ]);
});
