import { memoryStore, type OutcomeText } from "@antiphon/delivery";
import { decodePull, encodePulling, encodeRecorded, encodeReply, quietLog } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { expect, it, onTestFinished } from "vitest";
import { outcomeText } from "../calls/outcome-text.js";
import { turn } from "../testing/bus.js";
import { InboxRunner } from "./inbox-runner.js";

const PLACE = { domain: "fn.example.org", service: "lexicon", instance: "one" };
const CALL = { fn: "lexicon.learn", version: "1.0.0", text: "<call/>", digest: "d" };

/** An inbox with a call that runs, until `settle`. */
async function running() {
	const asked: Element[] = [];
	let settle: (outcome: OutcomeText) => void = () => {};
	const inbox = new InboxRunner({
		store: memoryStore(),
		log: quietLog,
		async ask(_, payload) {
			asked.push(payload);
			return payload.name === "pull" ? encodePulling(45_000) : encodeRecorded([{ n: 1, token: 1 }]);
		},
		start(_, ended) {
			settle = ended;
			return () => {};
		},
		free: () => 1,
		ended() {},
	});
	await inbox.open();
	onTestFinished(() => inbox.stop());
	inbox.serve(PLACE, 8);
	await expect.poll(() => asked.length).toBe(1);
	const { session, number } = decodePull(asked[0] as Element);
	const lease = { session, number, low: 0, leaseMs: 45_000, n: 1, token: 1, serial: 1, ttlMs: 60_000, attempt: 1 };
	const sender = "caller@example.org";
	await inbox.deliver({ ...PLACE, ...lease, sender, id: "a", delivery: "effectively-once", call: CALL });
	return { inbox, asked, settle: (outcome: OutcomeText) => settle(outcome) };
}

it("An inbox reports how a run has ended, however many hints come in the same turn", async () => {
	const { inbox, asked, settle } = await running();
	inbox.lost(
		PLACE.domain,
		Array.from({ length: 5_000 }, (_, i) => ({ n: i + 2, token: 1 })),
	);
	settle(outcomeText({ reply: encodeReply("json", null) }, "json"));
	await turn(40);
	expect(asked.map(({ name }) => name)).toEqual(["pull", "settle"]);
});
