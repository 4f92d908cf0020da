/**
 * Spend of a run without a result. At its end (also on SIGTERM, not on SIGKILL) the CLI appends a `cost-state`
 * record with the session's running totals to the session file. This run's spend is the newest record minus the
 * newest one before the run; without a new record it is unknown.
 */
import { createReadStream } from "node:fs";
import { numberField, objectField, parseObject, stringField } from "./event.ts";
import { findSessionFile } from "./session-file.ts";
import { addScaled, readModels, spendFields, type SpendByModel, type SpendFields } from "./spend.ts";
import { LineReader, textOfLine, type Piece } from "./stream.ts";

/** Totals of a session at one time. */
export interface CostState {
  /** Number of records in the file; it detects a new record. */
  readonly records: number;
  readonly totalCostUSD: number;
  readonly models: SpendByModel;
}

/** State of a session without spend. */
export const noCostState: CostState = { records: 0, totalCostUSD: 0, models: new Map() };

const marker = Buffer.from('"cost-state"');

/** Reads the newest record of the session; `noCostState` if there is none or the file cannot be read. */
export async function readCostState(configDir: string, sessionId: string): Promise<CostState> {
  const path = findSessionFile(configDir, sessionId);
  if (path === undefined) return noCostState;
  let state = noCostState;
  const reader = new LineReader();
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
      state = reader.push(chunk).reduce(nextState, state);
    }
  } catch {
    return noCostState;
  }
  return reader.end().reduce(nextState, state);
}

/** Returns the spend between two states of a session; without a new record it is unknown (no fields). */
export function spentBetween(before: CostState, after: CostState): SpendFields {
  if (after.records <= before.records || after.totalCostUSD < before.totalCostUSD) return {};
  return spendFields(addScaled(after.models, before.models, -1), after.totalCostUSD - before.totalCostUSD);
}

function nextState(state: CostState, piece: Piece): CostState {
  if (piece.kind !== "whole" || !piece.bytes.includes(marker)) return state;
  const record = parseObject(textOfLine(piece.bytes));
  const totalCostUSD = numberField(record, "totalCostUSD");
  if (stringField(record, "type") !== "cost-state" || totalCostUSD === undefined) return state;
  return { records: state.records + 1, totalCostUSD, models: readModels(objectField(record, "modelUsage") ?? {}) };
}
