/** /livez and /readyz. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";

export interface Probes {
  readonly livez: () => boolean;
  readonly readyz: () => boolean;
}

/** Serves the probes on a port until closed. */
export async function serveHealth(port: number, probes: Probes): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const probe = path === "/livez" ? probes.livez : path === "/readyz" ? probes.readyz : undefined;
    const code = probe === undefined ? 404 : probe() ? 200 : 503;
    response.writeHead(code, { "content-type": "text/plain" }).end(code === 200 ? "ok\n" : "no\n");
  });
  server.listen(port);
  await once(server, "listening");
  return server;
}
