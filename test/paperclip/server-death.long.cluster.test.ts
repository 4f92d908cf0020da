/** The Paperclip server dies while its agents work. It cannot resume their runs, so none may run forever. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verdict } from "../e2e/stage.ts";
import { Office } from "./office.ts";

let office: Office;
beforeAll(async () => {
  office = await Office.open("paperclip-death");
});
afterAll(() => office.close());

/** The host's states of a run that it lost. */
const lostWords = { SIGTERM: ["interrupted"], SIGKILL: ["running", "failed"] } as const;

describe.each(["SIGTERM", "SIGKILL"] as const)("case 27: %s of the server", (signal) => {
  it("leaves its runs alone until its Lease expires; then they end, and the agent's next run starts", async () => {
    const [quick, stuck] = [await office.agent(`Quick ${signal}`), await office.agent(`Stuck ${signal}`)];
    const short = await office.nth(await office.issue(quick, [{ text: "Done.", delayMs: 15_000 }]));
    const long = await office.nth(await office.issue(stuck, [{ hang: true }]));
    await Promise.all([office.inPhase(short.id, "Running"), office.inPhase(long.id, "Running")]);

    await office.server.stop(signal);
    const diedMs = Date.now();
    await office.server.start();
    expect(lostWords[signal]).toContain((await office.run(long.id)).status);
    // The run ended as usual, although no client followed it to its end.
    expect((await office.finished(short.id)).status).toMatchObject({ phase: "Succeeded", result: { text: "Done." } });

    // The new server starts the same agent, whose run waits for the lost one.
    const next = await office.nth(await office.issue(stuck, [{ text: "Next." }]));
    await office.inPhase(next.id, "Queued");
    const lost = await office.finished(long.id);
    expect(lost.status?.phase).toBe("Cancelled");
    expect(verdict(lost).reason).toBe("ClientLost");
    // 92 s after the last renewal, which was at most 20 s before the end.
    expect(Date.parse(lost.status?.completionTime ?? "") - diedMs).toBeGreaterThan(60_000);
    expect(await office.ended(next.id)).toMatchObject({ status: "succeeded" });
    expect(Date.parse((await office.finished(next.id)).status?.startTime ?? "")).toBeGreaterThanOrEqual(
      Date.parse(lost.status?.completionTime ?? "") - 1_000,
    );
  });
});
