// What is played on the journals that are kept here: `before` has made them, `after` is played when they are opened again,
// an hour later. A story is never changed: what it says is in the journals. For what is new there is another story.
import { Inbox, Outbox, Queue } from "@antiphon/delivery";
import { FunctionsKnown, functionsKept } from "../../../packages/domain/dist/queueing/functions-known.js";

const DAY = 86_400_000;
const fault = (code, executed) => `<fault xmlns='urn:antiphon:rpc:1' code='${code}' executed='${executed}'/>`;
const call = (fn, input) => ({
	fn,
	version: "1.2.0",
	text: `<call xmlns='urn:antiphon:rpc:1' fn='${fn}' v='1.2.0' ttl='60000' enc='json'>${JSON.stringify(input)}</call>`,
	digest: `digest of ${fn} and ${JSON.stringify(input).slice(0, 40)}`,
});
const reply = (output) => ({
	text: `<reply xmlns='urn:antiphon:rpc:1' enc='json'>${JSON.stringify(output)}</reply>`,
	executed: "yes",
});
const failed = (code, executed, name) => ({
	text: `<fault xmlns='urn:antiphon:rpc:1' code='${code}' executed='${executed}'/>`,
	code,
	executed,
	...(name === undefined ? {} : { name }),
});
const RETRY = { attempts: 3, backoffMs: 1_000, maxBackoffMs: 60_000, attemptMs: 30_000, faults: ["busy"] };
/** What has a record of its own. */
const LONG = `ä${"x".repeat(1_024)}`;

const ALICE = "alice@example.org";
const BOB = "bob@elsewhere.example";

function submit(sender, id, fn, input, more = {}) {
	const submission = {
		id,
		call: call(fn, input),
		delivery: "effectively-once",
		afterMs: 0,
		expiresMs: DAY,
		retry: RETRY,
	};
	return { type: "submit", sender, submission: { ...submission, ...more } };
}
const lookUp = (sender, id) => ({ type: "await", sender, id });
const settle = (n, token, outcome, message) => ({
	...{ type: "settle", from: "worker@example.org", n, token, outcome, message },
});
const pull = (service, session, number, credit, held = []) => ({
	...{ type: "pull", service, instance: "worker-7", node: `worker@example.org/${session}`, version: "1.2.0" },
	...{ credit, session, number, inbox: "durable", held },
});

