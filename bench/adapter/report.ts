/** The adapter's figures as Markdown, each with its floor and goal. */
import { figureTable, table } from "../report.ts";
import type { Row } from "../rows.ts";
import { milliseconds, short, summarize } from "../statistics.ts";
import type { Latency } from "./latency.ts";
import type { LogFigures } from "./log.ts";
import type { CrowdFigures } from "./server.ts";

export interface Figures {
  readonly setting: Readonly<Record<string, string>>;
  readonly latency: Latency;
  readonly log: LogFigures;
  readonly crowd?: CrowdFigures;
}

const bytesPerMB = 1_000_000;

/** Returns the output of `npm run bench:adapter`. */
export function report(figures: Figures): string {
  const { setting, latency, log, crowd } = figures;
  const minutes = log.runMinutes;
  return [
    ...Object.entries(setting).map(([name, value]) => `- ${name}: ${value}`),
    "",
    ...figureTable(
      ["floor", "adapter"],
      [...latencyRows(latency), ...logRows(log), ...(crowd === undefined ? [] : crowdRows(crowd))],
    ),
    "",
    "Times are p50 / p99 (for fewer than 100 values: the maximum).",
    "",
    `Requests in the ${minutes.toFixed(1)} minutes of that run, from the API server's audit log:`,
    "",
    ...table(
      ["request", "in all"],
      Object.entries(log.requests).map(([what, n]) => [what, String(n)]),
    ),
  ].join("\n");
}

function latencyRows({ job, end }: Latency): Row[] {
  const toJob = summarize(job.adapter);
  const toEnd = summarize(end.adapter);
  return [
    {
      figure: `execute() → Job, n=${toJob.n} (floor: a Job's POST; a bare ClaudeRun's; one's with a Secret)`,
      floor: [job.plain, job.bare, job.withSecret].map((values) => milliseconds(summarize(values))).join("; "),
      measured: milliseconds(toJob),
      goal: "p50 ≤ 40 ms",
      isMet: toJob.p50 <= 40,
    },
    {
      figure: "claude's last line → return of execute() (floor: end of a plain follow)",
      floor: milliseconds(summarize(end.plain)),
      measured: milliseconds(toEnd),
      goal: "p50 ≤ 300 ms",
      isMet: toEnd.p50 <= 300,
    },
  ];
}

function logRows({ lag, seconds, lines, lost, repeated, disordered, requests, runMinutes }: LogFigures): Row[] {
  const measured = summarize(lag.adapter);
  const perMinute = Object.values(requests).reduce((sum, n) => sum + n, 0) / runMinutes;
  return [
    {
      figure: `a line written → received by the host, ${lines} lines in ${seconds} s (floor: a plain follow)`,
      floor: milliseconds(summarize(lag.plain)),
      measured: milliseconds(measured),
      goal: "≤ 20 / 300 ms",
      isMet: measured.p50 <= 20 && measured.p99 <= 300,
    },
    {
      figure: "lines lost, repeated, out of order",
      measured: `${lost}, ${repeated}, ${disordered}`,
      goal: "none",
      isMet: lost + repeated + disordered === 0,
    },
    {
      figure: "API requests per minute of that run, including the server's Lease",
      measured: short(perMinute),
      goal: "≤ 4",
      isMet: perMinute <= 4,
    },
  ];
}

function crowdRows({ runs, beforeBytes, followedBytes, peakBytes, lines }: CrowdFigures): Row[] {
  const megabytes = (bytes: number): string => `${Math.round(bytes / bytesPerMB)} MB`;
  const more = followedBytes - beforeBytes;
  return [
    {
      figure: `${runs} runs followed at once, ${lines} lines in a minute: RSS before → followed (peak)`,
      measured: `${megabytes(beforeBytes)} → ${megabytes(followedBytes)} (${megabytes(peakBytes)}): ${megabytes(more)} more`,
      goal: "≤ 150 MB more",
      isMet: more <= 150 * bytesPerMB,
    },
  ];
}
