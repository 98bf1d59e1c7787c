import { expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import { MQTT_NAMES_KEPT_MAX } from "../../../../src/base/mqtt_limits.ts";
import { NameMatches } from "../../../../src/ingress/mqtt/delivery/name_matches.ts";

function counting(weight = 1, namesMax?: () => number) {
  const asked: string[] = [];
  let version = 0;
  const matches = new NameMatches({
    find: (name) => {
      asked.push(name);
      return name.toUpperCase();
    },
    version: () => version,
    weight: () => weight,
    ...(namesMax && { namesMax }),
  });
  return { asked, matches, change: () => version++ };
}

it("of() asks once for a name, until something changes", () => {
  const { asked, matches, change } = counting();
  for (const name of ["a", "ü/b", "a", "ü/b"]) {
    expect(matches.of(utf8(name))).toBe(name.toUpperCase());
  }
  expect(asked).toEqual(["a", "ü/b"]);
  change();
  matches.of(utf8("a"));
  expect(asked).toEqual(["a", "ü/b", "a"]);
});

it("of() tells names apart, and does not keep the bytes it was asked with", () => {
  const { matches } = counting();
  const bytes = utf8("abc");
  matches.of(bytes);
  bytes.set(utf8("xyz"));
  expect(matches.of(bytes)).toBe("XYZ");
  expect(matches.of(utf8("abc"))).toBe("ABC");
});

it("of() forgets when it knows too much", () => {
  const { asked, matches } = counting();
  for (let nth = 0; nth <= MQTT_NAMES_KEPT_MAX; nth++) matches.of(utf8(`n${nth}`));
  matches.of(utf8("n0"));
  expect(asked.length).toBe(MQTT_NAMES_KEPT_MAX + 2);
  const heavy = counting(2 ** 30);
  for (const name of ["a", "b", "a"]) heavy.matches.of(utf8(name));
  expect(heavy.asked).toEqual(["a", "b", "a"]);
});

it("of() keeps no more than it may as of now: many share what there is", () => {
  let namesMax = 3;
  const { asked, matches } = counting(1, () => namesMax);
  for (const name of ["a", "b", "c", "a", "b"]) matches.of(utf8(name));
  expect(asked).toEqual(["a", "b", "c"]);
  namesMax = 1;
  for (const name of ["d", "d", "e", "d"]) matches.of(utf8(name));
  expect(asked.slice(3)).toEqual(["d", "e", "d"]);
});
