import type { BusErrorCode } from "@antiphon/protocol";
import type { FaultWriter } from "../calls.js";
import type { Desk } from "../engine/core.js";
import { Exchange } from "../engine/exchange.js";
import type { JournalTime } from "../journal/journal-time.js";
import { CallTable, type KeptCall } from "./call-table.js";
import type { KeepEvent, OutboxEffect, OutboxResult } from "./outbox-events.js";
import { EXCHANGE, OUTBOX_LIMITS, type OutboxLimits } from "./outbox-limits.js";
import { Waiters, type WaitsFor } from "./waiters.js";

export interface OutboxOptions {
	/** Whether its journal survives the process: see {@link KeepEvent}. */
	readonly isDurable: boolean;
	readonly fault: FaultWriter;
	readonly limits?: Partial<OutboxLimits>;
}

/** What a step decides with. */
export interface Turn {
	readonly now: JournalTime;
	readonly desk: Desk;
	readonly effects: OutboxEffect[];
}

/** What a request to a domain is for. */
export type Asking = "submit" | "await" | "cancel";

/** What an outbox has in memory; what decides about it is beside. */
export interface OutboxState {
	readonly options: OutboxOptions;
	readonly limits: OutboxLimits;
	readonly table: CallTable;
	readonly exchange: Exchange;
	/** What the request for a call was for that is in flight. */
	readonly asking: Map<string, Asking>;
	/** Also for calls that are not in the table, which others have made: the domain is asked about those. */
	readonly waiters: Waiters;
	isUp: boolean;
}

export function emptyState(options: OutboxOptions): OutboxState {
	const limits = { ...OUTBOX_LIMITS, ...options.limits };
	return {
		options,
		limits,
		table: new CallTable(limits),
		exchange: new Exchange(EXCHANGE),
		asking: new Map(),
		waiters: new Waiters(),
		isUp: false,
	};
}

export function answer({ effects }: Turn, ask: number, result: OutboxResult): void {
	effects.push({ type: "answer", ask, result });
}

/** Answers everybody who waits for this of a call. */
export function answerAll(
	{ waiters }: OutboxState,
	turn: Turn,
	key: string,
	result: OutboxResult,
	...waitsFor: readonly WaitsFor[]
): void {
	for (const { ask } of waiters.take(key, ...waitsFor)) answer(turn, ask, result);
}

export function answerSettled({ table }: OutboxState, turn: Turn, ask: number, call: KeptCall): void {
	answer(turn, ask, { is: "settled", ...table.settledAs(turn.desk, call) });
}

export function refused(code: BusErrorCode, message: string, retryAfterMs?: number): OutboxResult {
	return { is: "refused", refusal: { code, message, executed: "no", retryAfterMs } };
}
