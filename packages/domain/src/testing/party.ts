import { describe as describeService, type Service } from "@antiphon/contract";
import type { Link, MemoryBus } from "@antiphon/link";
import { encodeRegister, iq, NS, resultOf } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { expect } from "vitest";
import { NAME, untilTheEnd } from "./bus.js";

/** Somebody on the bus who makes stanzas by hand. */
export class Party {
	readonly jid: string;
	readonly link: Link;
	/** What came and is no answer. */
	readonly came: Element[] = [];
	readonly #answers = new Map<string, (answer: Element) => void>();
	#last = 0;

	private constructor(jid: string, link: Link) {
		this.jid = jid;
		this.link = link;
	}

	/** On the bus, until the test ends. */
	static async join(bus: MemoryBus, jid: string): Promise<Party> {
		const link = untilTheEnd(bus.link(jid));
		const party = new Party(jid, link);
		await link.open({ onState() {}, onStanza: (stanza) => party.#take(stanza) }, { timeoutMs: 1_000 });
		return party;
	}

	/** The whole answer, a result or an error. */
	ask(type: "get" | "set", to: string, payload: Element): Promise<Element> {
		const id = `${++this.#last}`;
		return new Promise((resolve) => {
			this.#answers.set(id, resolve);
			this.link.send(iq(type, { id, to }, payload));
		});
	}

	/** The payload of the answer. */
	async result(type: "get" | "set", to: string, payload: Element): Promise<Element> {
		const answer = await this.ask(type, to, payload);
		expect(answer.attr("type"), String(answer)).toBe("result");
		return answer.child() as Element;
	}

	/** What has come with a payload of this name, once there are so many. */
	async awaited(name: string, count = 1, ns: string = NS.delivery): Promise<Element[]> {
		const named = () => this.came.filter((stanza) => stanza.child(name, ns) !== undefined);
		await expect.poll(() => named().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
		return named();
	}

	answer(request: Element, payload: Element): void {
		this.link.send(resultOf(request, payload));
	}

	/** Registers an instance. */
	async register(contract: Service, instance: string): Promise<void> {
		const { name: service, version } = contract;
		const description = describeService(contract);
		const { fingerprint } = description;
		const answersContract = (stanza: Element) => {
			if (stanza.child("contract", NS.contract) === undefined) return;
			const text = JSON.stringify(description);
			this.answer(stanza, xml("contract", NS.contract, { service, fingerprint, enc: "json" }, text));
		};
		this.#onCame = answersContract;
		const registration = { service, version, fingerprint, instance, concurrency: 1, labels: {} };
		await this.result("set", NAME, encodeRegister(registration));
	}

	#onCame: (stanza: Element) => void = () => {};

	#take(stanza: Element): void {
		const id = stanza.attr("id") ?? "";
		const isAnswer = stanza.name === "iq" && ["result", "error"].includes(stanza.attr("type") ?? "");
		if (isAnswer) {
			this.#answers.get(id)?.(stanza);
			this.#answers.delete(id);
			return;
		}
		this.came.push(stanza);
		this.#onCame(stanza);
	}
}
