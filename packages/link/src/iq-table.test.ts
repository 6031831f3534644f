import { BusError, iq, Jid, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type IqRequest, IqTable } from "./iq-table.js";

const PEER = Jid.parse("dictionary.define@fn.example.org/worker-7");
const payload = xml("ping", NS.ping);

let sent: Element[];
let table: IqTable;
beforeEach(() => {
	sent = [];
	table = new IqTable({ send: (stanza) => void sent.push(stanza), maxPending: 4, maxPendingPerPeer: 2 });
});

const ask = (over: Partial<IqRequest> = {}) =>
	table.request({ type: "get", to: PEER, payload, timeoutMs: 60_000, ...over });
const lastId = () => sent.at(-1)?.attr("id") as string;
const result = (over: { from?: string | undefined; id?: string | undefined } = {}, ...children: Element[]) =>
	xml("iq", NS.client, { type: "result", from: PEER.toString(), id: lastId(), ...over }, ...children);

/** What a promise has come to by now. */
async function stateOf(promise: Promise<unknown>): Promise<"pending" | "resolved" | "rejected"> {
	let state: "pending" | "resolved" | "rejected" = "pending";
	promise.then(
		() => {
			state = "resolved";
		},
		() => {
			state = "rejected";
		},
	);
	await new Promise((resolve) => setImmediate(resolve));
	return state;
}

