import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ActiveRunLimiter } from "./active-run-limit.ts";
import { agentKey, type Job, type Observed, type Pod, type Run, type Settings } from "./domain.ts";
import { aFinishedRun, aJob, anAdmittedRun, anEndedPod, aPod, aRun, aRunningPod } from "./testing/builders.ts";

type View = Pick<Observed, "agent" | "runs" | "jobs" | "pods" | "settings">;

interface ViewOptions {
  readonly namespace?: string;
  readonly run?: Run;
  readonly jobs?: Job[];
  readonly pods?: Pod[];
  readonly admission?: boolean;
}

/** The view of an agent, by default with one waiting run. */
function viewOf(agent: string, options: ViewOptions = {}): View {
  const { namespace = "team", jobs = [], pods = [], admission = true, run = aRun(agent) } = options;
  const ofAgent: Run = { ...run, namespace, spec: { ...run.spec, agent } };
  return { agent: agentKey(namespace, agent), runs: [ofAgent], jobs, pods, settings: { admission } };
}

function limited(limits: Omit<Settings, "admission">): { limiter: ActiveRunLimiter; enqueued: string[] } {
  const enqueued: string[] = [];
  const limiter = new ActiveRunLimiter(limits, (agent) => enqueued.push(agent));
  return { limiter, enqueued };
}

const idle = (agent: string, namespace = "team"): View => viewOf(agent, { namespace, run: aFinishedRun(agent) });
const busy = (agent: string, namespace = "team"): View => {
  const run = anAdmittedRun(agent);
  return viewOf(agent, { namespace, run, pods: [aRunningPod(run)] });
};

