import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Brake } from "./brake.ts";
import { agentKey, type Job, type Observed, type Pod, type Run, type Settings } from "./domain.ts";
import { aFinishedRun, aJob, anAdmittedRun, anEndedPod, aPod, aRun, aRunningPod } from "./testing/builders.ts";

type World = Pick<Observed, "agent" | "runs" | "jobs" | "pods" | "settings">;

interface Facts {
  readonly namespace?: string;
  readonly run?: Run;
  readonly jobs?: Job[];
  readonly pods?: Pod[];
  readonly admission?: boolean;
}

/** What an agent of its own name shows: by default one waiting run. */
function shows(agent: string, facts: Facts = {}): World {
  const { namespace = "team", jobs = [], pods = [], admission = true, run = aRun(agent) } = facts;
  const its: Run = { ...run, namespace, spec: { ...run.spec, agent } };
  return { agent: agentKey(namespace, agent), runs: [its], jobs, pods, settings: { admission } };
}

function braked(limits: Omit<Settings, "admission">): { brake: Brake; woken: string[] } {
  const woken: string[] = [];
  const brake = new Brake(limits, (agent) => woken.push(agent));
  return { brake, woken };
}

const idle = (agent: string, namespace = "team"): World => shows(agent, { namespace, run: aFinishedRun(agent) });
const busy = (agent: string, namespace = "team"): World => {
  const run = anAdmittedRun(agent);
  return shows(agent, { namespace, run, pods: [aRunningPod(run)] });
};

