/**
 * A TCP proxy before the API server: TLS passes through, so that the operator speaks to the real one, and connections break as
 * networks break them.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type ConnectionFault =
  /** Every connection is reset, those that are there and those that come. */
  | "reset"
  /** Nothing moves until the fault is over; then it goes on where it was. */
  | "hang"
  /** What was sent is swallowed for ever and nobody hears of an end: those connections stay dead after the fault. */
  | "halfOpen";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class ConnectionProxy {
  readonly #target: URL;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #swallowed = new Set<Pair>();
  #fault: ConnectionFault | undefined;
  /** Connections that were opened so far. */
  opened = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#take(client));
  }

  static async open(target: string): Promise<ConnectionProxy> {
    const proxy = new ConnectionProxy(new URL(target));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  break(fault: ConnectionFault): void {
    this.#fault = fault;
    for (const pair of this.#pairs) this.#afflict(pair, fault);
  }

  heal(): void {
    if (this.#fault === "hang") for (const pair of this.#pairs) if (!this.#swallowed.has(pair)) join(pair);
    this.#fault = undefined;
  }

  close(): void {
    this.#server.close();
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  #take(client: Socket): void {
    this.opened += 1;
    const server = connect({ host: this.#target.hostname, port: Number(this.#target.port), allowHalfOpen: true });
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      // The other side's end is what counts; an error is always followed by it.
      socket.on("error", () => undefined);
      socket.on("close", () => this.#end(pair));
    }
    if (this.#fault === undefined) join(pair);
    else this.#afflict(pair, this.#fault);
  }

  #afflict(pair: Pair, fault: ConnectionFault): void {
    const { client, server } = pair;
    client.unpipe();
    server.unpipe();
    if (fault === "reset") {
      client.resetAndDestroy();
      server.destroy();
    } else if (fault === "hang") {
      client.pause();
      server.pause();
    } else {
      this.#swallowed.add(pair);
      client.on("data", () => undefined).resume();
      server.on("data", () => undefined).resume();
    }
  }

  /** An end is passed on, but for that of a connection whose packets are swallowed: then only the side that ended knows. */
  #end(pair: Pair): void {
    if (this.#swallowed.has(pair)) return;
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  }
}

function join({ client, server }: Pair): void {
  client.pipe(server);
  server.pipe(client);
}
