import { memoryStore } from "@antiphon/delivery";
import { BusError, decodeAwait, encodeReply, quietLog } from "@antiphon/protocol";
import { expect, it, onTestFinished } from "vitest";
import { outcomeText } from "../calls/outcome-text.js";
import { turn } from "../testing/bus.js";
import { OutboxRunner } from "./outbox-runner.js";

const TO = "lexicon@fn.example.org";
/** More than an engine gathers of what may be refused. */
const MANY = 5_000;
const TOLD = { attempts: 1, outcome: outcomeText({ reply: encodeReply("json", null) }, "json") };

/** An outbox whose domain does not answer. */
async function outboxOf() {
	const asked: string[] = [];
	const outbox = new OutboxRunner({
		store: memoryStore(),
		log: quietLog,
		maxWaiting: 100,
		async ask(_type, _to, payload) {
			asked.push(...decodeAwait(payload).calls.map(({ id }) => id));
			throw new BusError("unavailable", "nobody is there");
		},
		ended() {},
	});
	await outbox.open();
	onTestFinished(async () => {
		outbox.failAll(new BusError("link-lost", "the test is over"));
		await outbox.stop();
	});
	const patience = { deadlineMs: performance.now() + 60_000 };
	return {
		outbox,
		asked,
		wait: (id: string) => outbox.wait({ to: TO, id }, patience).catch((error: BusError) => error.code),
		tell: (from: string, id: string) =>
			outbox.told(from, { ...TOLD, id }, patience).then(
				() => "received",
				(error: BusError) => error.code,
			),
	};
}

it("An outbox asks when the link comes up, however much it is told in the same turn", async () => {
	const { outbox, asked, wait, tell } = await outboxOf();
	void wait("a");
	void wait("b");
	await turn(4);
	const told = Array.from({ length: MANY }, () => tell(TO, "a"));
	outbox.link(true);
	await turn(40);
	expect(asked).toEqual(["b"]);
	// As much as that is refused, and the domain tells it again.
	expect(new Set(await Promise.all(told))).toEqual(new Set(["received", "overloaded"]));
});

it("An outbox takes what its program wants, however many outcomes it is told of that are none of its business", async () => {
	const { outbox, asked, wait, tell } = await outboxOf();
	const told = Array.from({ length: MANY }, (_, i) => tell("evil@example.org", `x${i}`));
	void wait("a");
	outbox.link(true);
	await turn(40);
	expect(asked).toEqual(["a"]);
	expect(new Set(await Promise.all(told))).toEqual(new Set(["received"]));
});
