import { memoryBus } from "@antiphon/link";
import { encodeCall, encodeGrant, iq, Jid, message, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { DOMAIN, echoing, join, probe, rawLink, turn } from "../testing/bus.js";
import { EarlyCalls } from "./early-calls.js";

const WORKER = "worker@example.org/x";

/** A provider that has asked a domain to register it, and has no answer yet. */
async function registering() {
	const bus = memoryBus();
	const domain = await rawLink(bus, DOMAIN);
	const node = await join(bus, WORKER);
	const learnt: string[] = [];
	const learn = ({ word }: { word: string }) => void learnt.push(word);
	const served = node.serve(probe, { ...echoing, learn }, { domain: DOMAIN });
	// Closed before it was granted.
	served.catch(() => {});
	const asked = () => domain.stanzas.find((stanza) => stanza.child("register") !== undefined);
	while (asked() === undefined) await turn();
	const call = (word: string) =>
		encodeCall({ fn: "probe.learn", version: "1.0.0", ttlMs: 60_000, encoding: "json", input: { word } });
	const caller = async (jid: string) => {
		const { link, stanzas } = await rawLink(bus, jid);
		return {
			stanzas,
			call: (id: string) => link.send(iq("set", { to: WORKER, id }, call(id))),
			cancel: (id: string) => link.send(message({ to: WORKER }, xml("cancel", NS.rpc, { id }))),
			ask: (id: string) => link.send(iq("get", { to: WORKER, id: "q" }, xml("running", NS.rpc, { id }))),
		};
	};
	const grant = async () => {
		const access = [{ effect: "allow", who: "*@example.org", what: "*" }] as const;
		const answer = { type: "result", id: asked()?.attr("id"), from: DOMAIN, to: WORKER };
		domain.link.send(xml("iq", NS.client, answer, encodeGrant({ leaseMs: 15_000, access })));
		await turn(3);
	};
	return { node, learnt, caller, grant };
}

const idOf = (stanza: Element) => stanza.attr("id");
const errorOf = (stanza: Element) => {
	const fault = stanza.child("error", NS.client)?.child("fault", NS.rpc);
	return { code: fault?.attr("code"), executed: fault?.attr("executed") };
};

describe("a call that overtakes the grant of its service's domain", () => {
	it("runs when that is there, once", async () => {
		const { learnt, caller, grant } = await registering();
		const alice = await caller("alice@example.org/x");
		alice.call("early");
		alice.call("early");
		alice.ask("early");
		await turn(3);
		expect(learnt).toEqual([]);
		// It is there, and waits.
		expect(alice.stanzas.map((stanza) => [stanza.attr("type"), idOf(stanza)])).toEqual([["result", "q"]]);
		await grant();
		expect(learnt).toEqual(["early"]);
		expect(alice.stanzas.slice(1).map(idOf)).toEqual(["early"]);
	});

	it("does not run when its caller has given it up meanwhile, or the node has closed", async () => {
		const { node, learnt, caller, grant } = await registering();
		const alice = await caller("alice@example.org/x");
		for (const id of ["given up", "kept"]) alice.call(id);
		alice.cancel("given up");
		await turn(3);
		expect(alice.stanzas.map(errorOf)).toEqual([{ code: "cancelled", executed: "no" }]);
		await grant();
		expect(learnt).toEqual(["kept"]);
		const other = await registering();
		const bob = await other.caller("bob@example.org/x");
		bob.call("too late");
		await turn(3);
		await other.node.close();
		await turn(3);
		expect(bob.stanzas.map(errorOf)).toEqual([{ code: "unavailable", executed: "no" }]);
		expect([other.learnt, node.stats().refused]).toEqual([[], 0]);
	});

	it("leaves nothing behind when it is refused: a flood takes no memory while the domain says nothing", async () => {
		const waiting = new EarlyCalls();
		let reactions = 0;
		const rules = new Promise<void>(() => {});
		const counted = new Proxy(rules, {
			get(target, name) {
				if (name === "then") reactions++;
				const value = Reflect.get(target, name);
				return typeof value === "function" ? value.bind(target) : value;
			},
		});
		const from = Jid.parse("mallory@evil.example/x");
		const payload = encodeCall({ fn: "probe.learn", version: "1.0.0", ttlMs: 60_000, encoding: "json", input: {} });
		const call = { from, to: Jid.parse(WORKER), callId: "x", kind: "set", payload } as const;
		const calledOff = Array.from({ length: 1_000 }, () => waiting.wait(counted, call, () => {}));
		expect(calledOff.filter((callOff) => callOff === undefined)).toHaveLength(1_000 - 256);
		expect(reactions).toBe(1);
		for (const callOff of calledOff) callOff?.();
		expect(waiting.wait(counted, call, () => {})).toBeDefined();
	});

	it("has a place to wait in, however many calls a stranger has waiting", async () => {
		const { learnt, caller, grant } = await registering();
		const mallory = await caller("mallory@evil.example/x");
		for (let i = 0; i < 300; i++) mallory.call(`${i}`);
		await turn(3);
		expect(mallory.stanzas).toHaveLength(300 - 256);
		const alice = await caller("alice@example.org/x");
		alice.call("early");
		await turn(3);
		// The last of those that waited.
		expect(idOf(mallory.stanzas.at(-1) as Element)).toBe("255");
		expect(alice.stanzas).toEqual([]);
		await grant();
		expect(learnt).toEqual(["early"]);
		expect(mallory.stanzas).toHaveLength(300);
		expect(new Set(mallory.stanzas.map((stanza) => errorOf(stanza).executed))).toEqual(new Set(["no"]));
	});
});
