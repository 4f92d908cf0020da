/** Counters, gauges and histograms, and Prometheus' text format (version 0.0.4) for them. */

export type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  samples(): Iterable<Sample>;
}

interface Sample {
  readonly suffix?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** Name and help text of a metric. */
export interface Description {
  readonly name: string;
  readonly help: string;
}

/** All metrics of a process, in the order of their creation. */
export class Registry {
  readonly #metrics: Metric[] = [];

  counter(description: Description): Counter {
    return this.#add(new Counter(description));
  }

  histogram(description: Description, buckets: readonly number[]): Histogram {
    return this.#add(new Histogram(description, buckets));
  }

  /** A value, or one per set of labels, that is read at each scrape. */
  gauge(description: Description, read: () => number | Iterable<readonly [Labels, number]>): void {
    this.#add({ ...description, type: "gauge", samples: () => asSamples(read()) });
  }

  /** A counter that another part of the operator increments; read at each scrape. */
  readCounter(description: Description, read: () => number | Iterable<readonly [Labels, number]>): void {
    this.#add({ ...description, type: "counter", samples: () => asSamples(read()) });
  }

  get descriptions(): readonly (Description & { readonly type: string })[] {
    return this.#metrics;
  }

  render(): string {
    return this.#metrics.map(rendered).join("");
  }

  #add<T extends Metric>(metric: T): T {
    this.#metrics.push(metric);
    return metric;
  }
}

function asSamples(read: number | Iterable<readonly [Labels, number]>): Sample[] {
  if (typeof read === "number") return [{ labels: {}, value: read }];
  return [...read].map(([labels, value]) => ({ labels, value }));
}

/** Values by their labels. */
class Series<T> {
  readonly #byKey = new Map<string, { readonly labels: Labels; readonly value: T }>();

  at(labels: Labels, create: () => T): T {
    // The key is not the rendered text, because escaping costs more than counting.
    const key = Object.entries(labels).flat().join("\0");
    const known = this.#byKey.get(key);
    if (known !== undefined) return known.value;
    const value = create();
    this.#byKey.set(key, { labels, value });
    return value;
  }

  all(): Iterable<{ readonly labels: Labels; readonly value: T }> {
    return this.#byKey.values();
  }
}

export class Counter implements Metric {
  readonly type = "counter";
  readonly name: string;
  readonly help: string;
  readonly #series = new Series<{ sum: number }>();

  constructor({ name, help }: Description) {
    this.name = name;
    this.help = help;
  }

  add(amount: number, labels: Labels = {}): void {
    this.#series.at(labels, () => ({ sum: 0 })).sum += amount;
  }

  *samples(): Iterable<Sample> {
    for (const { labels, value } of this.#series.all()) yield { labels, value: value.sum };
  }
}

export class Histogram implements Metric {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #buckets: readonly number[];
  readonly #series = new Series<{ readonly counts: number[]; sum: number; count: number }>();

  /** `buckets` are ascending upper bounds; `+Inf` is added. */
  constructor({ name, help }: Description, buckets: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#buckets = buckets;
  }

  observe(value: number, labels: Labels = {}): void {
    const series = this.#series.at(labels, () => ({ counts: this.#buckets.map(() => 0), sum: 0, count: 0 }));
    const bucket = this.#buckets.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
    series.count += 1;
  }

  *samples(): Iterable<Sample> {
    for (const { labels, value: series } of this.#series.all()) {
      let below = 0;
      for (const [index, bound] of this.#buckets.entries()) {
        below += series.counts[index] ?? 0;
        yield { suffix: "_bucket", labels: { ...labels, le: String(bound) }, value: below };
      }
      yield { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: series.count };
      yield { suffix: "_sum", labels, value: series.sum };
      yield { suffix: "_count", labels, value: series.count };
    }
  }
}

function rendered(metric: Metric): string {
  const lines = [...metric.samples()].map(
    ({ suffix = "", labels, value }) => `${metric.name}${suffix}${labelText(labels)} ${value}\n`,
  );
  return `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${metric.type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