describe("IqTable", () => {
	it("sends an iq with a fresh unguessable id, and settles by the answer of the peer with that id", async () => {
		const request = ask({ from: Jid.parse("fn.example.org/me") });
		expect(sent[0]?.attributes).toEqual([
			...["type", "get", "id", expect.stringMatching(/^[A-Za-z0-9_-]{22}$/)],
			...["to", PEER.toString(), "from", "fn.example.org/me"],
		]);
		expect(sent[0]?.child()).toBe(payload);
		const answer = result({}, xml("pong", "urn:x"));
		table.settle(answer);
		await expect(request).resolves.toBe(answer);
		expect(table).toMatchObject({ size: 0, dropped: 0 });
	});

	it("resolves with an iq of type error as well: what it means is for others to say", async () => {
		const request = ask();
		const answer = iq("error", { from: PEER.toString(), id: lastId() });
		table.settle(answer);
		await expect(request).resolves.toBe(answer);
	});

	it.each([
		["from another JID", { from: "mallory@example.org/x" }],
		["from the bare JID when the full one was asked", { from: "dictionary.define@fn.example.org" }],
		["from another resource", { from: "dictionary.define@fn.example.org/worker-8" }],
		["from a resource that differs in case", { from: "dictionary.define@fn.example.org/Worker-7" }],
		["without from", { from: undefined }],
		["from what is no JID", { from: "@" }],
		["with an unknown id", { id: "unknown" }],
		["with an empty id", { id: "" }],
		["without id", { id: undefined }],
		["with the name of a member of Object as id", { id: "__proto__" }],
	])("drops and counts an answer %s, and the request is unharmed (compare CVE-2024-46957)", async (_, over) => {
		const request = ask();
		table.settle(result(over));
		expect(await stateOf(request)).toBe("pending");
		expect(table).toMatchObject({ size: 1, dropped: 1 });
		const answer = result();
		table.settle(answer);
		await expect(request).resolves.toBe(answer);
	});

	it("drops a get that bears a pending id", async () => {
		const request = ask();
		table.settle(iq("get", { from: PEER.toString(), id: lastId() }, payload));
		expect(await stateOf(request)).toBe("pending");
		expect(table.dropped).toBe(1);
		table.settle(result());
		expect(await stateOf(request)).toBe("resolved");
	});

	it("takes the answer of a peer that spells its address in another way", async () => {
		const request = ask();
		table.settle(result({ from: "Dictionary.Define@FN.Example.org/worker-7" }));
		expect(await stateOf(request)).toBe("resolved");
	});

	it("drops and counts the second answer to one request", async () => {
		const request = ask();
		const first = result();
		table.settle(first);
		table.settle(result());
		await expect(request).resolves.toBe(first);
		expect(table.dropped).toBe(1);
	});

	it("takes an answer that comes while the request is still being sent", async () => {
		const eager: IqTable = new IqTable({
			send: (stanza) => eager.settle(iq("result", { from: PEER.toString(), id: stanza.attr("id") })),
			maxPending: 1,
			maxPendingPerPeer: 1,
		});
		const answer = await eager.request({ type: "get", to: PEER, payload, timeoutMs: 60_000 });
		expect(answer.attr("type")).toBe("result");
		expect(eager.size).toBe(0);
	});

	it("leaves nothing behind when sending throws", async () => {
		const lost = new BusError("link-lost", "not online", { executed: "no" });
		let fails = true;
		const signal = new AbortController().signal;
		const remove = vi.spyOn(signal, "removeEventListener");
		const failing = new IqTable({
			send: () => {
				if (fails) throw lost;
			},
			maxPending: 1,
			maxPendingPerPeer: 1,
		});
		const again = () => failing.request({ type: "get", to: PEER, payload, timeoutMs: 60_000, signal });
		await expect(again()).rejects.toBe(lost);
		expect(failing.size).toBe(0);
		expect(remove).toHaveBeenCalledOnce();
		fails = false;
		const request = again();
		expect(failing.size).toBe(1);
		failing.failAll(undefined);
		await expect(request).rejects.toMatchObject({ code: "link-lost" });
	});

	it("fails at once above the bound in all, and above the bound for one peer", async () => {
		const other = (name: string) => ask({ to: Jid.parse(`${name}@fn.example.org`) });
		const open = [ask(), ask()];
		await expect(ask()).rejects.toMatchObject({
			code: "overloaded",
			executed: "no",
			retryAfterMs: 100,
			message: `2 to ${PEER} calls are in flight already`,
		});
		open.push(other("a"), other("b"));
		await expect(other("c")).rejects.toMatchObject({ code: "overloaded", message: "4 calls are in flight already" });
		expect(sent.length).toBe(4);
		table.failAll(undefined);
		await Promise.allSettled(open);
		const next = ask();
		expect(await stateOf(next)).toBe("pending");
		table.settle(result());
		await next;
	});

	it("does not send for a signal that is aborted, and says so", async () => {
		const reason = new Error("gone");
		await expect(ask({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
			code: "cancelled",
			executed: "no",
			cause: reason,
		});
		expect(sent).toEqual([]);
	});

	it("gives up when the signal aborts after sending, tells whoever wants to know, and drops the late answer", async () => {
		const abort = new AbortController();
		const onGivenUp = vi.fn();
		const request = ask({ signal: abort.signal, onGivenUp });
		abort.abort("reason");
		await expect(request).rejects.toMatchObject({ code: "cancelled", executed: "unknown", cause: "reason" });
		expect(onGivenUp).toHaveBeenCalledExactlyOnceWith(lastId());
		table.settle(result());
		expect(table).toMatchObject({ size: 0, dropped: 1 });
	});

	it("keeps AbortSignal.timeout() as a deadline, before it is sent and after", async () => {
		const reason = new DOMException("The operation was aborted due to timeout", "TimeoutError");
		const late = { code: "deadline-exceeded", cause: reason };
		await expect(ask({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({ ...late, executed: "no" });
		const abort = new AbortController();
		const onGivenUp = vi.fn();
		const request = ask({ signal: abort.signal, onGivenUp });
		abort.abort(reason);
		await expect(request).rejects.toMatchObject({ ...late, executed: "unknown" });
		expect(onGivenUp).toHaveBeenCalledOnce();
		await expect(ask({ signal: AbortSignal.timeout(1) })).rejects.toMatchObject({ code: "deadline-exceeded" });
		const told = AbortSignal.abort(new BusError("deadline-exceeded", "of another call"));
		await expect(ask({ signal: told })).rejects.toMatchObject({ code: "cancelled" });
	});

	it("tells when no request waits any more", async () => {
		const order: string[] = [];
		await table.whenIdle();
		const requests = [ask(), ask({ to: Jid.parse("b@c") })];
		const idle = table.whenIdle().then(() => void order.push("idle"));
		table.settle(iq("result", { from: PEER.toString(), id: sent[0]?.attr("id") }));
		await requests[0];
		await new Promise((resolve) => setImmediate(resolve));
		order.push("one left");
		table.settle(iq("result", { from: "b@c", id: sent[1]?.attr("id") }));
		await idle;
		expect(order).toEqual(["one left", "idle"]);
	});

	it("gives up every request of a signal, and none of another", async () => {
		const [one, other] = [new AbortController(), new AbortController()];
		const of = (signal: AbortSignal, name: string) => ask({ signal, to: Jid.parse(`${name}@fn.example.org`) });
		const [a, b, c] = [of(one.signal, "a"), of(one.signal, "b"), of(other.signal, "c")];
		one.abort();
		expect(await Promise.all([a, b, c].map(stateOf))).toEqual(["rejected", "rejected", "pending"]);
		other.abort();
		expect(await stateOf(c)).toBe("rejected");
	});

	it("tells nobody when the signal aborts after the answer", async () => {
		const abort = new AbortController();
		const onGivenUp = vi.fn();
		const request = ask({ signal: abort.signal, onGivenUp });
		table.settle(result());
		await request;
		abort.abort();
		expect(onGivenUp).not.toHaveBeenCalled();
	});

	it("fails all with link-lost and the cause when the link is gone", async () => {
		const cause = new BusError("unavailable", "connection reset");
		const requests = [ask(), ask()];
		table.failAll(cause);
		for (const request of requests) {
			await expect(request).rejects.toMatchObject({
				code: "link-lost",
				executed: "unknown",
				cause,
				message: "the link was lost while the call was in flight: connection reset",
			});
		}
		expect(table.size).toBe(0);
		table.failAll(cause);
	});

	it("leaves no listener on a signal that 10,000 requests share", async () => {
		const warnings: Error[] = [];
		const onWarning = (warning: Error) => void warnings.push(warning);
		process.on("warning", onWarning);
		const { signal } = new AbortController();
		const add = vi.spyOn(signal, "addEventListener");
		const remove = vi.spyOn(signal, "removeEventListener");
		const wide = new IqTable({ send: (stanza) => void sent.push(stanza), maxPending: 500, maxPendingPerPeer: 500 });
		for (let round = 0; round < 20; round++) {
			const requests = Array.from({ length: 500 }, () =>
				wide.request({ type: "get", to: PEER, payload, timeoutMs: 60_000, signal }),
			);
			for (const stanza of sent.splice(0)) {
				wide.settle(iq("result", { from: PEER.toString(), id: stanza.attr("id") }));
			}
			await Promise.all(requests);
		}
		expect(add).toHaveBeenCalledTimes(20);
		expect(remove.mock.calls).toEqual(add.mock.calls);
		await new Promise((resolve) => setImmediate(resolve));
		process.off("warning", onWarning);
		expect(warnings).toEqual([]);
	});

	describe("with a clock in hand", () => {
		beforeEach(() => void vi.useFakeTimers());
		afterEach(() => void vi.useRealTimers());

		it("settles at the deadline, and drops the answer that comes after it", async () => {
			const request = ask({ timeoutMs: 500 });
			const settled = expect(request).rejects.toMatchObject({
				code: "deadline-exceeded",
				executed: "unknown",
				message: `${PEER} did not answer within 500 ms`,
			});
			await vi.advanceTimersByTimeAsync(499);
			expect(table.size).toBe(1);
			await vi.advanceTimersByTimeAsync(1);
			await settled;
			table.settle(result());
			expect(table).toMatchObject({ size: 0, dropped: 1 });
		});

		it("leaves no timer once a request has settled, however it did", async () => {
			const abort = new AbortController();
			const requests = [ask(), ask({ to: Jid.parse("b@c"), signal: abort.signal }), ask({ to: Jid.parse("d@e") })];
			expect(vi.getTimerCount()).toBe(3);
			table.settle(iq("result", { from: PEER.toString(), id: sent[0]?.attr("id") }));
			abort.abort();
			table.failAll(undefined);
			await Promise.allSettled(requests);
			expect(vi.getTimerCount()).toBe(0);
		});

		it.each(["now", 5, null, {}, true])("refuses the signal %j, and leaves no timer", async (signal) => {
			await expect(ask({ signal: signal as never })).rejects.toMatchObject({ code: "invalid-argument" });
			expect(sent).toEqual([]);
			expect(table.size).toBe(0);
			expect(vi.getTimerCount()).toBe(0);
		});

		it.each([0, -1, Number.NaN])("does not send with %s ms left", async (timeoutMs) => {
			await expect(ask({ timeoutMs })).rejects.toMatchObject({ code: "deadline-exceeded", executed: "no" });
			expect(sent).toEqual([]);
			expect(vi.getTimerCount()).toBe(0);
		});
	});
});
