/** Reads from a sentence when a usage limit ends. */

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const clockTime =
  /resets?(?: at)?\s+(?:(?<month>[a-z]{3})[a-z]*\.? (?<day>\d{1,2}),?(?: at)?\s+)?(?<hour>\d{1,2})(?::(?<minute>\d{2}))?\s*(?<half>am|pm)\s*\((?<zone>[^)]+)\)/iu;
const dayMs = 86_400_000;

/**
 * "…limit reached|1778565600" (epoch seconds) and "resets 3pm (Europe/Berlin)", "resets Oct 9, 5:30pm (UTC)" as RFC 3339;
 * undefined for anything else: a time without its zone would be a guess.
 */
export function resetTimeInText(text: string, nowMs: number): string | undefined {
  const epoch = /\|(\d{10})\b/u.exec(text)?.[1];
  if (epoch !== undefined) return rfc3339(Number(epoch));
  const groups = clockTime.exec(text)?.groups;
  return groups === undefined ? undefined : nextClockTime(groups, nowMs);
}

/** RFC 3339 for epoch seconds; undefined for what is no time. */
export function rfc3339(epochSeconds: number): string | undefined {
  const date = new Date(epochSeconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(".000Z", "Z");
}

function nextClockTime(groups: Record<string, string | undefined>, nowMs: number): string | undefined {
  const zone = groups["zone"] ?? "";
  const offsetMs = zoneOffsetMs(zone, nowMs);
  if (offsetMs === undefined) return undefined;
  const local = new Date(nowMs + offsetMs);
  const hour = (Number(groups["hour"]) % 12) + (groups["half"]?.toLowerCase() === "pm" ? 12 : 0);
  const month = groups["month"] === undefined ? local.getUTCMonth() : months.indexOf(groups["month"].toLowerCase());
  if (month < 0) return undefined;
  const day = groups["day"] === undefined ? local.getUTCDate() : Number(groups["day"]);
  const wall = Date.UTC(local.getUTCFullYear(), month, day, hour, Number(groups["minute"] ?? 0));
  const instant = instantOf(wall, zone) ?? wall;
  if (instant > nowMs) return rfc3339(instant / 1000);
  if (groups["day"] === undefined) return rfc3339((instantOf(wall + dayMs, zone) ?? instant + dayMs) / 1000);
  return rfc3339((instantOf(wall + 365 * dayMs, zone) ?? instant) / 1000);
}

/** The instant at which the clocks of the zone show `wallMs` (wall time written as if it were UTC). */
function instantOf(wallMs: number, zone: string): number | undefined {
  const guess = zoneOffsetMs(zone, wallMs);
  if (guess === undefined) return undefined;
  // Once more with the offset of the instant itself: the first guess may lie beyond a change of clocks.
  return wallMs - (zoneOffsetMs(zone, wallMs - guess) ?? guess);
}

function zoneOffsetMs(zone: string, atMs: number): number | undefined {
  try {
    const text = new Date(atMs).toLocaleString("sv-SE", { timeZone: zone });
    return Date.parse(`${text.replace(" ", "T")}Z`) - Math.floor(atMs / 1000) * 1000;
  } catch {
    // Not a time zone that Node knows.
    return undefined;
  }
}
