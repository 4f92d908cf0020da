/** The test's API server with what clients of ClaudeRuns need as well: logs of runners, access reviews. */
import type { ServerResponse } from "node:http";
import type { ClaudeRun } from "../../crds/claude-run.ts";
import type { ApiRequest, ApiVerb } from "../../kube/testing/api-request.ts";
import { ApiServer } from "../../kube/testing/api-server.ts";
import { failure, sendJson, type ApiFault, type ApiResponse } from "../../kube/testing/responses.ts";
import type { KubeletLog } from "./kubelet-log.ts";

export class ClaudeRunApi extends ApiServer {
  /** Logs by the pod's name. */
  readonly logs = new Map<string, KubeletLog>();
  /** Permissions that an access review denies, such as "create secrets". */
  readonly denied = new Set<ApiVerb>();
  /** Called after a client created or changed a run. */
  onRun: (run: ClaudeRun) => void = () => undefined;

  /** The existing ClaudeRuns. */
  get runs(): ClaudeRun[] {
    return this.all("clauderuns") as unknown as ClaudeRun[];
  }

  /** Merges these fields into the run's status, as the operator would. */
  status(name: string, status: Record<string, unknown>): void {
    const run = this.get("clauderuns", name);
    if (run === undefined) return;
    this.put("clauderuns", { ...run, status: { ...(run["status"] as object | undefined), ...status } });
  }

  protected override stream(request: ApiRequest, response: ServerResponse, fault: ApiFault | undefined): boolean {
    if (request.verb !== "get pods/log") return super.stream(request, response, fault);
    const log = this.logs.get(request.target.name ?? "");
    if (log === undefined) sendJson(response, 404, failure(404, "no such pod").body);
    else log.show(request.query, response);
    return true;
  }

  protected override respond(request: ApiRequest): ApiResponse {
    const { verb, body } = request;
    if (verb === "create selfsubjectaccessreviews")
      return { code: 201, body: { status: { allowed: this.#allows(body) } } };
    const response = super.respond(request);
    const isRun = verb === "create clauderuns" || verb === "patch clauderuns";
    if (isRun && response.code < 300) queueMicrotask(() => this.onRun(response.body as ClaudeRun));
    return response;
  }

  #allows({ spec }: Record<string, unknown>): boolean {
    const { verb, resource, subresource } = (spec as { resourceAttributes: Record<string, string> }).resourceAttributes;
    const target = subresource === undefined ? resource : `${resource}/${subresource}`;
    return !this.denied.has(`${verb} ${target}` as ApiVerb);
  }
}
