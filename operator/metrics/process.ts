/** Metrics of the process, with the names that dashboards use. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Registry } from "./exposition.ts";

export function describeProcess(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  registry.readCounter(
    { name: "process_cpu_seconds_total", help: "CPU time, user and system." },
    () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  );
  registry.gauge({ name: "process_resident_memory_bytes", help: "Resident memory." }, () => process.memoryUsage.rss());
  registry.gauge(
    { name: "nodejs_heap_size_used_bytes", help: "Used JavaScript heap, including garbage." },
    () => process.memoryUsage().heapUsed,
  );
  registry.gauge(
    { name: "nodejs_eventloop_lag_max_seconds", help: "Longest delay of the event loop since the last scrape." },
    () => {
      const seconds = delay.max / 1e9;
      delay.reset();
      return seconds;
    },
  );
  const startSeconds = Date.now() / 1000 - process.uptime();
  registry.gauge(
    { name: "process_start_time_seconds", help: "Start time of the process, in seconds since the epoch." },
    () => startSeconds,
  );
}