/** The queue of a domain, and what the domain itself keeps beside it. */
const queue = {
	core: () => new FunctionsKnown(new Queue({ fault, home: "example.org", settlingMs: 0 })),
	before: [
		{
			type: "know",
			service: "orders",
			version: "1.2.0",
			functions: [{ name: "place", retry: { attempts: 3 } }, { name: "ship" }],
		},
		{ type: "know", service: "orders", version: "2.0.0", functions: [{ name: "place" }] },
		pull("orders", "s1", 1, 1),
		// Each of these is leased when the one before is settled.
		submit(ALICE, "replied", "orders.place", { article: "moon" }, { delivery: "at-least-once" }),
		settle(1, 1, reply({ number: 1 })),
		submit(ALICE, "faulted", "orders.place", { article: "sun" }),
		settle(2, 1, failed("fault", "yes", "sold-out")),
		submit(ALICE, "dead", "orders.place", { article: LONG }, { retry: { ...RETRY, attempts: 1 } }),
		settle(3, 1, failed("internal", "unknown"), "internal error"),
		submit(ALICE, "dead-2", "orders.place", { article: "short" }, { retry: { ...RETRY, attempts: 1 }, orderKey: "o" }),
		settle(4, 1, failed("fault", "yes", "busy")),
		{ type: "redrive", n: 4 },
		settle(5, 1, failed("forbidden", "no")),
		submit(ALICE, "handed-back", "orders.ship", 17),
		{ type: "release", from: "worker@example.org", n: 6, token: 1, executed: "no" },
		settle(6, 2, reply(null)),
		// The lease of this one ends; it has been given out again.
		submit(ALICE, "silent", "orders.ship", 18),
		{ type: "taken", n: 7, token: 1 },
		{ pass: 60_000 },
		submit(ALICE, "leased", "orders.ship", 19),
		pull("orders", "s1", 2, 5, [{ n: 7, token: 2 }]),
		submit(BOB, "backing-off", "orders.place", { article: "star" }),
		settle(9, 1, failed("fault", "yes", "busy")),
		submit(BOB, "leased", "orders.place", { article: "sky" }),
		submit(ALICE, "expired", "stock.count", [1], { expiresMs: 1_000 }),
		{ type: "cancel", sender: ALICE, id: "never-came", expiresMs: DAY },
		{ pass: 1_000 },
		submit(
			BOB,
			"backing-off-2",
			"orders.place",
			{ article: "comet" },
			{ retry: { ...RETRY, backoffMs: DAY, maxBackoffMs: DAY } },
		),
		settle(13, 1, failed("internal", "unknown")),
		submit(ALICE, "waiting", "stock.count", [2]),
		submit(ALICE, "waiting-long", "stock.count", [LONG]),
		submit(ALICE, "first", "stock.count", [3], { orderKey: "k" }),
		submit(ALICE, "second", "stock.count", [4], { orderKey: "k" }),
		submit(ALICE, "put-off", "stock.count", [5], { afterMs: 2 * DAY, expiresMs: 10 * DAY }),
		submit(ALICE, "given-up", "stock.count", [6]),
		{ type: "cancel", sender: ALICE, id: "given-up", expiresMs: DAY },
	],
	after: [
		...["replied", "faulted", "dead", "dead-2", "dead-2-r1", "handed-back", "silent", "leased", "expired"].map((id) =>
			lookUp(ALICE, id),
		),
		...["never-came", "waiting", "waiting-long", "first", "second", "put-off", "given-up"].map((id) =>
			lookUp(ALICE, id),
		),
		...["backing-off", "leased", "backing-off-2", "replied"].map((id) => lookUp(BOB, id)),
		// What was promised of ids, senders and tokens.
		submit(ALICE, "replied", "orders.place", { article: "moon" }, { delivery: "at-least-once" }),
		submit(ALICE, "replied", "orders.place", { article: "mars" }),
		submit(ALICE, "never-came", "orders.place", { article: "late" }),
		settle(1, 1, reply({ number: 1 })),
		settle(7, 1, reply(null)),
		settle(8, 1, reply(null)),
		lookUp(ALICE, "leased"),
		// Who comes back with its inbox has these still; of the other nothing is heard until its lease is over.
		pull("orders", "s2", 1, 4, [{ n: 10, token: 1 }]),
		settle(10, 1, reply({ number: 10 })),
		pull("stock", "s3", 1, 9),
		settle(16, 1, reply(16)),
		{ type: "redrive", n: 3 },
		{ type: "purge", n: 4 },
		{ pass: 3 * DAY },
		{ pass: 40 * DAY },
	],
	reads: (view) => functionsKept(view, "orders"),
};

const ORDERS = "orders@fn.example.org";
const keep = (id, input, more = {}) => {
	const { submission } = submit(ALICE, id, "orders.place", input, more);
	return { type: "keep", to: ORDERS, submission };
};
const wait = (id) => ({ type: "wait", to: ORDERS, id });
const answered = (request, result) => ({ type: "answered", request, result });
const refused = (code, executed = "no") => ({ is: "refused", refusal: { code, executed, message: "" } });

