import type { MemoryBus } from "@antiphon/link";
import {
	BusError,
	type CallState,
	callDigest,
	decodeAwait,
	decodeCancel,
	decodeInstanceName,
	decodeLeaseRenewal,
	decodePull,
	decodeRelease,
	decodeRenew,
	decodeSettle,
	decodeSubmit,
	encodeAccepted,
	encodeDeliver,
	encodeFault,
	encodeFaultAlone,
	encodeGrant,
	encodeOutcomes,
	encodePulling,
	encodeRecorded,
	encodeReleased,
	encodeRenewed,
	encodeRenewedLeases,
	encodeStates,
	errorOf,
	forwardedCall,
	iq,
	Jid,
	type LeaseRef,
	type Outcome,
	type Pull,
	type ReadSubmission,
	resultOf,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { onTestFinished } from "vitest";

interface Kept {
	readonly n: number;
	readonly sender: Jid;
	readonly item: ReadSubmission;
	/** Of a redriven call. */
	readonly origin?: string;
	state: "waiting" | "leased" | "settled";
	token: number;
	attempts: number;
	holder?: string;
	outcome?: Outcome;
	readonly told: Set<string>;
}

/** A fault as it comes back in the place of what was asked for. */
export const fault = (error: BusError): Outcome => ({
	element: encodeFaultAlone(error, "json"),
	code: error.code,
	name: undefined,
	executed: error.executed,
});

/**
 * The queue of a domain, made by hand, as far as its callers and providers see it: it forgets nothing, and does what the
 * test says in the place of what it should.
 */
export class QueueDomain {
	readonly calls: Kept[] = [];
	/** Names of requests, in the order in which they came. */
	readonly asked: string[] = [];
	/** What was asked last, by name. */
	readonly last = new Map<string, Element>();
	/** By name of a request: does something else, and says whether the request is to be dealt with and answered. */
	readonly instead = new Map<string, (stanza: Element) => "as ever" | "unanswered" | "ignored" | BusError>();
	readonly pulls = new Map<string, Pull & { readonly node: string; serial: number }>();
	/** The answers to deliveries and outcomes, as they came. */
	readonly answers: Element[] = [];
	/** Whether an answer has room for one outcome at most. */
	isTight = false;
	/** Whether calls are leased when they come. */
	leases = true;
	readonly #link: ReturnType<MemoryBus["link"]>;
	readonly #name: string;
	#ids = 0;

	constructor(bus: MemoryBus, name: string) {
		this.#name = name;
		this.#link = bus.link(name);
		onTestFinished(() => this.#link.destroy());
	}

	async open(): Promise<this> {
		await this.#link.open({ onState() {}, onStanza: (stanza) => this.#take(stanza) }, { timeoutMs: 1_000 });
		return this;
	}

	/** The only call that there is. */
	get call(): Kept {
		if (this.calls.length !== 1) throw new Error(`there are ${this.calls.length} calls`);
		return this.calls[0] as Kept;
	}

	count(name: string): number {
		return this.asked.filter((asked) => asked === name).length;
	}

	/** Leases what waits, anew also what is leased already if that is said. */
	lease(isAnew = false): void {
		for (const call of this.calls)
			if (call.state === "waiting" || (isAnew && call.state === "leased")) this.#lease(call);
	}

	/** Delivers the lease of a call that it has, again or anew. */
	deliver(call: Kept, over: Partial<{ serial: number; number: number; session: string }> = {}): void {
		const fn = call.item.head.fn;
		const service = fn.slice(0, fn.indexOf("."));
		const pull = [...this.pulls.values()].find((each) => each.service === service && each.credit > 0);
		if (pull === undefined) return;
		call.holder = pull.node;
		const { n, token, sender, item, attempts, origin } = call;
		const { session, number, instance } = pull;
		const serial = over.serial ?? ++pull.serial;
		const payload = forwardedCall(item.call, sender, item.head.ttlMs);
		const each = { n, token, serial, id: item.id, attempt: attempts, delivery: item.delivery, origin, call: payload };
		const deliver = { instance, session, number, low: 0, leaseMs: 45_000, calls: [each], ...over };
		this.#ask(pull.node, encodeDeliver(deliver), service);
	}

	settle(call: Kept, outcome: Outcome): void {
		call.state = "settled";
		call.outcome ??= outcome;
		for (const to of call.told) this.tell(call, to);
	}

	tell({ item, attempts, outcome }: Kept, to: string): void {
		if (outcome === undefined) throw new Error("it has no outcome");
		this.#ask(to, encodeOutcomes([{ id: item.id, attempts, outcome }]), item.head.fn.split(".")[0]);
	}

	send(stanza: Element): void {
		this.#link.send(stanza);
	}

	#ask(to: string, payload: Element, service: string | undefined): void {
		const from = service === undefined ? this.#name : `${service}@${this.#name}`;
		this.#link.send(iq("set", { to, from, id: `q${++this.#ids}` }, payload));
	}

	#take(stanza: Element): void {
		const payload = stanza.child();
		const type = stanza.attr("type");
		if (stanza.name !== "iq" || (type !== "get" && type !== "set") || payload === undefined) {
			if (stanza.name === "iq") this.answers.push(stanza);
			return;
		}
		const name = payload.ns.includes("registry") ? `registry ${payload.name}` : payload.name;
		this.asked.push(name);
		this.last.set(name, payload);
		const how = this.instead.get(name)?.(stanza) ?? "as ever";
		if (how === "ignored") return;
		let answer: Element;
		const from = Jid.parse(stanza.attr("from") ?? "");
		try {
			if (how instanceof BusError) throw how;
			answer = resultOf(stanza, this.#answer(name, payload, from));
		} catch (thrown) {
			answer = errorOf(stanza, encodeFault(BusError.from(thrown), "json"));
		}
		if (how !== "unanswered") this.#link.send(answer);
		if (this.leases) setImmediate(() => this.lease());
	}

	#answer(name: string, payload: Element, from: Jid): Element | undefined {
		switch (name) {
			case "registry register":
				return encodeGrant({ leaseMs: 15_000, access: [{ effect: "allow", who: "*@example.org", what: "*" }] });
			case "registry renew":
				return encodeRenewed(decodeRenew(payload).slice(0, 0));
			case "registry deregister":
				this.pulls.delete(keyOf(decodeInstanceName(payload)));
				return undefined;
			case "submit":
				return this.#submit(payload, from);
			case "await": {
				const { calls, notify } = decodeAwait(payload);
				const states = calls.map(({ id }) => this.#stateOf(from, id, notify));
				const isLeftOut = this.isTight && calls.length > 1;
				return encodeStates(
					isLeftOut ? states.map((each) => ("outcome" in each ? { ...each, outcome: undefined } : each)) : states,
				);
			}
			case "cancel":
				for (const { id } of decodeCancel(payload)) {
					const call = this.#find(from, id);
					if (call?.state === "leased" || call?.state === "waiting") {
						const executed = call.attempts > 0 ? "unknown" : "no";
						this.settle(call, fault(new BusError("cancelled", "cancelled by its caller", { executed })));
					}
				}
				return encodeStates(decodeCancel(payload).map(({ id }) => this.#cancelled(from, id)));
			case "pull": {
				const pull = decodePull(payload);
				this.pulls.set(keyOf(pull), { ...pull, node: from.toString(), serial: 0 });
				return encodePulling(45_000);
			}
			case "settle":
				return encodeRecorded(decodeSettle(payload).map((item) => this.#settled(item)));
			case "renew": {
				const { leases, ...instance } = decodeLeaseRenewal(payload);
				const lost = leases.filter((lease) => !this.#isLast(lease));
				return encodeRenewedLeases({ leaseMs: 45_000, isPulling: this.pulls.has(keyOf(instance)), lost });
			}
			case "release":
				for (const { n, token } of decodeRelease(payload).leases) {
					const call = this.calls[n - 1];
					if (call?.token === token && call.state === "leased") call.state = "waiting";
				}
				return encodeReleased();
			default:
				throw new BusError("unimplemented", `<${name}/>`);
		}
	}

	#submit(payload: Element, from: Jid): Element {
		const items = decodeSubmit(payload).map((item) => {
			if (item.error !== undefined) return { id: item.id, error: item.error };
			const there = this.#find(from, item.id);
			const told = item.notify ? [from.toString()] : [];
			if (there !== undefined) {
				if (callDigest(there.item.call, there.item.head) !== callDigest(item.call, item.head)) {
					return { id: item.id, error: new BusError("conflict", "it is the id of another call") };
				}
				for (const each of told) there.told.add(each);
				if (there.state === "settled") setImmediate(() => this.tell(there, from.toString()));
				return { id: item.id, state: "known" as const };
			}
			const n = this.calls.length + 1;
			const call: Kept = { n, sender: from.bare(), item, state: "waiting", token: 0, attempts: 0, told: new Set(told) };
			this.calls.push(call);
			return { id: item.id, state: "accepted" as const };
		});
		return encodeAccepted({ keepMs: 86_400_000, items });
	}

	#stateOf(from: Jid, id: string, notify: boolean): CallState {
		const call = this.#find(from, id);
		if (call === undefined) {
			return { id, error: new BusError("not-found", "no call of yours has this id", { executed: "unknown" }) };
		}
		if (notify) call.told.add(from.toString());
		const { attempts, outcome, state } = call;
		return state === "settled" ? { id, state, attempts, outcome } : { id, state, attempts };
	}

	/** What it does not know it takes for cancelled. */
	#cancelled(from: Jid, id: string): CallState {
		if (this.#find(from, id) !== undefined) return this.#stateOf(from, id, false);
		const outcome = fault(new BusError("cancelled", "cancelled before it came", { executed: "no" }));
		return { id, state: "settled", attempts: 0, outcome, isUnknown: true };
	}

	#settled(item: ReturnType<typeof decodeSettle>[number]) {
		if (item.error !== undefined) return item;
		const { n, token, outcome } = item;
		const call = this.calls[n - 1];
		if (call === undefined || call.token !== token)
			return { n, token, error: new BusError("conflict", "it is another's") };
		if (call.state !== "settled") this.settle(call, outcome);
		return { n, token };
	}

	#lease(call: Kept): void {
		const fn = call.item.head.fn;
		const isPulled = [...this.pulls.values()].some(({ service, credit }) => fn.startsWith(`${service}.`) && credit > 0);
		if (!isPulled) return;
		call.state = "leased";
		call.token++;
		call.attempts++;
		this.deliver(call);
	}

	#isLast({ n, token }: LeaseRef): boolean {
		const call = this.calls[n - 1];
		return call?.token === token && call.state === "leased";
	}

	#find(from: Jid, id: string): Kept | undefined {
		return this.calls.find(({ sender, item }) => sender.equals(from.bare()) && item.id === id);
	}
}

const keyOf = ({ service, instance }: { readonly service: string; readonly instance: string }) =>
	`${service}/${instance}`;
