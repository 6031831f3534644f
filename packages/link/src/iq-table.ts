import { BusError, iq, Jid, Tally } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { AbortWatch } from "./abort-watch.js";
import { abortedError, checkedSignal } from "./aborted.js";
import { stanzaId } from "./stanza-id.js";

export interface IqRequest {
	readonly type: "get" | "set";
	/** Whom to ask: only an answer from exactly this address counts. */
	readonly to: Jid;
	/** The sender, on a link that owns a domain; elsewhere the server stamps it. */
	readonly from?: Jid | undefined;
	readonly payload: Element;
	/** The deadline, from now, in milliseconds: at most a day. */
	readonly timeoutMs: number;
	/** A signal of `AbortSignal.timeout()` is one more deadline; any other abort cancels. */
	readonly signal?: AbortSignal | undefined;
	/**
	 * Besides a signal, which costs more than the rest of a request: is given what gives the request up, with this error,
	 * and the request's id; returns what takes that back.
	 */
	readonly giveUpOn?: ((giveUp: (reason: BusError) => void, id: string) => () => void) | undefined;
	/** Called with the id of a request that was sent and then given up. */
	readonly onGivenUp?: ((id: string) => void) | undefined;
}

export interface IqTableOptions {
	/** Hands a stanza to the link; throws a BusError when that cannot be. */
	readonly send: (stanza: Element) => void;
	/** Requests that may be open at once, in all. Above it a request fails with `overloaded`. */
	readonly maxPending: number;
	/** The same for one peer. */
	readonly maxPendingPerPeer: number;
	readonly newId?: () => string;
}

interface Pending {
	readonly peer: string;
	readonly resolve: (answer: Element) => void;
	readonly reject: (error: BusError) => void;
	readonly timer: NodeJS.Timeout;
	readonly unlink: (() => void) | undefined;
	readonly unlinkSignal: (() => void) | undefined;
}

const RETRY_AFTER_MS = 100;

/**
 * The requests that wait for an answer. An answer is matched on the full address asked and an unguessable id; anything
 * else that looks like an answer is dropped and counted. Each request settles once: by its answer, its deadline, its
 * signal, or the loss of the link.
 *
 * The deadline runs from the moment of the request, whether or not the socket took the bytes.
 */
export class IqTable {
	readonly #options: IqTableOptions;
	readonly #newId: () => string;
	readonly #pending = new Map<string, Pending>();
	readonly #perPeer = new Tally();
	readonly #aborts = new AbortWatch();
	readonly #idle: (() => void)[] = [];
	#dropped = 0;

	constructor(options: IqTableOptions) {
		this.#options = options;
		this.#newId = options.newId ?? stanzaId;
	}

	/** Requests that wait now. */
	get size(): number {
		return this.#pending.size;
	}

	/** Resolves when no request waits. */
	whenIdle(): Promise<void> {
		return new Promise((resolve) => {
			if (this.#pending.size === 0) resolve();
			else this.#idle.push(resolve);
		});
	}

	/** Answers that belonged to nothing: late, forged, or repeated. */
	get dropped(): number {
		return this.#dropped;
	}

	/**
	 * Sends an `iq` and waits for its answer, an `iq` of type result or error.
	 *
	 * Rejects with a BusError: `overloaded`, `link-lost`, `too-large`, `invalid-argument` (executed no) when it was not
	 * sent, `deadline-exceeded`, `cancelled` or `link-lost` (executed unknown) when it was.
	 */
	request(request: IqRequest): Promise<Element> {
		return new Promise((resolve, reject) => {
			const { type, to, from, payload, timeoutMs, onGivenUp } = request;
			const signal = checkedSignal(request.signal);
			if (signal?.aborted) throw abortedError(signal, "no");
			if (!(timeoutMs > 0))
				throw new BusError("deadline-exceeded", "the deadline had passed before it was sent", { executed: "no" });
			const peer = to.toString();
			this.#admit(peer);
			const id = this.#newId();
			const timer = setTimeout(() => {
				const message = `${peer} did not answer within ${Math.round(timeoutMs)} ms`;
				this.#take(id)?.reject(new BusError("deadline-exceeded", message));
			}, timeoutMs);
			const giveUp = (reason: BusError) => {
				this.#take(id)?.reject(reason);
				onGivenUp?.(id);
			};
			const unlink = request.giveUpOn?.(giveUp, id);
			const unlinkSignal = signal && this.#aborts.add(signal, () => giveUp(abortedError(signal, "unknown")));
			this.#pending.set(id, { peer, resolve, reject, timer, unlink, unlinkSignal });
			this.#perPeer.add(peer, 1);
			try {
				this.#options.send(iq(type, { id, to: peer, from: from?.toString() }, payload));
			} catch (error) {
				this.#take(id);
				throw error;
			}
		});
	}

	/** Takes an `iq` of type result or error. Anything else, and what matches no request, is dropped and counted. */
	settle(answer: Element): void {
		const id = answer.attr("id") ?? "";
		const type = answer.attr("type");
		const pending = type === "result" || type === "error" ? this.#pending.get(id) : undefined;
		if (pending !== undefined && isFrom(answer.attr("from"), pending.peer)) this.#take(id)?.resolve(answer);
		else this.#dropped++;
	}

	/** The link is gone: every request that waits fails now, with `link-lost`. */
	failAll(cause: BusError | undefined): void {
		const message = `the link was lost while the call was in flight${cause === undefined ? "" : `: ${cause.message}`}`;
		for (const id of [...this.#pending.keys()]) {
			this.#take(id)?.reject(new BusError("link-lost", message, { cause }));
		}
	}

	#admit(peer: string): void {
		const { maxPending, maxPendingPerPeer } = this.#options;
		const overloaded = (what: string) =>
			new BusError("overloaded", `${what} calls are in flight already`, {
				executed: "no",
				retryAfterMs: RETRY_AFTER_MS,
			});
		if (this.#pending.size >= maxPending) throw overloaded(`${maxPending}`);
		if (this.#perPeer.of(peer) >= maxPendingPerPeer) throw overloaded(`${maxPendingPerPeer} to ${peer}`);
	}

	#take(id: string): Pending | undefined {
		const pending = this.#pending.get(id);
		if (pending === undefined) return undefined;
		this.#pending.delete(id);
		if (this.#pending.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
		clearTimeout(pending.timer);
		pending.unlink?.();
		pending.unlinkSignal?.();
		this.#perPeer.add(pending.peer, -1);
		return pending;
	}
}

/** Servers may spell an address in another way than we do, so what differs is compared once more, normalised. */
function isFrom(from: string | undefined, peer: string): boolean {
	return from === peer || (from !== undefined && Jid.tryParse(from)?.toString() === peer);
}
