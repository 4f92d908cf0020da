/** /livez and /readyz, with `?verbose` one line per check, and /metrics. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";

/** What a probe looks at; undefined if all is well, else what is wrong. */
export type Checks = Readonly<Record<string, () => string | undefined>>;

export interface HealthOptions {
  /** Only a new process helps when one of these fails. */
  readonly livez: Checks;
  /** This replica could lead. */
  readonly readyz: Checks;
  /** In Prometheus' text format. */
  readonly metrics: () => string;
}

/** Serves them on a port until closed. */
export async function serveHealth(port: number, { livez, readyz, metrics }: HealthOptions): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://operator");
    const checks = pathname === "/livez" ? livez : pathname === "/readyz" ? readyz : undefined;
    if (checks !== undefined) {
      const { ok, text } = judged(checks, searchParams.has("verbose"));
      response.writeHead(ok ? 200 : 503, { "content-type": "text/plain" }).end(text);
    } else if (pathname === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(metrics());
    } else {
      response.writeHead(404, { "content-type": "text/plain" }).end("there are /livez, /readyz and /metrics\n");
    }
  });
  server.listen(port);
  await once(server, "listening");
  return server;
}

/** As the API server's own probes say it; what fails is named also without being asked. */
function judged(checks: Checks, isVerbose: boolean): { readonly ok: boolean; readonly text: string } {
  const results = Object.entries(checks).map(([name, check]) => ({ name, wrong: check() }));
  const ok = results.every(({ wrong }) => wrong === undefined);
  if (ok && !isVerbose) return { ok, text: "ok\n" };
  const lines = results.map(({ name, wrong }) => (wrong === undefined ? `[+] ${name} ok` : `[-] ${name}: ${wrong}`));
  return { ok, text: `${lines.join("\n")}\n` };
}
