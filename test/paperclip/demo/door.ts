/** A TCP proxy into the cluster's network namespace, for a browser outside of it. Both sides see the same files. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Takes connections at a loopback port or a socket's path, and passes them on to the other. */
export async function openDoor(from: { listen: number | string }, to: number | string): Promise<Server> {
  const server = createServer((inner) => {
    const outer = typeof to === "number" ? connect(to, "127.0.0.1") : connect(to);
    join(inner, outer);
  });
  if (typeof from.listen === "number") server.listen(from.listen, "127.0.0.1");
  else server.listen(from.listen);
  await once(server, "listening");
  // An open page must not keep the demo from ending.
  return server.unref();
}

function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  for (const [socket, partner] of [
    [one, other],
    [other, one],
  ] as const) {
    socket.unref();
    // While the server does not listen, the proxy ends the browser's connection.
    socket.on("error", () => partner.destroy());
    socket.on("close", () => partner.destroy());
  }
}
