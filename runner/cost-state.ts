/**
 * What a run spent when it gave no result. At its end (also on SIGTERM, not on SIGKILL) the CLI appends a `cost-state`
 * record with the session's running totals to the session file. This run's part is the newest record less the one that
 * stood there before the run; without a new record it is not known, and nothing is guessed.
 */
import { createReadStream } from "node:fs";
import { numberAt, objectAt, parseObject, stringAt } from "./event.ts";
import { findSessionFile } from "./session-file.ts";
import { combine, readModels, spendFields, type SpendByModel, type SpendFields } from "./spend.ts";
import { LineReader, textOfLine, type Piece } from "./stream.ts";

/** The session's totals at one moment. */
export interface CostState {
  /** How many records the file holds: a new one shows only by this. */
  readonly records: number;
  readonly totalCostUSD: number;
  readonly models: SpendByModel;
}

/** A session that has not spent anything yet. */
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

/** What was spent between two states of the same session; nothing known (no fields) without a new record. */
export function spentBetween(before: CostState, after: CostState): SpendFields {
  if (after.records <= before.records || after.totalCostUSD < before.totalCostUSD) return {};
  return spendFields(combine(after.models, before.models, -1), after.totalCostUSD - before.totalCostUSD);
}

function nextState(state: CostState, piece: Piece): CostState {
  if (piece.kind !== "whole" || !piece.bytes.includes(marker)) return state;
  const record = parseObject(textOfLine(piece.bytes));
  const totalCostUSD = numberAt(record, "totalCostUSD");
  if (stringAt(record, "type") !== "cost-state" || totalCostUSD === undefined) return state;
  return { records: state.records + 1, totalCostUSD, models: readModels(objectAt(record, "modelUsage") ?? {}) };
}
