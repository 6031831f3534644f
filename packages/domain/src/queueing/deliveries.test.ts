import type { DeliverEffect, QueueEvent } from "@antiphon/delivery";
import { IqTable } from "@antiphon/link";
import { decodeDeliver } from "@antiphon/protocol";
import { type Element, serialize } from "@antiphon/xml";
import type { NodeHost } from "antiphon/modules";
import { expect, it, onTestFinished } from "vitest";
import { NAME } from "../testing/bus.js";
import { call } from "../testing/durable.js";
import { Deliveries, MAX_DELIVERIES } from "./deliveries.js";

const TEXT = serialize(call("words.learn"));
let last = 0;

const deliver = (to: string): DeliverEffect => ({
	type: "deliver",
	to,
	service: "words",
	instance: "one",
	session: "s",
	number: 1,
	serial: 1,
	low: 1,
	n: ++last,
	token: 1,
	leaseMs: 45_000,
	ttlMs: 5_000,
	attempt: 1,
	sender: "caller@example.org",
	id: `c${last}`,
	delivery: "at-least-once",
	call: { fn: "words.learn", version: "1.0.0", text: TEXT, digest: "" },
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

it("Instances that do not answer keep no deliveries from those of other accounts", async () => {
	const sent: Element[] = [];
	const events: QueueEvent[] = [];
	const table = new IqTable({ send: (stanza) => void sent.push(stanza), maxPending: 8_192, maxPendingPerPeer: 1_024 });
	onTestFinished(() => table.failAll(undefined));
	const node = { backlog: 0, ask: (request: Parameters<NodeHost["ask"]>[0]) => table.request(request) };
	const deliveries = new Deliveries(node as NodeHost, {
		domain: NAME,
		takenMs: 10_000,
		tell: (event) => void events.push(event),
	});
	const flood = (account: string) => {
		for (let i = 0; i < 2_500; i++) deliveries.deliver([deliver(`${account}/${i % 5}`)]);
	};
	const why = () => {
		const all = events.map((event) => ("why" in event ? event.why : event.type));
		return { overloaded: all.filter((each) => each === "overloaded").length, unknown: all.indexOf("unknown") };
	};
	flood("evil@example.org");
	await settled();
	expect([table.size, why()]).toEqual([MAX_DELIVERIES / 2, { overloaded: 2_500 - MAX_DELIVERIES / 2, unknown: -1 }]);
	flood("worse@example.org");
	await settled();
	expect(table.size).toBe(MAX_DELIVERIES);
	events.length = 0;
	const honest = deliver("worker@example.org/a");
	deliveries.deliver([honest]);
	expect(decodeDeliver(sent.at(-1)?.child() as Element).calls).toMatchObject([{ n: honest.n }]);
	await settled();
	// Of one of the others nobody knows now whether it has arrived.
	expect([table.size, events]).toEqual([
		MAX_DELIVERIES,
		[expect.objectContaining({ type: "undelivered", why: "unknown" })],
	]);
});
