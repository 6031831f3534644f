import type { OutcomeEffect, QueueEvent } from "@antiphon/delivery";
import {
	BusError,
	decodeOutcomes,
	encodeFault,
	encodeReceived,
	encodeReply,
	errorOf,
	iq,
	resultOf,
} from "@antiphon/protocol";
import { type Element, serialize } from "@antiphon/xml";
import type { NodeHost } from "antiphon/modules";
import { expect, it } from "vitest";
import { NAME } from "../testing/bus.js";
import { ToldOutcomes } from "./told-outcomes.js";

const DESK = "caller@example.org/desk";
type Request = Parameters<NodeHost["ask"]>[0];

/** @param answer to each request: an element, or what it fails with */
function world(answer: (request: Element, times: number) => Element | BusError, backlog = 0) {
	const asked: Request[] = [];
	const events: QueueEvent[] = [];
	const ask = async (request: Request): Promise<Element> => {
		asked.push(request);
		const { type, to, from, payload } = request;
		const given = answer(iq(type, { id: "1", to: to.toString(), from: String(from) }, payload), asked.length);
		if (given instanceof BusError) throw given;
		return given;
	};
	const node = { backlog, ask } as unknown as NodeHost;
	const told = new ToldOutcomes(node, NAME, (event) => events.push(event));
	return { asked, events, tell: (...effects: OutcomeEffect[]) => told.tell(effects) };
}

const effect = (id: string, given: Partial<OutcomeEffect> = {}): OutcomeEffect => ({
	type: "outcome",
	to: DESK,
	fn: "words.learn",
	id,
	attempts: 2,
	outcome: { text: serialize(encodeReply("json", id)), code: undefined, executed: "yes" },
	...given,
});

const received = (request: Element) => resultOf(request, encodeReceived([{ id: "a" }]));
const late = () => new BusError("deadline-exceeded", "nothing came");
const settled = () => new Promise((resolve) => setImmediate(resolve));

it("Outcomes of one service for one caller are told together, by the service", async () => {
	const { asked, events, tell } = world(received);
	tell(effect("a"), effect("b"), effect("c", { fn: "other.learn" }), effect("d", { to: "caller@example.org/phone" }));
	await settled();
	expect(asked.map(({ from, to }) => `${from} to ${to}`)).toEqual([
		`words@${NAME} to ${DESK}`,
		`other@${NAME} to ${DESK}`,
		`words@${NAME} to caller@example.org/phone`,
	]);
	expect(decodeOutcomes(asked[0]?.payload as Element)).toMatchObject([
		{ id: "a", attempts: 2, outcome: { code: undefined } },
		{ id: "b" },
	]);
	expect(events).toEqual([]);
});

it("A caller that says nothing is told again, and counts as gone after a while", async () => {
	const once = world((request, times) => (times === 1 ? late() : received(request)));
	once.tell(effect("a"));
	await settled();
	expect([once.asked.length, once.events]).toEqual([2, []]);
	const never = world(late);
	never.tell(effect("a"));
	await settled();
	expect([never.asked.length, never.events]).toEqual([3, [{ type: "caller-gone", address: DESK }]]);
});

it("A caller that is not there is told no more", async () => {
	const gone = new BusError("unavailable", "nobody there");
	const { asked, events, tell } = world((request) => errorOf(request, encodeFault(gone, "json")));
	tell(effect("a"));
	await settled();
	expect([asked.length, events]).toEqual([1, [{ type: "caller-gone", address: DESK }]]);
});

it("Nobody is told while much waits to be sent, or much has not been received", async () => {
	const busy = world(received, 0.9);
	busy.tell(effect("a"));
	expect(busy.asked).toEqual([]);
	const large = effect("a", {
		outcome: { ...effect("a").outcome, text: serialize(encodeReply("json", "x".repeat(2 ** 20))) },
	});
	const { asked, tell } = world(received);
	tell(...Array.from({ length: 20 }, () => large));
	expect(asked).toHaveLength(15);
	await settled();
	tell(large);
	expect(asked).toHaveLength(16);
});
