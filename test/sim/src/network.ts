import type { Process } from "./machine.js";
import type { Random } from "./random.js";
import type { Schedule } from "./schedule.js";

/** A stanza: an iq with its answers, or a message, which has none. */
export interface Stanza<Body> {
	readonly kind: "set" | "result" | "error" | "headline";
	readonly id: string;
	readonly from: string;
	readonly to: string;
	/** Of an error that comes from a server and not from whom it was sent to: whether it may have been read there. */
	readonly executed?: "no" | "unknown";
	readonly body: Body | undefined;
}

/** What an XMPP server, and the way to it and from it, do to stanzas. Rates are per stanza, times in milliseconds. */
export interface NetworkHabits {
	readonly loss: number;
	readonly copies: number;
	/** How often one is very late, and how late at most. */
	readonly late: number;
	readonly latestMs: number;
	readonly usualMs: number;
	/** How often the sender of what could not be delivered is told. */
	readonly bounces: number;
}

export interface Port<Body> {
	readonly process: Process;
	receive(stanza: Stanza<Body>): void;
	/** The server or the way to it has closed the connection. */
	closed(): void;
}

/** All the ways between all nodes, through one server. An address is that of a session, or the domain of a component. */
export class Network<Body> {
	/** Turned off for good when the world heals. */
	habits: NetworkHabits;
	/** Asked for each fault, by its number: one that is muted does not happen. */
	readonly #isMuted: (fault: number) => boolean;
	readonly #schedule: Schedule;
	readonly #random: Random;
	readonly #ports = new Map<string, Port<Body>>();
	/** Ways that are cut, by host: nothing comes from it (`out`), nothing gets to it (`in`). */
	readonly #cuts = new Map<string, { out: boolean; in: boolean }>();
	#isUp = true;
	/** What was on its way at a restart of the server is gone. */
	#era = 0;
	sent = 0;

	constructor(schedule: Schedule, random: Random, habits: NetworkHabits, isMuted: (fault: number) => boolean) {
		this.#schedule = schedule;
		this.#random = random;
		this.habits = habits;
		this.#isMuted = isMuted;
	}

	/** @returns whether the server was there to be connected to */
	attach(address: string, port: Port<Body>): boolean {
		const cut = this.#cuts.get(hostOf(address));
		if (!this.#isUp || cut?.in === true || cut?.out === true) return false;
		this.#ports.set(address, port);
		return true;
	}

	detach(address: string): void {
		this.#ports.delete(address);
	}

	send(stanza: Stanza<Body>): void {
		if (!this.#isUp || this.#cuts.get(hostOf(stanza.from))?.out === true) return;
		const number = this.sent++;
		const state: Sending = { era: this.#era, isDelivered: false };
		const habits = this.#isMuted(number) ? PERFECT : this.habits;
		if (this.#random.chance(habits.loss)) return;
		const copies = this.#random.chance(habits.copies) ? this.#random.between(1, 3) : 0;
		for (let copy = 0; copy <= copies; copy++) {
			const delay = this.#random.chance(habits.late)
				? this.#random.spread(habits.usualMs * 10, habits.latestMs)
				: this.#random.spread(1, habits.usualMs);
			this.#schedule.after(delay, () => this.#deliver(stanza, state, copy > 0));
		}
	}

	/** One-way or both ways; cuts of one host do not add up. */
	cut(host: string, ways: { readonly out: boolean; readonly in: boolean }): void {
		this.#cuts.set(host, ways);
	}

	isCut(host: string): boolean {
		return this.#cuts.has(host);
	}

	heal(host: string): void {
		this.#cuts.delete(host);
	}

	/** The server goes down and everybody is told, some time. It comes back with nothing of what was on its way. */
	restart(downMs: number): void {
		if (!this.#isUp) return;
		this.#isUp = false;
		this.#era++;
		const ports = [...this.#ports.values()];
		this.#ports.clear();
		for (const port of ports) {
			this.#schedule.after(this.#random.spread(1, 5_000), () => port.process.run(() => port.closed()));
		}
		this.#schedule.after(downMs, () => {
			this.#isUp = true;
		});
	}

	#deliver(stanza: Stanza<Body>, state: Sending, isCopy: boolean): void {
		if (state.era !== this.#era || !this.#isUp) return;
		if (this.#cuts.get(hostOf(stanza.to))?.in === true) return;
		const port = this.#ports.get(addressOf(stanza.to));
		if (port === undefined || port.process.isOver) {
			// A server answers for who is not there; of copies it makes in doubt only one is answered.
			if (stanza.kind === "set" && !isCopy && this.#random.chance(this.habits.bounces)) this.#bounce(stanza, state);
			return;
		}
		state.isDelivered = true;
		port.process.run(() => port.receive(stanza));
	}

	#bounce({ id, from, to }: Stanza<Body>, state: Sending): void {
		const executed = state.isDelivered || this.#random.chance(0.2) ? "unknown" : "no";
		this.send({ kind: "error", id, from: to, to: from, executed, body: undefined });
	}
}

interface Sending {
	readonly era: number;
	isDelivered: boolean;
}

const PERFECT: NetworkHabits = { loss: 0, copies: 0, late: 0, latestMs: 1, usualMs: 5, bounces: 1 };

/** Components have all names before their domain. */
function addressOf(to: string): string {
	return to.includes("/") ? to : hostOf(to);
}

/** What is cut from the others: a session's machine, which its resource names first, or a component. */
export function hostOf(address: string): string {
	const slash = address.indexOf("/");
	if (slash === -1) return address.slice(address.indexOf("@") + 1);
	const resource = address.slice(slash + 1);
	const dot = resource.indexOf(".");
	return dot === -1 ? resource : resource.slice(0, dot);
}

export function bareOf(address: string): string {
	const slash = address.indexOf("/");
	return slash === -1 ? address : address.slice(0, slash);
}
