import { decodeFault, decodeStanzaError, encodeCall, iq, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { get, service } from "../index.js";
import { FakeLink, fakeNode, gate, keepingLog, turn } from "../testing/bus.js";

const MAX_BUFFERED_BYTES = 1_000_000;
const REPLY_CHARS = 30_000;

/** A contract of some 20 KB, and a function whose reply is large. */
const bulky = service("bulky", "1.0.0", {
	page: get({
		input: z.object({ of: z.enum(Array.from({ length: 2_000 }, (_, n) => `word-${n}`) as [string, ...string[]]) }),
		output: z.string(),
	}),
});

/** A node on a link whose server takes nothing, so that all that is sent stays in its buffer. */
async function stalled() {
	const link = new FakeLink();
	link.maxBufferedBytes = MAX_BUFFERED_BYTES;
	const log = keepingLog();
	const node = await fakeNode(link, { log });
	const { open, opened } = gate();
	let ran = 0;
	await node.serve(bulky, {
		page: async () => {
			ran++;
			await opened;
			return "x".repeat(REPLY_CHARS);
		},
	});
	const send = (id: string, payload: Element, from = "caller@example.org/x") =>
		link.receive(iq("get", { id, from, to: node.jid }, payload));
	const input = { of: "word-1" };
	const call = (id: string) =>
		send(id, encodeCall({ fn: "bulky.page", version: "1.0.0", ttlMs: 5_000, encoding: "json", input }));
	const answer = (id: string) => link.sent.find((stanza) => stanza.attr("id") === id);
	return { link, log, node, send, call, answer, open, ran: () => ran };
}

const CONTRACT = xml("contract", NS.contract, { service: "bulky" });
const fault = (answer: Element | undefined) => decodeFault(decodeStanzaError(answer as Element));

describe("what waits to be sent", () => {
	it("is not filled by a stranger who asks for contracts: he gets few, and others get theirs", async () => {
		const { link, node, log, send, call, answer, open } = await stalled();
		call("call");
		for (let n = 0; n < 200; n++) send(`q${n}`, CONTRACT, "stranger@example.org/x");
		send("honest", xml("ping", NS.ping), "honest@example.org/x");
		open();
		await turn(2);
		expect(answer("call")?.attr("type")).toBe("result");
		expect(answer("honest")?.attr("type")).toBe("result");
		expect(link.sent.filter((stanza) => stanza.child("contract", NS.contract)).length).toBeLessThan(10);
		expect(link.backlog).toBeLessThan(0.25);
		expect(answer("q199")).toBeUndefined();
		expect(node.stats().unanswered + link.sent.length).toBe(202);
		expect(log.lines).toEqual([expect.stringMatching(/^warn .*stranger@example.org\/x was dropped.*rate limit/)]);
	});

	it("is not filled by many who ask for contracts: they are refused before replies have no room", async () => {
		const { link, send, call, answer, open } = await stalled();
		call("call");
		for (let n = 0; n < 200; n++) send(`q${n}`, CONTRACT, `stranger${n}@example.org/x`);
		open();
		await turn(2);
		expect(answer("call")?.attr("type")).toBe("result");
		expect(decodeStanzaError(answer("q199") as Element)).toMatchObject({
			condition: "resource-constraint",
			type: "wait",
			application: undefined,
		});
		expect(link.backlog).toBeLessThan(0.4);
	});

	it("gets no more of what nobody serves while there is much, and there is room for the queries of others", async () => {
		const { link, node, send, answer } = await stalled();
		const unknown = xml("what", "urn:example:what");
		link.bufferedBytes = MAX_BUFFERED_BYTES / 5;
		send("a", unknown);
		expect(answer("a")?.attr("type")).toBe("error");
		link.bufferedBytes = MAX_BUFFERED_BYTES / 3;
		send("b", unknown);
		expect(answer("b")).toBeUndefined();
		expect(node.stats().unanswered).toBe(1);
	});

	it.each([
		["queries", xml("ping", NS.ping)],
		[
			"calls that are refused",
			encodeCall({ fn: "no.such", version: "1.0.0", ttlMs: 5_000, encoding: "json", input: null }),
		],
		["what nobody knows", xml("what", "urn:example:what")],
	])("keeps room for replies when strangers flood the node with %s", async (_, payload) => {
		const { link, send, call, answer, open, node, log } = await stalled();
		for (let n = 0; n < 5; n++) call(`call${n}`);
		for (let n = 0; n < 5_000; n++) send(`q${n}`, payload, "stranger@example.org/x");
		expect(link.backlog).toBeLessThan(0.1);
		for (let n = 5_000; n < 10_000; n++) send(`q${n}`, payload, `stranger${n}@example.org/x`);
		expect(link.backlog).toBeLessThan(0.76);
		open();
		await turn(2);
		for (let n = 0; n < 5; n++) expect(answer(`call${n}`)?.attr("type")).toBe("result");
		expect(node.stats().unanswered + link.sent.length).toBe(10_005);
		expect(node.stats().unanswered).toBeGreaterThan(5_000);
		expect(log.lines.length).toBeLessThan(3);
	});

	it("lets no call run whose reply would hardly find room", async () => {
		const { link, call, answer, ran } = await stalled();
		link.bufferedBytes = MAX_BUFFERED_BYTES * 0.6;
		call("call");
		expect(fault(answer("call"))).toMatchObject({ code: "overloaded", executed: "no", retryAfterMs: 1_000 });
		expect(ran()).toBe(0);
	});

	it("that leaves no room for a reply makes it an error that says that the function ran", async () => {
		const { link, log, node, call, answer, open } = await stalled();
		call("call");
		link.bufferedBytes = MAX_BUFFERED_BYTES - 2_000;
		open();
		await turn(2);
		expect(fault(answer("call"))).toMatchObject({ code: "overloaded", executed: "yes", retryAfterMs: undefined });
		expect(node.stats().unanswered).toBe(0);
		expect(log.lines).toEqual(["warn an answer to caller@example.org/x could not be sent: the buffer is full"]);
	});

	it("that leaves no room at all is counted and told", async () => {
		const { link, log, node, call, answer, open } = await stalled();
		call("call");
		link.bufferedBytes = MAX_BUFFERED_BYTES;
		open();
		await turn(2);
		expect(answer("call")).toBeUndefined();
		expect(node.stats().unanswered).toBe(1);
		expect(log.lines.length).toBe(1);
	});
});
