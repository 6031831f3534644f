import type { Desk } from "../engine/core.js";
import { type Amount, decodeShare, encode, type Head, type ShareRecord, shareKey } from "./queue-record.js";

export const NONE: Amount = { calls: 0, open: 0, bytes: 0 };
/** What a call takes beside the records of its head, its text and its outcome: entries of lists, and what pages leave empty. */
const CALL_BYTES = 300;
/** A record of more than half a page has pages of its own. */
const PAGE = 4_096;

/** What a call takes. @param headBytes of the record of its head */
export function amountOf({ state, textBytes = 0, outcomeBytes = 0 }: Head, headBytes: number): Amount {
	const bytes = CALL_BYTES + inPages(headBytes) + inPages(textBytes) + inPages(outcomeBytes);
	return { calls: 1, open: state === "settled" ? 0 : 1, bytes };
}

/** What there is more of, or less. */
export function sum(one: Amount, other: Amount, sign: 1 | -1 = 1): Amount {
	return {
		calls: one.calls + sign * other.calls,
		open: one.open + sign * other.open,
		bytes: one.bytes + sign * other.bytes,
	};
}

/** How much is kept of whom, on disk; in memory only what a step has looked at. */
export class Shares {
	readonly #shares = new Map<string, Amount>();
	readonly #changed = new Set<string>();
	#desk: Desk | undefined;

	begin(desk: Desk): void {
		this.#desk = desk;
		this.#shares.clear();
		this.#changed.clear();
	}

	/** @param who a bare JID, or `@` and a domain */
	of(who: string): Amount {
		const known = this.#shares.get(who);
		if (known !== undefined) return known;
		const key = shareKey(who);
		const body = this.#desk?.get(key);
		const share = body === undefined ? NONE : decodeShare(key, body);
		this.#shares.set(who, share);
		return share;
	}

	/** There is more of an account, and of its domain, or less. */
	add(account: string, change: Amount): void {
		if (change.calls === 0 && change.open === 0 && change.bytes === 0) return;
		for (const who of [account, `@${domainOf(account)}`]) {
			this.#shares.set(who, sum(this.of(who), change));
			this.#changed.add(who);
		}
	}

	/** Puts what has changed onto the desk. */
	end(desk: Desk): void {
		for (const who of this.#changed) {
			const { calls, open, bytes } = this.of(who);
			const share: ShareRecord = { of: who, calls, open, bytes };
			if (calls > 0) desk.put(shareKey(who), encode(share));
			else desk.delete(shareKey(who));
		}
	}
}

/** `example.org` of `alice@example.org`. */
export function domainOf(bare: string): string {
	return bare.slice(bare.indexOf("@") + 1);
}

function inPages(bytes: number): number {
	return bytes > PAGE / 2 ? Math.ceil(bytes / PAGE) * PAGE : bytes;
}
