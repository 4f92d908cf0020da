/**
 * Another server process: runs execute() with the options of the first argument (JSON) and prints its result.
 *   node adapter/testing/other-server.ts '{"agentId": "…", "config": {…}}'
 */
import { AdapterState } from "../adapter-state.ts";
import { execute } from "../execute.ts";
import { TestHost, type HostOptions } from "./host.ts";

const host = new TestHost(JSON.parse(process.argv[2] ?? "{}") as HostOptions);
const result = await execute(new AdapterState(), host.context);
console.log(JSON.stringify({ result, runId: host.context.runId, said: host.ownLines }));