describe("the active-run limit", () => {
  it("reserves for every agent if no limit is set", () => {
    const { limiter } = limited({});
    for (let n = 0; n < 100; n += 1) expect(limiter.tryReserve(viewOf(`a${n}`))).toBeUndefined();
  });

  it("counts a run from the moment it may go ahead, before its Job exists", () => {
    const { limiter } = limited({ maxActiveRuns: 1 });
    expect(limiter.tryReserve(viewOf("a"))).toBeUndefined();
    expect(limiter.tryReserve(viewOf("b"))).toMatch(
      /^Waiting for capacity: the operator setting maxActiveRuns is 1 \(all namespaces\)/,
    );
    // A reconcile of a that does not know whether its Job was created keeps the reservation.
    expect(limiter.tryReserve(viewOf("a"))).toBeUndefined();
    expect(limiter.tryReserve(viewOf("b"))).toBeDefined();
  });

  it.each<[string, View]>([
    ["an admitted run whose pod the cache does not show", viewOf("a", { run: anAdmittedRun("a") })],
    ["a Job whose pod does not exist yet", viewOf("a", { jobs: [aJob(aRun("a"))] })],
    ["a gated pod", viewOf("a", { jobs: [aJob(aRun("a"))], pods: [aPod(aRun("a"))] })],
    ["a pod of a run that was deleted", { ...busy("a"), runs: [] }],
  ])("counts %s", (_, view) => {
    const { limiter } = limited({ maxActiveRuns: 1 });
    limiter.reset([view]);
    expect(limiter.tryReserve(viewOf("b"))).toBeDefined();
  });

  it("makes a gated pod without a reservation wait, and counts it once it is ungated", () => {
    const { limiter } = limited({ maxActiveRuns: 1 });
    const gated = viewOf("a", { pods: [aPod(aRun("a"))] });
    limiter.reset([busy("b")]);
    expect(limiter.tryReserve(gated)).toBeDefined();
    limiter.release(idle("b"));
    expect(limiter.tryReserve(gated)).toBeUndefined();
    limiter.release(busy("c"));
    limiter.release(idle("a"));
    expect(limiter.tryReserve(viewOf("d"))).toBeDefined();
  });

  it.each<[string, View]>([
    ["a finished run whose Job is not finished yet", { ...idle("a"), jobs: [aJob(aRun("a"))] }],
    ["a pod that has ended", { ...idle("a"), pods: [anEndedPod(aRun("a"))] }],
    ["a Job that is being deleted", viewOf("a", { jobs: [aJob(aRun("a"), { isDeleting: true })] })],
    ["a gated pod that a finished run left", { ...idle("a"), pods: [aPod(aRun("a"))] }],
    ["a run that only waits", viewOf("a")],
  ])("does not count %s", (_, view) => {
    const { limiter } = limited({ maxActiveRuns: 1 });
    limiter.reset([view]);
    expect(limiter.tryReserve(viewOf("b"))).toBeUndefined();
  });

  it("starts with the active agents, and makes started ones beyond the limit wait for their turn", () => {
    const { limiter } = limited({ maxActiveRuns: 2 });
    const started = ["b", "c"].map((name) => viewOf(name, { jobs: [aJob(aRun(name))], pods: [aPod(aRun(name))] }));
    limiter.reset([...started, busy("a")]);
    expect(started.map((each) => limiter.tryReserve(each) === undefined)).toEqual([true, false]);
  });

  it("gives a free place to the highest priority, then to the oldest, in whatever order they ask", () => {
    const { limiter, enqueued } = limited({ maxActiveRuns: 1 });
    limiter.release(busy("a"));
    const young = viewOf("young", { run: aRun("young", { age: 1 }) });
    const old = viewOf("old", { run: aRun("old", { age: 99 }) });
    const urgent = viewOf("urgent", { run: aRun("urgent", { age: 1, priority: 1 }) });
    for (const each of [young, old, urgent]) expect(limiter.tryReserve(each)).toBeDefined();
    expect(enqueued).toEqual([]);
    limiter.release(idle("a"));
    expect(enqueued).toEqual(["team/urgent"]);
    expect(limiter.tryReserve(old)).toBeDefined();
    expect(limiter.tryReserve(urgent)).toBeUndefined();
    limiter.release(idle("urgent"));
    expect(enqueued.at(-1)).toBe("team/old");
  });

  it("enqueues the next agent if the enqueued one does not need the place any more, or could not use it", () => {
    const { limiter, enqueued } = limited({ maxActiveRuns: 1 });
    limiter.release(busy("a"));
    const [b, c] = [viewOf("b", { run: aRun("b", { age: 9 }) }), viewOf("c", { run: aRun("c", { age: 8 }) })];
    for (const each of [b, c]) limiter.tryReserve(each);
    limiter.release(idle("a"));
    expect(limiter.tryReserve(idle("b"))).toBeUndefined();
    expect(enqueued).toEqual(["team/b", "team/c"]);
    expect(limiter.tryReserve(c)).toBeUndefined();
    // The API server rejected c's Job: its reconcile ends without a Job.
    expect(limiter.tryReserve(b)).toBeDefined();
    limiter.release(c);
    expect(enqueued.at(-1)).toBe("team/b");
  });

  it("does not make other namespaces wait for a full one", () => {
    const { limiter } = limited({ maxActiveRuns: 3, maxActiveRunsPerNamespace: 1 });
    expect(limiter.tryReserve(viewOf("a"))).toBeUndefined();
    expect(limiter.tryReserve(viewOf("b"))).toMatch(/maxActiveRunsPerNamespace is 1 \(namespace team\)/);
    expect(limiter.tryReserve(viewOf("c", { namespace: "other" }))).toBeUndefined();
    expect(limiter.tryReserve(viewOf("d", { namespace: "third" }))).toBeUndefined();
    expect(limiter.tryReserve(viewOf("e", { namespace: "fourth" }))).toMatch(/maxActiveRuns is 3 \(all namespaces\)/);
  });

  it("gives places to namespaces in turn, whatever priorities and ages one of them writes", () => {
    const { limiter, enqueued } = limited({ maxActiveRuns: 1 });
    limiter.release(busy("first", "loud"));
    for (let n = 0; n < 100; n += 1) {
      const run = aRun(`l${n}`, { age: 1_000 - n, priority: 1_000_000_000 });
      expect(limiter.tryReserve(viewOf(`l${n}`, { namespace: "loud", run }))).toBeDefined();
    }
    const quiet = viewOf("q", { namespace: "quiet", run: aRun("q", { age: 1 }) });
    expect(limiter.tryReserve(quiet)).toBeDefined();
    // "loud" waited first.
    limiter.release(idle("first", "loud"));
    expect(enqueued.at(-1)).toBe("loud/l0");
    expect(
      limiter.tryReserve(viewOf("l0", { namespace: "loud", run: aRun("l0", { age: 1_000, priority: 1_000_000_000 }) })),
    ).toBeUndefined();
    limiter.release(idle("l0", "loud"));
    expect(enqueued.at(-1)).toBe("quiet/q");
    expect(limiter.tryReserve(quiet)).toBeUndefined();
  });

  it("gives each of k namespaces that wait one of the next k places", () => {
    const queue = fc.array(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(queue, { minLength: 2, maxLength: 8 }), fc.infiniteStream(fc.nat()), (queues, choices) => {
        const places = 1 + (choices.next().value % 4);
        const { limiter, enqueued } = limited({ maxActiveRuns: places });
        const worlds = new Map<string, View>();
        const left = new Map<string, Set<string>>();
        const running: View[] = Array.from({ length: places }, (_, n) => idle(`early-${n}`, "before"));
        for (const [n] of running.entries()) limiter.release(busy(`early-${n}`, "before"));
        for (const [space, priorities] of queues.entries())
          for (const [nth, priority] of priorities.entries()) {
            const namespace = `ns-${space}`;
            const name = `a${space}-${nth}`;
            const view = viewOf(name, { namespace, run: aRun(name, { priority, age: 1 + nth }) });
            worlds.set(view.agent, view);
            left.set(namespace, (left.get(namespace) ?? new Set()).add(view.agent));
            expect(limiter.tryReserve(view)).toBeDefined();
          }
        const waited = new Map([...left.keys()].map((namespace) => [namespace, 0]));
        while (left.size > 0) {
          const ended = running.splice(choices.next().value % running.length, 1)[0];
          if (ended !== undefined) limiter.release(ended);
          const [agent = "", ...others] = enqueued.splice(0);
          expect(others).toEqual([]);
          const view = worlds.get(agent);
          if (view === undefined) throw new Error(`no agent was enqueued although ${left.size} namespaces wait`);
          const namespace = agent.slice(0, agent.indexOf("/"));
          expect(limiter.tryReserve(view)).toBeUndefined();
          running.push(idle(agent.slice(namespace.length + 1), namespace));
          for (const each of left.keys()) waited.set(each, each === namespace ? 0 : (waited.get(each) ?? 0) + 1);
          expect(Math.max(...waited.values())).toBeLessThan(queues.length);
          left.get(namespace)?.delete(agent);
          if (left.get(namespace)?.size === 0) {
            left.delete(namespace);
            waited.delete(namespace);
          }
        }
      }),
    );
  });

  it("keeps the turn of a namespace whose agent asks again", () => {
    const { limiter, enqueued } = limited({ maxActiveRuns: 1 });
    limiter.release(busy("x", "other"));
    const [a, b] = [viewOf("a", { namespace: "one" }), viewOf("b", { namespace: "two" })];
    for (const each of [a, b, a, a]) expect(limiter.tryReserve(each)).toBeDefined();
    limiter.release(idle("x", "other"));
    expect(enqueued.at(-1)).toBe("one/a");
  });

  it("reserves nothing while admission is paused", () => {
    const { limiter } = limited({ maxActiveRuns: 1 });
    limiter.tryReserve(viewOf("a", { admission: false }));
    expect(limiter.tryReserve(viewOf("b"))).toBeUndefined();
  });

  it("never exceeds a limit, and leaves no place empty while an agent waits", () => {
    const step = fc.record({ agent: fc.integer({ min: 0, max: 9 }), ends: fc.boolean(), fails: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { limiter, enqueued } = limited({ maxActiveRuns: 3, maxActiveRunsPerNamespace: 2 });
        const space = (n: number): string => (n % 2 === 0 ? "even" : "odd");
        const active = new Set<number>();
        const waiting = new Set<number>();
        const reconcile = (n: number, fails: boolean): void => {
          const view = viewOf(`a${n}`, { namespace: space(n), run: aRun(`a${n}`, { age: n }) });
          if (active.has(n)) return;
          if (limiter.tryReserve(view) !== undefined) {
            waiting.add(n);
            limiter.release(view);
            return;
          }
          waiting.delete(n);
          if (!fails) active.add(n);
          limiter.release(fails ? idle(`a${n}`, space(n)) : busy(`a${n}`, space(n)));
        };
        for (const { agent, ends, fails } of steps) {
          if (ends && active.delete(agent)) limiter.release(idle(`a${agent}`, space(agent)));
          else reconcile(agent, fails);
          for (let next = enqueued.shift(); next !== undefined; next = enqueued.shift())
            reconcile(Number(next.slice(-1)), false);
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
