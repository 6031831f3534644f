import { BusError, type Hosting } from "@antiphon/protocol";

/** How often {@link Fence.tick} is to be called, in milliseconds. */
export const TICK_MS = 500;
/** What a host says when it is about to take the domain: where two share it at random, not all of that comes back. */
const SAID_AT_ONCE = 24;
/** So long it says so again and again, in milliseconds. A server may take nearly as long to give it back. */
const JOIN_MS = 10_000;
/** Ticks between two times that a host which has the domain says so: 10 s. */
const TICKS_APART = 20;
/** So many of these that do not come back put it in doubt that it has the domain. */
const MAX_MISSED = 3;
/** What is said to others in one tick. */
const MAX_ANSWERS = 8;
/** Two that have had the domain for so much the same time cannot say whose time is longer, in milliseconds. */
const SAME_MS = 2_000;

/**
 * One host for a domain, where the server does not see to it: ejabberd gives each stanza to either of two connections. A host
 * says to the domain that it is there, and hears whether that comes back, and whether another is there (docs/protocol.md,
 * "One host"). It does no I/O: what its methods return is to be sent to the domain.
 *
 * | state   | to      | when                                                                                     |
 * | ------- | ------- | ---------------------------------------------------------------------------------------- |
 * | idle    | joining | `online`                                                                                 |
 * | joining | holding | all that it said at one time has come back                                               |
 * | joining | left    | another has the domain, or comes first; or for 10 s something has not come back          |
 * | holding | joining | `online` again; or it was said three times in a row that it is there, and never came back |
 * | holding | left    | another has had the domain for longer                                                    |
 */
export class Fence {
	readonly #id: string;
	readonly #domain: string;
	#state: "idle" | "joining" | "holding" | "left" = "idle";
	/** Since when it has been joining or holding. */
	#sinceMs = 0;
	#hasHeld = false;
	#number = 0;
	/** While joining: what has not come back of what it said at one time, for each of these times. */
	#rounds: Set<number>[] = [];
	/** While holding: what it said last, until it comes back. */
	#awaited: number | undefined;
	#missed = 0;
	#ticks = 0;
	#answers = 0;
	/** Why it has left. */
	conflict: BusError | undefined;

	/** @param id unguessable, of this process alone */
	constructor(id: string, domain: string) {
		this.#id = id;
		this.#domain = domain;
	}

	/** Whether the domain is this host's. */
	get isHeld(): boolean {
		return this.#state === "holding";
	}

	/** The link has come online. */
	online(nowMs: number): Hosting[] {
		return this.#state === "left" ? [] : this.#join(nowMs);
	}

	/** Time has passed, and the link is online. */
	tick(nowMs: number): Hosting[] {
		this.#answers = 0;
		if (this.#state === "joining") {
			if (nowMs - this.#sinceMs <= JOIN_MS) return this.#sayAll();
			const what = `what is addressed to ${this.#domain} does not all reach this host`;
			this.#leave(`${what}: another has taken it, or its server keeps it`);
		}
		if (this.#state !== "holding" || ++this.#ticks < TICKS_APART) return [];
		this.#ticks = 0;
		this.#missed = this.#awaited === undefined ? 0 : this.#missed + 1;
		if (this.#missed >= MAX_MISSED) return this.#join(nowMs);
		return [this.#say(nowMs)];
	}

	/** Somebody has said to the domain that it is there. */
	take({ id, number, heldMs }: Hosting, nowMs: number): Hosting[] {
		if (this.#state === "idle" || this.#state === "left") return [];
		if (id === this.#id) {
			this.#back(number, nowMs);
			return [];
		}
		if (!this.#staysBeside(id, heldMs, nowMs)) {
			this.#leave(`another host has taken ${this.#domain}: a domain has one`);
			return [];
		}
		if (this.#answers >= MAX_ANSWERS) return [];
		this.#answers++;
		return [this.#say(nowMs)];
	}

	#staysBeside(id: string, heldMs: number, nowMs: number): boolean {
		const ownMs = this.#heldMs(nowMs);
		const isOneJoining = (ownMs === 0) !== (heldMs === 0);
		if (isOneJoining || Math.abs(ownMs - heldMs) > SAME_MS) return ownMs > heldMs;
		return this.#id < id;
	}

	#join(nowMs: number): Hosting[] {
		// One that never had the domain does not get more time by losing its link.
		if (this.#state !== "joining" || this.#hasHeld) this.#sinceMs = nowMs;
		this.#state = "joining";
		this.#rounds = [];
		return this.#sayAll();
	}

	#sayAll(): Hosting[] {
		const said = Array.from({ length: SAID_AT_ONCE }, () => this.#say(this.#sinceMs));
		this.#rounds.push(new Set(said.map(({ number }) => number)));
		return said;
	}

	#say(nowMs: number): Hosting {
		const number = ++this.#number;
		if (this.#state === "holding") this.#awaited = number;
		return { id: this.#id, number, heldMs: this.#heldMs(nowMs) };
	}

	#heldMs(nowMs: number): number {
		return this.#state === "holding" ? Math.max(1, Math.round(nowMs - this.#sinceMs)) : 0;
	}

	#back(number: number, nowMs: number): void {
		if (this.#awaited === number) this.#awaited = undefined;
		const round = this.#rounds.find((each) => each.delete(number));
		if (this.#state !== "joining" || round === undefined || round.size > 0) return;
		this.#state = "holding";
		this.#hasHeld = true;
		this.#rounds = [];
		this.#awaited = undefined;
		this.#sinceMs = nowMs;
		this.#missed = 0;
		this.#ticks = 0;
	}

	#leave(why: string): void {
		this.#state = "left";
		this.conflict = new BusError("conflict", why, { executed: "no" });
	}
}
