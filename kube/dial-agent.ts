/** An HTTP agent whose connections are opened by ClusterAccess and kept alive for later requests. */
import { Agent, type AgentOptions } from "node:http";
import type { Duplex } from "node:stream";
import type { ClusterAccess } from "./access.ts";
import type { Credentials } from "./credentials.ts";

export interface DialAgentOptions extends Pick<AgentOptions, "maxSockets" | "timeout"> {
  readonly tls: Credentials["tls"];
}

export class DialAgent extends Agent {
  readonly #access: Pick<ClusterAccess, "connect">;
  readonly #tls: Credentials["tls"];

  constructor(access: Pick<ClusterAccess, "connect">, { tls, ...options }: DialAgentOptions) {
    super({ keepAlive: true, ...options });
    this.#access = access;
    this.#tls = tls;
  }

  override createConnection(
    _options: AgentOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#access.connect(this.#tls).then(
      (socket) => callback?.(null, socket),
      (error: unknown) => callback?.(error as Error, undefined as never),
    );
  }

  /** Closes idle connections now and the others after their requests. */
  retire(): void {
    this.maxFreeSockets = 0;
    for (const sockets of Object.values(this.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }
}