describe("the brake", () => {
  it("without a limit refuses nobody", () => {
    const { brake } = braked({});
    for (let n = 0; n < 100; n += 1) expect(brake.judge(shows(`a${n}`))).toBeUndefined();
  });

  it("counts a run from the moment it may go ahead, before its Job exists", () => {
    const { brake } = braked({ maxActiveRuns: 1 });
    expect(brake.judge(shows("a"))).toBeUndefined();
    expect(brake.judge(shows("b"))).toMatch(
      /^maxActiveRuns of the operator's configuration is reached: 1 active in all/,
    );
    // A pass of a that does not know whether its Job was made keeps the place.
    expect(brake.judge(shows("a"))).toBeUndefined();
    expect(brake.judge(shows("b"))).toBeDefined();
  });

  it.each<[string, World]>([
    ["an admitted run whose pod is not seen", shows("a", { run: anAdmittedRun("a") })],
    ["a Job whose pod is not made yet", shows("a", { jobs: [aJob(aRun("a"))] })],
    ["a gated pod", shows("a", { jobs: [aJob(aRun("a"))], pods: [aPod(aRun("a"))] })],
    ["a pod of a run that was deleted", { ...busy("a"), runs: [] }],
  ])("counts %s", (_, world) => {
    const { brake } = braked({ maxActiveRuns: 1 });
    brake.start([world]);
    expect(brake.judge(shows("b"))).toBeDefined();
  });

  it("lets a gated pod without a place wait for one, and counts it once it was let go all the same", () => {
    const { brake } = braked({ maxActiveRuns: 1 });
    const gated = shows("a", { pods: [aPod(aRun("a"))] });
    brake.start([busy("b")]);
    expect(brake.judge(gated)).toBeDefined();
    brake.settle(idle("b"));
    expect(brake.judge(gated)).toBeUndefined();
    brake.settle(busy("c"));
    brake.settle(idle("a"));
    expect(brake.judge(shows("d"))).toBeDefined();
  });

  it.each<[string, World]>([
    ["a finished run whose Job does not say so yet", { ...idle("a"), jobs: [aJob(aRun("a"))] }],
    ["a pod that has ended", { ...idle("a"), pods: [anEndedPod(aRun("a"))] }],
    ["a Job that is being deleted", shows("a", { jobs: [aJob(aRun("a"), { deleting: true })] })],
    ["a gated pod that a finished run left", { ...idle("a"), pods: [aPod(aRun("a"))] }],
    ["a run that only waits", shows("a")],
  ])("does not count %s", (_, world) => {
    const { brake } = braked({ maxActiveRuns: 1 });
    brake.start([world]);
    expect(brake.judge(shows("b"))).toBeUndefined();
  });

  it("starts with what runs, and lets what was begun beyond the limit wait for its turn", () => {
    const { brake } = braked({ maxActiveRuns: 2 });
    const begun = ["b", "c"].map((name) => shows(name, { jobs: [aJob(aRun(name))], pods: [aPod(aRun(name))] }));
    brake.start([...begun, busy("a")]);
    expect(begun.map((each) => brake.judge(each) === undefined)).toEqual([true, false]);
  });

  it("gives a place that becomes free to the highest priority, then to the oldest, whoever asks first", () => {
    const { brake, woken } = braked({ maxActiveRuns: 1 });
    brake.settle(busy("a"));
    const young = shows("young", { run: aRun("young", { age: 1 }) });
    const old = shows("old", { run: aRun("old", { age: 99 }) });
    const urgent = shows("urgent", { run: aRun("urgent", { age: 1, priority: 1 }) });
    for (const each of [young, old, urgent]) expect(brake.judge(each)).toBeDefined();
    expect(woken).toEqual([]);
    brake.settle(idle("a"));
    expect(woken).toEqual(["team/urgent"]);
    expect(brake.judge(old)).toBeDefined();
    expect(brake.judge(urgent)).toBeUndefined();
    brake.settle(idle("urgent"));
    expect(woken.at(-1)).toBe("team/old");
  });

  it("passes the turn on when whoever was woken wants it no more, or could not use it", () => {
    const { brake, woken } = braked({ maxActiveRuns: 1 });
    brake.settle(busy("a"));
    const [b, c] = [shows("b", { run: aRun("b", { age: 9 }) }), shows("c", { run: aRun("c", { age: 8 }) })];
    for (const each of [b, c]) brake.judge(each);
    brake.settle(idle("a"));
    expect(brake.judge(idle("b"))).toBeUndefined();
    expect(woken).toEqual(["team/b", "team/c"]);
    expect(brake.judge(c)).toBeUndefined();
    // The API server refused c's Job: its pass ends with nothing made.
    expect(brake.judge(b)).toBeDefined();
    brake.settle(c);
    expect(woken.at(-1)).toBe("team/b");
  });

  it("a namespace that is full holds nobody else up", () => {
    const { brake } = braked({ maxActiveRuns: 3, maxActiveRunsPerNamespace: 1 });
    expect(brake.judge(shows("a"))).toBeUndefined();
    expect(brake.judge(shows("b"))).toMatch(/^maxActiveRunsPerNamespace .* 1 active in namespace team/);
    expect(brake.judge(shows("c", { namespace: "other" }))).toBeUndefined();
    expect(brake.judge(shows("d", { namespace: "third" }))).toBeUndefined();
    expect(brake.judge(shows("e", { namespace: "fourth" }))).toMatch(/^maxActiveRuns .* 3 active/);
  });

  it("keeps no place for an agent while admission is paused", () => {
    const { brake } = braked({ maxActiveRuns: 1 });
    brake.judge(shows("a", { admission: false }));
    expect(brake.judge(shows("b"))).toBeUndefined();
  });

  it("never has more active than may be, and leaves no place empty while somebody waits", () => {
    const step = fc.record({ agent: fc.integer({ min: 0, max: 9 }), ends: fc.boolean(), fails: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { brake, woken } = braked({ maxActiveRuns: 3, maxActiveRunsPerNamespace: 2 });
        const space = (n: number): string => (n % 2 === 0 ? "even" : "odd");
        const active = new Set<number>();
        const waiting = new Set<number>();
        const pass = (n: number, fails: boolean): void => {
          const world = shows(`a${n}`, { namespace: space(n), run: aRun(`a${n}`, { age: n }) });
          if (active.has(n)) return;
          if (brake.judge(world) !== undefined) {
            waiting.add(n);
            brake.settle(world);
            return;
          }
          waiting.delete(n);
          if (!fails) active.add(n);
          brake.settle(fails ? idle(`a${n}`, space(n)) : busy(`a${n}`, space(n)));
        };
        for (const { agent, ends, fails } of steps) {
          if (ends && active.delete(agent)) brake.settle(idle(`a${agent}`, space(agent)));
          else pass(agent, fails);
          for (let next = woken.shift(); next !== undefined; next = woken.shift()) pass(Number(next.slice(-1)), false);
          const inSpace = (name: string): number => [...active].filter((n) => space(n) === name).length;
          expect(active.size).toBeLessThanOrEqual(3);
          for (const name of ["even", "odd"]) {
            expect(inSpace(name)).toBeLessThanOrEqual(2);
            const hasRoom = active.size < 3 && inSpace(name) < 2;
            expect([...waiting].some((n) => space(n) === name) && hasRoom).toBe(false);
          }
        }
      }),
    );
  });
});
