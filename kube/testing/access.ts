/** Access to a test server with the credentials of a test; without a token the plugin fails. */
import type { Credentials } from "../credentials.ts";
import { connect } from "node:net";
import { once } from "node:events";
import type { HttpAccess } from "../http-client.ts";

export function accessTo(port: number, token: () => string | undefined): HttpAccess {
  const current = (): Promise<Credentials> => {
    const authorization = token();
    if (authorization === undefined) return Promise.reject(new Error("the plugin failed"));
    return Promise.resolve({ headers: { authorization }, tls: undefined, tlsKey: "" });
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    pathPrefix: "",
    credentials: current,
    renew: async ({ headers }) => headers["authorization"] !== (await current()).headers["authorization"],
    connect: async () => {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      return socket;
    },
  };
}
