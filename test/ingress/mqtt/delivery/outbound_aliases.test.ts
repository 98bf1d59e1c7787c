import { expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import { MQTT_OUT_TOPIC_ALIAS_MAX } from "../../../../src/base/mqtt_limits.ts";
import { OutboundAliases } from "../../../../src/ingress/mqtt/delivery/outbound_aliases.ts";

it("of() names a topic until that was sent, and then gives the alias alone", () => {
  const aliases = new OutboundAliases(2);
  const name = utf8("long/name");
  const first = aliases.of(name);
  expect(first).toEqual({ alias: 1, named: true });
  expect(aliases.of(name), "it was not sent").toEqual(first);
  aliases.given(name, first);
  expect(aliases.of(name)).toEqual({ alias: 1, named: false });
  const other = utf8("other/name");
  aliases.given(other, aliases.of(other));
  expect(aliases.of(utf8("third/name"))).toEqual({ alias: 0, named: true });
});

it("of() gives no more aliases than either side wants, and none to names as short as one", () => {
  const all = new OutboundAliases(65_535);
  for (let nth = 1; nth <= MQTT_OUT_TOPIC_ALIAS_MAX; nth++) {
    const name = utf8(`name/${nth}`);
    const alias = all.of(name);
    expect(alias.alias).toBe(nth);
    all.given(name, alias);
  }
  expect(all.of(utf8("one/more")).alias).toBe(0);
  expect(new OutboundAliases(9).of(utf8("abc")).alias).toBe(0);
  expect(new OutboundAliases(0).any).toBe(false);
});
