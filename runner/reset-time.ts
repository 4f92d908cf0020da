/** Parses from a text when a usage limit resets. */
import { matchedPart } from "./api-errors.ts";

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** Each repetition is bounded, which bounds the work for any text. */
const clockTime =
  /resets?(?: at)?\s{1,3}(?:(?<month>[a-z]{3})[a-z]{0,6}\.? (?<day>\d{1,2})(?:, (?<year>\d{4}))?,?(?: at)?\s{1,3})?(?<hour>\d{1,2})(?::(?<minute>\d{2}))?\s{0,3}(?<half>am|pm)\s{0,3}\((?<zone>[\w/+-]{1,40})\)/iu;
/** "2027-01-01 at 00:00 UTC", "2027-01-01T00:00:00Z". */
const isoTime =
  /(?<!\d)(?<date>\d{4}-\d{2}-\d{2})(?:T| at | )(?<time>\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})? ?\(?(?<zone>Z\b|UTC\b|GMT\b|[+-]\d{2}:\d{2})/u;
/** "January 1, 2027 at 00:00 UTC", "1 Jan 2027, 5:30 pm (UTC)". */
const writtenTime =
  /\b(?:(?<month>[a-z]{3})[a-z]{0,6}\.? (?<day>\d{1,2})(?:st|nd|rd|th)?|(?<dayFirst>\d{1,2})(?:st|nd|rd|th)? (?<monthAfter>[a-z]{3})[a-z]{0,6}),? (?<year>\d{4}),?(?: at)? (?<hour>\d{1,2}):(?<minute>\d{2})(?: ?(?<half>am|pm))? ?\(?(?:UTC|GMT)\b/iu;
/** Spending caps of the API reset at the start of a UTC day. */
const capDate = /(?:regain access on|resets? on|available again on) (?<date>\d{4}-\d{2}-\d{2})(?![\d-])/iu;
const hundredYearsMs = 100 * 365.25 * 86_400_000;

/**
 * Returns RFC 3339 for "…limit reached|1778565600" (epoch seconds), "resets 3pm (Europe/Berlin)", "resets Oct 9,
 * 5:30pm (UTC)", "regain access on 2027-01-01 at 00:00 UTC" and variants. Returns undefined for other texts, times
 * without a zone, and times in the past or more than a hundred years ahead.
 */
export function resetTimeInText(text: string, nowMs: number): string | undefined {
  const part = matchedPart(text);
  const ms = epochIn(part) ?? isoIn(part) ?? writtenIn(part) ?? clockIn(part, nowMs) ?? capDateIn(part);
  return ms === undefined || !isPossible(ms / 1000, nowMs) ? undefined : rfc3339(ms / 1000);
}

/** True for a time, in epoch seconds, in the future and within a hundred years. */
export function isPossible(epochSeconds: number, nowMs: number): boolean {
  const ms = epochSeconds * 1000;
  return ms > nowMs && ms < nowMs + hundredYearsMs;
}

/** Returns RFC 3339 for epoch seconds; undefined for an invalid time. */
export function rfc3339(epochSeconds: number): string | undefined {
  const date = new Date(epochSeconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(".000Z", "Z");
}

type Groups = Readonly<Record<string, string | undefined>>;

function epochIn(text: string): number | undefined {
  const epoch = /\|(\d{10})(?!\d)/u.exec(text)?.[1];
  return epoch === undefined ? undefined : Number(epoch) * 1000;
}

function isoIn(text: string): number | undefined {
  const { date, time = "", zone = "" } = isoTime.exec(text)?.groups ?? {};
  if (date === undefined) return undefined;
  return parseDate(`${date}T${time}${/^[+-]/u.test(zone) ? zone : "Z"}`, date);
}

function capDateIn(text: string): number | undefined {
  const date = capDate.exec(text)?.groups?.["date"];
  return date === undefined ? undefined : parseDate(`${date}T00:00Z`, date);
}

/** Rejects dates such as February 30, which Date.parse accepts as a day in March. */
function parseDate(text: string, date: string): number | undefined {
  const dayMs = Date.parse(`${date}T00:00Z`);
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || Number.isNaN(dayMs)) return undefined;
  return new Date(dayMs).toISOString().startsWith(date) ? ms : undefined;
}

function writtenIn(text: string): number | undefined {
  const groups: Groups | undefined = writtenTime.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const month = groups["month"] ?? groups["monthAfter"];
  const day = groups["day"] ?? groups["dayFirst"];
  const timeMs = groups["half"] === undefined ? wallTimeMs(groups) : timeOfDayMs(groups);
  const [dayMs] = daysIn({ ...groups, month, day }, new Date(0));
  return dayMs === undefined || timeMs === undefined ? undefined : dayMs + timeMs;
}

function clockIn(text: string, nowMs: number): number | undefined {
  const groups = clockTime.exec(text)?.groups;
  return groups === undefined ? undefined : instantIn(groups, nowMs);
}

/** Returns the time with its year, or without a year the next time at which the zone's clocks show it. */
function instantIn(groups: Groups, nowMs: number): number | undefined {
  const zone = groups["zone"] ?? "";
  const offsetMs = zoneOffsetMs(zone, nowMs);
  const timeMs = timeOfDayMs(groups);
  if (offsetMs === undefined || timeMs === undefined) return undefined;
  const instants = daysIn(groups, new Date(nowMs + offsetMs)).map((dayMs) => instantOf(dayMs + timeMs, zone));
  return instants.find((each) => each !== undefined && (groups["year"] !== undefined || each > nowMs));
}

/** Time of a 24-hour clock. */
function wallTimeMs(groups: Groups): number | undefined {
  const [hour, minute] = [Number(groups["hour"]), Number(groups["minute"] ?? 0)];
  return hour > 23 || minute > 59 ? undefined : (hour * 60 + minute) * 60_000;
}

function timeOfDayMs(groups: Groups): number | undefined {
  const [hour, minute] = [Number(groups["hour"]), Number(groups["minute"] ?? 0)];
  if (hour < 1 || hour > 12 || minute > 59) return undefined;
  const hours = (hour % 12) + (groups["half"]?.toLowerCase() === "pm" ? 12 : 0);
  return (hours * 60 + minute) * 60_000;
}

/** Returns possible days, earliest first, as UTC days; none for an invalid day. */
function daysIn(groups: Groups, today: Date): number[] {
  const [thisYear, thisMonth, thisDay] = [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()];
  if (groups["month"] === undefined) return [thisDay, thisDay + 1].map((day) => Date.UTC(thisYear, thisMonth, day));
  const month = months.indexOf(groups["month"].toLowerCase());
  const day = Number(groups["day"]);
  const years = groups["year"] === undefined ? [thisYear, thisYear + 1] : [Number(groups["year"])];
  const days = years.map((year) => Date.UTC(year, month, day));
  return days.filter((each) => new Date(each).getUTCMonth() === month && new Date(each).getUTCDate() === day);
}

/** Returns the instant at which the zone's clocks show `wallMs` (wall time as if it were UTC). */
function instantOf(wallMs: number, zone: string): number | undefined {
  const guess = zoneOffsetMs(zone, wallMs);
  if (guess === undefined) return undefined;
  // Recomputed with the instant's own offset, because the first guess may be on the other side of a clock change.
  return wallMs - (zoneOffsetMs(zone, wallMs - guess) ?? guess);
}

function zoneOffsetMs(zone: string, atMs: number): number | undefined {
  try {
    const text = new Date(atMs).toLocaleString("sv-SE", { timeZone: zone });
    return Date.parse(`${text.replace(" ", "T")}Z`) - Math.floor(atMs / 1000) * 1000;
  } catch {
    // An unknown time zone.
    return undefined;
  }
}
