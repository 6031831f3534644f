import { expect, it } from "vitest";
import type { DomainHost } from "../host/domain-host.js";
import { Gate } from "./gate.js";

function world() {
	const state = { isOnline: true, isAlone: true, settlingMs: 0 };
	let closing = () => {};
	const host = {
		isAlone: () => state.isAlone,
		hearing: {
			get settlingMs() {
				return state.settlingMs;
			},
		},
		onClosing: (listener: () => void) => {
			closing = listener;
		},
	} as unknown as DomainHost;
	const gate = new Gate();
	return { state, gate, closing: () => closing(), attach: () => gate.attach(host, () => state.isOnline) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("Nothing is decided before there is a node, without its link, and while another host may have the domain", () => {
	const { gate, state, attach } = world();
	expect(() => gate.requireOpen()).toThrow(expect.objectContaining({ code: "unavailable", executed: "no" }));
	attach();
	gate.requireOpen();
	state.isOnline = false;
	expect(() => gate.requireOpen()).toThrow("not ready");
	state.isOnline = true;
	state.isAlone = false;
	expect(() => gate.requireOpen()).toThrow("not ready");
});

it("What is to be done soon waits until it opens, and does not wait any longer when the node has closed", async () => {
	const { gate, state, attach } = world();
	const done: string[] = [];
	gate.soon(() => done.push("early"));
	await turn();
	await turn();
	expect(done).toEqual([]);
	attach();
	await expect.poll(() => done, { timeout: 10_000 }).toEqual(["early"]);
	gate.soon(() => done.push("at once"));
	await turn();
	expect(done).toEqual(["early", "at once"]);
	state.isAlone = false;
	gate.soon(() => done.push("at the end"));
	gate.end();
	await expect.poll(() => done, { timeout: 10_000 }).toEqual(["early", "at once", "at the end"]);
});

it("Not everybody can be heard while the host settles, and nothing begins while the domain drains", () => {
	const { gate, state, attach, closing } = world();
	attach();
	state.settlingMs = 1;
	expect([gate.isOpen, gate.isHearing]).toEqual([true, false]);
	state.settlingMs = 0;
	expect(gate.isHearing).toBe(true);
	gate.requireGiving();
	closing();
	expect([gate.isOpen, gate.isGiving]).toEqual([true, false]);
	expect(() => gate.requireGiving()).toThrow(expect.objectContaining({ code: "unavailable", executed: "no" }));
});
