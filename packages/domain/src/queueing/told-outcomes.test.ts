import type { OutcomeEffect, QueueEvent } from "@antiphon/delivery";
import { IqTable } from "@antiphon/link";
import {
	BusError,
	decodeOutcomes,
	encodeCancel,
	encodeFault,
	encodeReceived,
	encodeReply,
	errorOf,
	iq,
	type LeaseRef,
	MAX_ITEMS,
	resultOf,
} from "@antiphon/protocol";
import { type Element, serialize } from "@antiphon/xml";
import type { NodeHost } from "antiphon/modules";
import { expect, it, onTestFinished } from "vitest";
import { NAME } from "../testing/bus.js";
import { AT, keeping, pull, settle, submit, submitted, taken } from "../testing/durable.js";
import { Party } from "../testing/party.js";
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

/** Of which nothing is answered until {@link answer}. */
function waiting() {
	const asked: Request[] = [];
	const sent: Element[] = [];
	const events: QueueEvent[] = [];
	const table = new IqTable({ send: (stanza) => void sent.push(stanza), maxPending: 8_192, maxPendingPerPeer: 1_024 });
	const ask = (request: Request) => {
		asked.push(request);
		return table.request(request);
	};
	const told = new ToldOutcomes({ backlog: 0, ask } as unknown as NodeHost, NAME, (event) => events.push(event));
	onTestFinished(() => table.failAll(undefined));
	const answer = (at: number, make = received) => {
		const { to, from, payload } = asked[at] as Request;
		const request = iq("set", { id: sent[at]?.attr("id") as string, to: to.toString(), from: String(from) }, payload);
		table.settle(make(request).with({ from: to.toString() }));
	};
	return { asked, events, table, answer, tell: (...effects: OutcomeEffect[]) => told.tell(effects) };
}

const idsIn = ({ payload }: Request) => decodeOutcomes(payload).map(({ id }) => id);
const upTo = (many: number) => Array.from({ length: many }, (_, n) => n);

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

it("Nobody is told while much waits to be sent", async () => {
	const { asked, tell } = world(received, 0.9);
	tell(effect("a"));
	await settled();
	expect(asked).toEqual([]);
});

it("Of one service a caller is told of one list at a time: what comes meanwhile goes with the next, each call once", async () => {
	const { asked, events, tell, answer } = waiting();
	tell(effect("a"), effect("a"), effect("b"));
	for (const id of ["b", "c", "a", "d", "c"]) tell(effect(id));
	tell(effect("e", { fn: "other.learn" }));
	await settled();
	expect(asked.map(idsIn)).toEqual([["a", "b"], ["e"]]);
	answer(0);
	await settled();
	expect(asked.slice(2).map(idsIn)).toEqual([["c", "d"]]);
	answer(2);
	// What was received may be told again.
	await settled();
	tell(effect("a"));
	expect(asked.slice(3).map(idsIn)).toEqual([["a"]]);
	expect(events).toEqual([]);
});

it("What comes meanwhile is bounded, and gone with its caller", async () => {
	const { asked, events, tell, answer } = waiting();
	for (let n = 0; n < 10_000; n++) tell(effect(`${n}`));
	answer(0);
	await settled();
	expect(asked.map((request) => idsIn(request).length)).toEqual([1, MAX_ITEMS]);
	const gone = new BusError("unavailable", "nobody there");
	answer(1, (request) => errorOf(request, encodeFault(gone, "json")));
	await settled();
	expect([asked.length, events]).toEqual([2, [{ type: "caller-gone", address: DESK }]]);
	const large = { ...effect("a").outcome, text: serialize(encodeReply("json", "x".repeat(60_000))) };
	for (let n = 0; n < 100; n++) tell(effect(`large ${n}`, { outcome: large }));
	for (let at = 2; at < asked.length; at++) {
		answer(at);
		await settled();
	}
	// Each takes four of the 64 places of an address.
	expect(asked.slice(2)).toHaveLength(16);
});

it("However many outcomes an account leaves unanswered, at however many addresses, most places stay for others", async () => {
	const { asked, tell, table } = waiting();
	for (let n = 0; n < 9 * 1_100; n++) tell(effect("a", { to: `evil@example.org/${n % 9}` }));
	expect(table.size).toBe(9);
	for (let n = 0; n < 2_000; n++) tell(effect("a", { to: `evil@example.org/${n}` }));
	expect(table.size).toBe(256);
	for (let n = 0; n < 2_000; n++) tell(effect("a", { to: `evil${n}@example.net/x` }));
	expect(table.size).toBe(512);
	for (let n = 0; n < 2_000; n++) tell(effect("a", { to: `evil${n % 4}@example.org/${n}` }));
	expect(table.size).toBe(1_024);
	tell(effect("honest"));
	expect(idsIn(asked.at(-1) as Request)).toEqual(["honest"]);
	await settled();
	expect(table.size).toBe(1_024);
});

it("Who is not told because others have fewer, or because nothing can be sent, does not count as gone", async () => {
	const { tell, events, table } = waiting();
	for (let n = 0; n < 1_500; n++) tell(effect("a", { to: `evil${n % 5}@example.org/${n}` }));
	for (let n = 0; n < 100; n++) tell(effect("a", { to: `caller${n}@example.org/desk` }));
	await settled();
	expect([table.size, events]).toEqual([1_024, []]);
	table.failAll(undefined);
	await settled();
	expect([table.size, events]).toEqual([0, []]);
});

it("Repeats of a submit whose outcome is never acknowledged keep no honest call from its provider", async () => {
	const { bus, caller, worker } = await keeping();
	await worker.result("set", NAME, pull());
	const evil = await Promise.all(upTo(9).map((n) => Party.join(bus, `evil@example.org/${n}`)));
	await submit(evil[0] as Party, submitted("a"));
	const [first] = await taken(worker);
	await settle(worker, first as LeaseRef);
	// More than there would be places in all (8,192), and for one address (1,024), if each took one.
	const repeat = (by: Party) => submit(by, submitted("a", { notify: true }));
	for (let n = 0; n < 920; n += 2) await Promise.all([...evil, ...evil].map(repeat));
	await submit(caller, submitted("b", { notify: true }));
	const [second] = await taken(worker, 2);
	expect(second).toMatchObject({ id: "b", attempt: 1 });
	await settle(worker, second as LeaseRef);
	await caller.awaited("outcome");
	for (const { came } of evil) expect(came).toHaveLength(1);
});

it("Of a call that was cancelled before it came, whoever submits it is told", async () => {
	const { caller } = await keeping();
	await caller.result("set", AT, encodeCancel([{ id: "a", fn: "words.learn", expiresMs: 60_000 }]));
	expect(await submit(caller, submitted("a", { notify: true }))).toEqual([{ id: "a", state: "known" }]);
	const [told] = await caller.awaited("outcome");
	expect(told?.attr("from")).toBe(AT);
	expect(decodeOutcomes(told?.child() as Element)).toMatchObject([{ id: "a", outcome: { code: "cancelled" } }]);
});
