/**
 * Another server process: execute() with the options of the first argument (JSON), its result and times on stdout.
 *   node adapter/testing/other-server.ts '{"agentId": "…", "config": {…}}'
 */
import { execute } from "../execute.ts";
import { TestHost, type HostOptions } from "./host.ts";

const host = new TestHost(JSON.parse(process.argv[2] ?? "{}") as HostOptions);
const result = await execute(host.context);
console.log(JSON.stringify({ result, runId: host.context.runId, said: host.said }));
