import { BusError, errorOf, iq, Jid, NS, resultOf } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { expect, it } from "vitest";
import { isRunning } from "./running.js";

const call = { id: "x", to: Jid.parse("worker@example.org/x"), from: undefined };
const question = iq("get", { id: "q", to: "worker@example.org/x" }, xml("running", NS.rpc, { id: "x" }));
const asking = (answer: () => Element) => isRunning(async () => answer(), call);

it("A call still runs if its provider says so, and perhaps if there is too much to do to say anything", async () => {
	expect(await asking(() => resultOf(question, undefined))).toBe(true);
	expect(await asking(() => errorOf(question, { condition: "resource-constraint", type: "wait" }))).toBe(true);
	const full = () => {
		throw new BusError("overloaded", "1024 calls are in flight already", { executed: "no" });
	};
	expect(await asking(full)).toBe(true);
});

it("A call does not run any more at who does not know it, is away or says nothing", async () => {
	for (const condition of ["item-not-found", "service-unavailable", "recipient-unavailable"] as const) {
		expect(await asking(() => errorOf(question, { condition, type: "cancel" }))).toBe(false);
	}
	for (const code of ["deadline-exceeded", "link-lost"] as const) {
		const none = () => {
			throw new BusError(code, "no answer");
		};
		expect(await asking(none)).toBe(false);
	}
});
