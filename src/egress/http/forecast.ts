/**
 * GET /v1/forecast: how fast the logs grow, when the disk is full, and what is lost should the link
 * be down for so many days.
 *
 * @module
 */
import { FORECAST_DAYS_MAX, RATE_LONG_MS, RATE_SHORT_MS } from "../../base/limits.ts";
import { OperatingError } from "../../base/errors.ts";
import { Query } from "../../protocol/http/query.ts";
import type { RateWindow } from "../../store/append_rates.ts";
import type { Forecast } from "../../store/forecast.ts";
import type { EgressStore } from "./options.ts";

const DAY_S = 86_400;
const WINDOWS: Readonly<Record<RateWindow, number>> = { short: RATE_SHORT_MS, long: RATE_LONG_MS };

export function forecastDocument(store: EgressStore, request: Request): unknown {
  const query = new Query(request.url, ["link_down_days", "rate"]);
  const days = daysOf(query.text("link_down_days"));
  const rate = rateOf(query.text("rate"));
  const { forecast } = store.space;
  return {
    capacity_bytes: finite(forecast.capacityBytes),
    room_bytes: finite(forecast.roomBytes),
    delivered_bytes: forecast.deliveredBytes,
    full: (["short", "long"] as const).map((window) => ({
      rate: window,
      window_seconds: WINDOWS[window] / 1_000,
      seconds: finite(forecast.fullInS(window)),
    })),
    topics: forecast.growth().map(({ topic, bytes, short, long }) => ({
      topic,
      disk_policy: store.topic(topic)!.settings.diskPolicy,
      priority: store.topic(topic)!.settings.priority,
      bytes,
      bytes_per_second: { short: short.bytesPerS, long: long.bytesPerS },
      records_per_second: { short: short.recordsPerS, long: long.recordsPerS },
    })),
    link_down: days === null ? null : outageDocument(forecast, days, rate),
  };
}

function outageDocument(forecast: Forecast, days: number, rate: RateWindow): unknown {
  const losses = forecast.outage(days * DAY_S, rate).map((loss) => ({
    topic: loss.topic,
    reason: loss.reason,
    records: loss.records,
    bytes: loss.bytes,
    after_seconds: Math.round(loss.afterS),
  }));
  return { days, rate, losses };
}

/** @throws {OperatingError} invalid_argument */
function daysOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const days = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN;
  if (days > 0 && days <= FORECAST_DAYS_MAX) return days;
  const message = `Cannot take link_down_days="${text.slice(0, 40)}": expected a number of days ` +
    `above 0, up to ${FORECAST_DAYS_MAX}`;
  throw new OperatingError("invalid_argument", message, { parameter: "link_down_days" });
}

/** @throws {OperatingError} invalid_argument */
function rateOf(text: string | undefined): RateWindow {
  if (text === undefined || text === "long") return "long";
  if (text === "short") return "short";
  const message = `Cannot take rate="${text.slice(0, 40)}": expected short or long`;
  throw new OperatingError("invalid_argument", message, { parameter: "rate" });
}

/** JSON has no infinity: null is never, and no bound. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? Math.round(value) : null;
}
