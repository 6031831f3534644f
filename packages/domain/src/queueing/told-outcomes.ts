import type { OutcomeEffect, QueueEvent } from "@antiphon/delivery";
import { BusError, decodeReceived, encodeOutcomes, Jid } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { BACKLOG, type Batch, goesAlong, itemBytes, type NodeHost, outcomeFrom } from "antiphon/modules";
import { domainAbove } from "../policy/policy.js";
import { OutcomePlaces } from "./outcome-places.js";

/** How long a caller may take to say that it has an outcome, in milliseconds, and how often it is told. */
const RECEIVED_WITHIN_MS = 10_000;
const MAX_TIMES = 3;

/** What goes in one stanza. */
interface Telling extends Batch<OutcomeEffect> {
	readonly line: Line;
	/** While it is under way. */
	giveUp: (() => void) | undefined;
}

/** Outcomes of one service for one address: the first is under way, the others wait. */
interface Line {
	readonly key: string;
	readonly to: Jid;
	/** The service's address. */
	readonly from: Jid;
	readonly tellings: Telling[];
	/** Of the calls that are in these. */
	readonly ids: Set<string>;
	isBusy: boolean;
}

/**
 * Tells callers of outcomes until they have received them, or are gone. An address is told of one list of a service at a time;
 * what comes meanwhile goes with the next, each call once. Where there is no place ({@link OutcomePlaces}), or too much waits
 * to be sent, outcomes are not told: a caller that hears nothing asks.
 */
export class ToldOutcomes {
	readonly #node: NodeHost;
	readonly #domain: string;
	readonly #tell: (event: QueueEvent) => void;
	readonly #lines = new Map<string, Line>();
	readonly #places: OutcomePlaces<Telling>;

	constructor(node: NodeHost, domain: string, tell: (event: QueueEvent) => void) {
		this.#node = node;
		this.#domain = domain;
		this.#tell = tell;
		this.#places = new OutcomePlaces(domainAbove(domain), (telling) => this.#lose(telling));
	}

	tell(effects: readonly OutcomeEffect[]): void {
		if (this.#node.backlog > BACKLOG.calls) return;
		const lines = new Set<Line>();
		for (const effect of effects) {
			const line = this.#lineOf(effect);
			lines.add(line);
			if (!line.ids.has(effect.id)) this.#add(line, effect);
		}
		for (const line of lines) if (!line.isBusy) void this.#work(line);
	}

	#lineOf({ to, fn }: OutcomeEffect): Line {
		const service = fn.slice(0, fn.indexOf("."));
		const key = `${to} ${service}`;
		const there = this.#lines.get(key);
		if (there !== undefined) return there;
		const addresses = { to: Jid.parse(to), from: Jid.of(service, this.#domain) };
		const line: Line = { key, ...addresses, tellings: [], ids: new Set(), isBusy: false };
		this.#lines.set(key, line);
		return line;
	}

	/** Puts an outcome behind those of its line, if there is room. */
	#add(line: Line, effect: OutcomeEffect): void {
		const bytes = itemBytes(Buffer.byteLength(effect.outcome.text));
		const last = line.tellings.at(-1);
		const isOpen = last !== undefined && !(line.isBusy && line.tellings.length === 1) && goesAlong(last, bytes);
		const telling: Telling = isOpen ? last : { line, items: [], bytes: 0, giveUp: undefined };
		if (!this.#places.take(telling, line.to, telling.bytes + bytes)) return;
		if (!isOpen) line.tellings.push(telling);
		telling.items.push(effect);
		telling.bytes += bytes;
		line.ids.add(effect.id);
	}

	/** Tells what is in a line until nothing is. Never rejects. */
	async #work(line: Line): Promise<void> {
		line.isBusy = true;
		for (let [first] = line.tellings; first !== undefined; [first] = line.tellings) {
			const isGone = (await this.#outcome(first)) === "gone";
			if (isGone) this.#tell({ type: "caller-gone", address: line.to.toString() });
			if (isGone || this.#node.backlog > BACKLOG.calls) for (const each of [...line.tellings]) this.#forget(each);
			else this.#forget(first);
		}
		this.#lines.delete(line.key);
	}

	/** Somebody has fewer. */
	#lose(telling: Telling): void {
		this.#forget(telling);
		telling.giveUp?.();
	}

	#forget(telling: Telling): void {
		const { line, items } = telling;
		const at = line.tellings.indexOf(telling);
		if (at === -1) return;
		line.tellings.splice(at, 1);
		for (const { id } of items) line.ids.delete(id);
		this.#places.leave(telling);
	}

	/** Tells it until somebody answers. Never rejects. @returns `untold`: for a reason that is not the caller's */
	async #outcome(telling: Telling): Promise<"received" | "gone" | "untold"> {
		const { line, items } = telling;
		const { to, from } = line;
		const giveUpOn = (giveUp: (reason: BusError) => void) => {
			telling.giveUp = () =>
				giveUp(new BusError("cancelled", `others have fewer outcomes under way than ${to.bare()}`));
			return () => {
				telling.giveUp = undefined;
			};
		};
		try {
			const calls = items.map(({ id, attempts, outcome }) => ({ id, attempts, outcome: outcomeFrom(outcome) }));
			const payload = encodeOutcomes(calls);
			const request = { type: "set", to, from, payload, timeoutMs: RECEIVED_WITHIN_MS, giveUpOn } as const;
			for (let times = 1; times <= MAX_TIMES; times++) {
				const answer = await this.#node.ask(request).catch(unlessLate);
				if (answer !== undefined) return isReceived(answer) ? "received" : "gone";
			}
			return "gone";
		} catch (thrown) {
			const { code, message } = BusError.from(thrown);
			if (code === "internal") this.#node.log.error(`the outcomes for ${to} cannot be told: ${message}`);
			return "untold";
		}
	}
}

/** @throws what it is given, if it is no deadline */
function unlessLate(thrown: unknown): undefined {
	if (BusError.from(thrown).code !== "deadline-exceeded") throw thrown;
}

function isReceived(answer: Element): boolean {
	if (answer.attr("type") === "error") return false;
	try {
		decodeReceived(answer.child());
		return true;
	} catch {
		return false;
	}
}