const outbox = {
	core: () => new Outbox({ isDurable: true, fault }),
	before: [
		{ type: "link", isUp: true },
		keep("accepted", { article: "moon" }),
		answered("submit", { is: "accepted" }),
		keep("settled", { article: "sun" }, { delivery: "at-least-once" }),
		answered("submit", { is: "accepted" }),
		{ type: "told", from: ORDERS, id: "settled", attempts: 2, outcome: reply({ number: 2 }) },
		keep("faulted", { article: "mars" }),
		answered("submit", { is: "accepted" }),
		{ type: "told", from: ORDERS, id: "faulted", attempts: 1, outcome: failed("fault", "yes", "sold-out") },
		keep("refused", { article: "star" }),
		answered("submit", refused("forbidden")),
		keep("expired", { article: "sky" }, { expiresMs: 1_000 }),
		keep("given-up", { article: "comet" }),
		answered("submit", { is: "accepted" }),
		{ type: "link", isUp: false },
		{ type: "cancel", to: ORDERS, id: "given-up" },
		keep("never-sent", { article: "dust" }),
		{ type: "cancel", to: ORDERS, id: "never-sent" },
		{ pass: 2_000 },
		keep("kept", { article: LONG }),
		keep("first", { article: "a" }, { orderKey: "k" }),
		keep("second", { article: "b" }, { orderKey: "k" }),
		keep("put-off", { article: "c" }, { afterMs: 2 * DAY, expiresMs: 10 * DAY }),
	],
	after: [
		...["settled", "faulted", "refused", "expired", "never-sent", "accepted"].map(wait),
		keep("settled", { article: "sun" }, { delivery: "at-least-once" }),
		keep("settled", { article: "another" }),
		{ type: "told", from: ORDERS, id: "accepted", attempts: 1, outcome: reply({ number: 1 }) },
		{ type: "link", isUp: true },
		answered("cancel", { is: "settled", attempts: 0, outcome: failed("cancelled", "no") }),
		// Of what has been submitted the one that was asked for last.
		answered("submit", { is: "known" }),
		{ pass: 60_000 },
		{ type: "link", isUp: false },
		{ pass: 40 * DAY },
	],
};

const WORKER = { domain: "fn.example.org", service: "orders", instance: "worker-7" };
const deliver = (session, number, serial, n, token, id, more = {}) => ({
	...{ type: "deliver", ...WORKER, session, number, serial, low: 1, n, token, leaseMs: 45_000, ttlMs: 30_000 },
	...{ attempt: token, sender: ALICE, id, delivery: "effectively-once", call: call("orders.place", id), ...more },
});
const serve = (credit) => ({ type: "serve", ...WORKER, credit });
const pulling = answered("pull", { is: "pulling", leaseMs: 45_000 });

const inbox = {
	core: (session) => new Inbox({ isDurable: true, session, fault }),
	before: [
		serve(8),
		pulling,
		deliver("first", 1, 1, 1, 1, "done"),
		{ type: "ended", run: 1, outcome: reply({ number: 1 }) },
		answered("settle", { is: "recorded" }),
		deliver("first", 1, 2, 2, 1, "running"),
		deliver("first", 1, 3, 3, 1, "recorded"),
		{ type: "ended", run: 3, outcome: reply({ number: 3 }) },
		deliver("first", 1, 4, 4, 2, "faulted", { delivery: "at-least-once" }),
		{ type: "ended", run: 4, outcome: failed("fault", "yes", "sold-out") },
		deliver("first", 1, 5, 5, 1, "aborting"),
		{ type: "lost", domain: WORKER.domain, n: 5, token: 1 },
		deliver("first", 1, 6, 6, 1, "unrun"),
		{ type: "unable", run: 6, retryAfterMs: 500 },
	],
	after: [
		serve(8),
		pulling,
		// What has its outcome is not run again, also when it comes with another token.
		deliver("second", 1, 1, 3, 2, "recorded"),
		answered("settle", { is: "recorded" }),
		deliver("second", 1, 2, 4, 3, "faulted"),
		deliver("second", 1, 3, 1, 1, "done"),
		deliver("second", 1, 4, 2, 2, "running"),
		answered("release", { is: "released" }),
		{ type: "ended", run: 1, outcome: reply({ number: 2 }) },
		answered("settle", { is: "recorded" }),
		{ pass: 60_000 },
		{ type: "leave", ...WORKER },
		{ type: "offline" },
		{ pass: 40 * DAY },
	],
};

/** By the name of the journal, and of the file. */
export const STORIES = { queue, outbox, inbox };
