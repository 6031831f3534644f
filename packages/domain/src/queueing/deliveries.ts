import type { DeliverEffect, LeaseRef, LostEffect, PullAgainEffect, QueueEvent } from "@antiphon/delivery";
import {
	BusError,
	decodeFault,
	decodeStanzaError,
	decodeTaken,
	encodeDeliver,
	encodeLost,
	encodePullAgain,
	forwardedCall,
	Jid,
	message,
	shareGroup,
} from "@antiphon/protocol";
import { BACKLOG, batches, keptElement, type NodeHost, Places } from "antiphon/modules";
import { domainAbove } from "../policy/policy.js";

/** Stanzas that instances have not answered: in all, and those of one account. */
export const MAX_DELIVERIES = 4_096;
const MAX_OF_ACCOUNT = 2_048;
/** When to try again what could not be sent, in milliseconds. */
const RETRY_AFTER_MS = 500;

type Batch = readonly [DeliverEffect, ...DeliverEffect[]];

export interface DeliveriesParts {
	readonly domain: string;
	/** How long an instance may take to say that it has taken calls, in milliseconds. */
	readonly takenMs: number;
	readonly tell: (event: QueueEvent) => void;
}

/**
 * Gives calls to instances, and tells the queue what has become of that. What finds no place among the deliveries that are not
 * answered is tried again soon; but first, an account that has fewer of them than others takes one of theirs ({@link Places}),
 * of which nobody knows then whether it has arrived.
 */
export class Deliveries {
	readonly #node: NodeHost;
	readonly #domain: string;
	readonly #takenMs: number;
	readonly #tell: (event: QueueEvent) => void;
	readonly #places: Places<Batch>;
	/** Gives up what is under way. */
	readonly #giveUps = new Map<Batch, () => void>();

	constructor(node: NodeHost, { domain, takenMs, tell }: DeliveriesParts) {
		this.#node = node;
		this.#domain = domain;
		this.#takenMs = takenMs;
		this.#tell = tell;
		const home = domainAbove(domain);
		this.#places = new Places({
			max: MAX_DELIVERIES,
			maxPerAccount: MAX_OF_ACCOUNT,
			groupOf: (who) => shareGroup(who.bare().toString(), home),
			onLost: (batch) => this.#giveUps.get(batch)?.(),
		});
	}

	deliver(effects: readonly DeliverEffect[]): void {
		const keyOf = ({ to, service, instance, session, number }: DeliverEffect) =>
			[to, service, instance, session, number].join(" ");
		for (const batch of batches(effects, keyOf, bytesOf)) void this.#give(batch);
	}

	/** They are not given to anybody, for so long. */
	giveBack(effects: readonly DeliverEffect[], forMs: number): void {
		for (const each of effects) this.#tell(undelivered(each, "overloaded", forMs));
	}

	/** Hints: that they do not arrive costs time only. */
	hint(effects: readonly (LostEffect | PullAgainEffect)[]): void {
		if (this.#node.backlog > BACKLOG.queries) return;
		const lost = effects.filter((each) => each.type === "lost");
		for (const batch of batches(lost, ({ to, service }) => `${to} ${service}`)) {
			const [{ to, service }] = batch;
			const address = { from: `${service}@${this.#domain}`, to, type: "headline" };
			this.#node.send(message(address, encodeLost(distinct(batch))));
		}
		for (const each of effects) {
			if (each.type !== "pull-again") continue;
			this.#node.send(message({ from: this.#domain, to: each.to, type: "headline" }, encodePullAgain(each)));
		}
	}

	/** Never rejects. */
	async #give(batch: Batch): Promise<void> {
		try {
			if (this.#node.backlog > BACKLOG.calls) throw tooMuchToSend();
			const answers = await this.#ask(batch);
			for (const each of batch) this.#tell(eventOf(each, answers.get(nameOf(each))));
		} catch (thrown) {
			const error = BusError.from(thrown);
			for (const each of batch) this.#tell(eventOf(each, error));
		} finally {
			this.#places.leave(batch);
		}
	}

	/** @returns by the name of its lease: taken, or why not. @throws BusError */
	async #ask(batch: Batch): Promise<Map<string, BusError | "taken">> {
		const [{ to, service, instance, session, number, low, leaseMs }] = batch;
		const calls = batch.map(({ call, sender, ttlMs, ...each }) => ({
			...each,
			call: forwardedCall(keptElement(call.text), Jid.parse(sender), ttlMs),
		}));
		const payload = encodeDeliver({ instance, session, number, low, leaseMs, calls });
		const from = Jid.of(service, this.#domain);
		const asked = Jid.parse(to);
		if (this.#places.take(batch, asked) !== undefined) throw tooMuchToSend();
		const giveUpOn = (giveUp: (reason: BusError) => void) => {
			this.#giveUps.set(batch, () => giveUp(crowdedOut()));
			return () => this.#giveUps.delete(batch);
		};
		const request = { type: "set", to: asked, from, payload, timeoutMs: this.#takenMs, giveUpOn } as const;
		const answer = await this.#node.ask(request);
		if (answer.attr("type") === "error") throw decodeFault(decodeStanzaError(answer), asked);
		return new Map(decodeTaken(answer.child()).map((each) => [nameOf(each), each.error ?? "taken"]));
	}
}

const nameOf = ({ n, token }: LeaseRef) => `${n} ${token}`;

function tooMuchToSend(): BusError {
	return new BusError("overloaded", "too much is waiting to be sent", { retryAfterMs: RETRY_AFTER_MS });
}

function crowdedOut(): BusError {
	return new BusError("overloaded", "others have fewer deliveries under way", { executed: "unknown" });
}

const bytesOf = ({ call, sender }: DeliverEffect) => Buffer.byteLength(call.text) + sender.length;

/** An instance may lose two leases of one call at once; of a list, each is there once. */
function distinct(refs: readonly LeaseRef[]): LeaseRef[] {
	return [...new Map(refs.map(({ n, token }) => [`${n} ${token}`, { n, token }])).values()];
}

/** @param answer `undefined`: nothing was said of it */
function eventOf(lease: LeaseRef, answer: BusError | "taken" | undefined): QueueEvent {
	if (answer === "taken") return { type: "taken", n: lease.n, token: lease.token };
	if (answer === undefined || answer.executed !== "no") return undelivered(lease, "unknown");
	if (answer.code === "overloaded") return undelivered(lease, "overloaded", answer.retryAfterMs ?? RETRY_AFTER_MS);
	// Nobody would take it, ever: its attempts run out, and whoever waits hears of it.
	if (answer.code === "too-large") return undelivered(lease, "unknown");
	return undelivered(lease, "gone");
}

function undelivered(
	{ n, token }: LeaseRef,
	why: "gone" | "overloaded" | "unknown",
	retryAfterMs?: number,
): QueueEvent {
	return { type: "undelivered", n, token, why, retryAfterMs };
}
