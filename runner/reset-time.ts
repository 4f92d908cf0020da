/** Reads from a sentence when a usage limit ends. */

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const clockTime =
  /resets?(?: at)?\s+(?:(?<month>[a-z]{3})[a-z]*\.? (?<day>\d{1,2})(?:, (?<year>\d{4}))?,?(?: at)?\s+)?(?<hour>\d{1,2})(?::(?<minute>\d{2}))?\s*(?<half>am|pm)\s*\((?<zone>[^)]+)\)/iu;

/**
 * "…limit reached|1778565600" (epoch seconds) and "resets 3pm (Europe/Berlin)", "resets Oct 9, 5:30pm (UTC)", "resets
 * Jan 1, 2100, 12am (UTC)" as RFC 3339; undefined for anything else: a time without its zone would be a guess.
 */
export function resetTimeInText(text: string, nowMs: number): string | undefined {
  const epoch = /\|(\d{10})\b/u.exec(text)?.[1];
  if (epoch !== undefined) return rfc3339(Number(epoch));
  const groups = clockTime.exec(text)?.groups;
  return groups === undefined ? undefined : instantIn(groups, nowMs);
}

/** RFC 3339 for epoch seconds; undefined for what is no time. */
export function rfc3339(epochSeconds: number): string | undefined {
  const date = new Date(epochSeconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(".000Z", "Z");
}

type Groups = Readonly<Record<string, string | undefined>>;

/** With its year it is what it says; without, the next time at which the zone's clocks will show it. */
function instantIn(groups: Groups, nowMs: number): string | undefined {
  const zone = groups["zone"] ?? "";
  const offsetMs = zoneOffsetMs(zone, nowMs);
  const timeMs = timeOfDayMs(groups);
  if (offsetMs === undefined || timeMs === undefined) return undefined;
  const instants = daysIn(groups, new Date(nowMs + offsetMs)).map((dayMs) => instantOf(dayMs + timeMs, zone));
  const instant = instants.find((each) => each !== undefined && (groups["year"] !== undefined || each > nowMs));
  return instant === undefined ? undefined : rfc3339(instant / 1000);
}

function timeOfDayMs(groups: Groups): number | undefined {
  const [hour, minute] = [Number(groups["hour"]), Number(groups["minute"] ?? 0)];
  if (hour < 1 || hour > 12 || minute > 59) return undefined;
  const hours = (hour % 12) + (groups["half"]?.toLowerCase() === "pm" ? 12 : 0);
  return (hours * 60 + minute) * 60_000;
}

/** The days that can be meant, the earliest first, as if they were UTC's; none if there is no such day. */
function daysIn(groups: Groups, today: Date): number[] {
  const [thisYear, thisMonth, thisDay] = [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()];
  if (groups["month"] === undefined) return [thisDay, thisDay + 1].map((day) => Date.UTC(thisYear, thisMonth, day));
  const month = months.indexOf(groups["month"].toLowerCase());
  const day = Number(groups["day"]);
  const years = groups["year"] === undefined ? [thisYear, thisYear + 1] : [Number(groups["year"])];
  const days = years.map((year) => Date.UTC(year, month, day));
  return days.filter((each) => new Date(each).getUTCMonth() === month && new Date(each).getUTCDate() === day);
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
