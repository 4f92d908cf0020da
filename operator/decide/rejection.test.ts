/** Messages of the API server, version 1.35, and their classification. */
import { describe, expect, it } from "vitest";
import { parseRejection } from "./rejection.ts";

const temporary: readonly [cause: string, reason: string, message: string][] = [
  [
    "a quota on pods",
    "QuotaExceeded",
    'Error creating: pods "a-1" is forbidden: exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4',
  ],
  [
    "a quota on Jobs",
    "QuotaExceeded",
    'jobs.batch "a-1" is forbidden: exceeded quota: team, requested: count/jobs.batch=1, used: count/jobs.batch=9, limited: count/jobs.batch=9',
  ],
  [
    "a missing ServiceAccount",
    "JobCreateFailed",
    'Error creating: pods "a-1" is forbidden: error looking up service account team/nobody: serviceaccount "nobody" not found',
  ],
  [
    "a missing PriorityClass",
    "JobCreateFailed",
    'Error creating: pods "a-1" is forbidden: no PriorityClass with name nope was found',
  ],
  [
    "a missing permission of the operator",
    "JobCreateFailed",
    'jobs.batch is forbidden: User "system:serviceaccount:x:y" cannot create resource "jobs" in API group "batch" in the namespace "team"',
  ],
  [
    "a webhook that is down",
    "JobCreateFailed",
    'Internal error occurred: failed calling webhook "x.example.com": failed to call webhook: Post "https://x": connection refused',
  ],
];

const permanent: readonly [cause: string, message: string][] = [
  ["a webhook", 'admission webhook "x.example.com" denied the request: no agents here'],
  ["a policy", `jobs.batch "a-1" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`],
  [
    "Pod Security",
    'Error creating: pods "a-1" is forbidden: violates PodSecurity "restricted:latest": privileged (container "run" must not)',
  ],
  ["a LimitRange", 'pods "a-1" is forbidden: maximum memory usage per Container is 64Mi, but limit is 1Gi'],
  ["a quota that requires limits", 'pods "a-1" is forbidden: failed quota: team: must specify limits.cpu for: run'],
  ["a field", 'Pod "a-1" is invalid: spec.containers[0].image: Required value'],
];

describe("a rejection that may be temporary:", () => {
  it.each(temporary)("%s", (_, reason, message) => {
    expect(parseRejection(message)).toEqual({ reason, message, isFinal: false });
  });
});

describe("a permanent rejection:", () => {
  it.each(permanent)("%s", (_, message) => {
    expect(parseRejection(message)).toEqual({ reason: "JobCreateFailed", message, isFinal: true });
  });

  it("any message, if the status code is permanent", () => {
    expect(parseRejection("no", { isFinal: true }).isFinal).toBe(true);
  });
});
