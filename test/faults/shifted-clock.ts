/**
 * Preloaded (node --import) before an operator: its clock is wrong by CLOCK_SHIFT_SECONDS, as a node's clock can be. Date is all
 * that the operator tells time by; timers run on the monotonic clock, which no wrong clock changes.
 */
const shiftMs = Number(process.env["CLOCK_SHIFT_SECONDS"]) * 1_000;
if (!Number.isInteger(shiftMs)) throw new Error("CLOCK_SHIFT_SECONDS must be a number of seconds");

const RealDate = Date;
const shiftedNow = (): number => RealDate.now() + shiftMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget) as Date,
  apply: () => new RealDate(shiftedNow()).toString(),
  get: (target, name, receiver) => (name === "now" ? shiftedNow : (Reflect.get(target, name, receiver) as unknown)),
});
