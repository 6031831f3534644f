import type { OutcomeText } from "@antiphon/delivery";
import { encodeOutcomes, encodeStates, iq, Jid } from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import { outcomeFrom } from "antiphon/modules";
import { expect, it } from "vitest";
import { requireAddress, tellable } from "./sizes.js";

const MAX = 64 * 1024;
const reply = (bytes: number): OutcomeText => {
	const [open, close] = ["<reply xmlns='urn:antiphon:rpc:1' enc='json'>", "</reply>"];
	return { text: `${open}${"7".repeat(bytes - open.length - close.length)}${close}`, code: undefined, executed: "yes" };
};

it("The largest outcome that is kept can be told alone to the longest address that may ask, and asked for by it", () => {
	const to = Jid.parse(`caller@example.org/${"'".repeat((1_024 - "caller@example.org/".length) / "&apos;".length)}`);
	requireAddress(to, "no");
	const outcome = tellable(reply(MAX - 2_048), MAX);
	expect(outcome.code).toBeUndefined();
	const from = `${"s".repeat(64)}@${"fn.".repeat(80)}example.org`;
	const call = { id: "i".repeat(64), attempts: 999_999_999_999_999, outcome: outcomeFrom(outcome) };
	for (const payload of [encodeOutcomes([call]), encodeStates([{ ...call, state: "settled" }])]) {
		const stanza = iq("result", { id: "'".repeat(40), from, to: to.toString() }, payload);
		expect(Buffer.byteLength(serialize(stanza))).toBeLessThanOrEqual(MAX);
	}
});

it("A larger one is too large, and as much executed as it was", () => {
	for (const executed of ["yes", "unknown"] as const) {
		const kept = tellable({ ...reply(MAX - 2_047), executed }, MAX);
		expect(kept).toMatchObject({ code: "too-large", executed });
		expect(outcomeFrom(kept).element.attr("executed")).toBe(executed);
	}
});

it("An address is measured as XML writes it", () => {
	const resource = "'".repeat(200);
	expect(() => requireAddress(Jid.parse(`caller@example.org/${resource}`), "no")).toThrow("shorter resource");
	requireAddress(Jid.parse(`caller@example.org/${"x".repeat(1_000)}`), "no");
});
