/** The API server's own words, as a cluster of 1.35 says them, and what they mean for a run. */
import { describe, expect, it } from "vitest";
import { readRefusal } from "./refusal.ts";

const passing: readonly [who: string, reason: string, said: string][] = [
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
    "a ServiceAccount that is still to come",
    "JobCreateFailed",
    'Error creating: pods "a-1" is forbidden: error looking up service account team/nobody: serviceaccount "nobody" not found',
  ],
  [
    "a PriorityClass that is still to come",
    "JobCreateFailed",
    'Error creating: pods "a-1" is forbidden: no PriorityClass with name nope was found',
  ],
  [
    "our own rights",
    "JobCreateFailed",
    'jobs.batch is forbidden: User "system:serviceaccount:x:y" cannot create resource "jobs" in API group "batch" in the namespace "team"',
  ],
  [
    "a webhook that is down",
    "JobCreateFailed",
    'Internal error occurred: failed calling webhook "x.example.com": failed to call webhook: Post "https://x": connection refused',
  ],
];

const final: readonly [who: string, said: string][] = [
  ["a webhook", 'admission webhook "x.example.com" denied the request: no agents here'],
  ["a policy", `jobs.batch "a-1" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`],
  [
    "Pod Security",
    'Error creating: pods "a-1" is forbidden: violates PodSecurity "restricted:latest": privileged (container "run" must not)',
  ],
  ["a LimitRange", 'pods "a-1" is forbidden: maximum memory usage per Container is 64Mi, but limit is 1Gi'],
  ["a quota that wants limits named", 'pods "a-1" is forbidden: failed quota: team: must specify limits.cpu for: run'],
  ["a field", 'Pod "a-1" is invalid: spec.containers[0].image: Required value'],
];

describe("a refusal that may pass is waited for:", () => {
  it.each(passing)("%s", (_, reason, message) => {
    expect(readRefusal(message)).toEqual({ reason, message, isFinal: false });
  });
});

describe("a refusal of the object itself is final:", () => {
  it.each(final)("%s", (_, message) => {
    expect(readRefusal(message)).toEqual({ reason: "JobCreateFailed", message, isFinal: true });
  });

  it("whatever the words, if the status code says so", () => {
    expect(readRefusal("no", { isFinal: true }).isFinal).toBe(true);
  });
});
