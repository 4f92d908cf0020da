/** A way into the cluster's network namespace, which a browser outside of it does not see: files are the same on both sides. */
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
  // Whoever has a page open must not keep the demo from ending.
  return server.unref();
}

function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  for (const [socket, partner] of [
    [one, other],
    [other, one],
  ] as const) {
    socket.unref();
    // Before the server listens, and after it, nobody takes the connection: the browser is told by its end.
    socket.on("error", () => partner.destroy());
    socket.on("close", () => partner.destroy());
  }
}
