import type { ShownCall, ShownLease } from "@antiphon/protocol";
import { age } from "./age.js";
import { oneLine } from "./printable.js";
import { timeSpan } from "./time-span.js";

/** Leases that a domain remembers of a call. */
const REMEMBERED = 16;

/** Something that has happened to a call, so many milliseconds after it was accepted. */
interface Deed {
	readonly atMs: number;
	readonly what: string;
}

/** What has become of a durable call, as a story. */
export function storyLines(call: ShownCall): string[] {
	const { n, sender, id, fn, version, delivery, orderKey } = call;
	const what = fn === undefined ? "" : `: ${fn} ${version}, ${delivery}`;
	const order = orderKey === undefined ? "" : `, order key ${orderKey}`;
	const deeds = [...leased(call), ...settled(call), ...redriven(call)];
	const width = Math.max(0, ...deeds.map(({ atMs }) => offset(atMs).length));
	return [
		`call ${n}${what}`,
		`of ${sender}, id ${id}${order}`,
		...lineage(call),
		`accepted ${age(call.acceptedMs)} ago`,
		...(call.leases.length >= REMEMBERED ? ["… what came before is not kept"] : []),
		...deeds.map((deed) => `${offset(deed.atMs).padEnd(width)}  ${deed.what}`),
		...ahead(call),
	].map(oneLine);
}

/** `+10 s` */
const offset = (atMs: number) => `+${timeSpan(atMs)}`;

function leased({ leases }: ShownCall): Deed[] {
	return leases.flatMap((lease) => {
		const { instance, jid, atMs, tookMs } = lease;
		const begins = { atMs, what: `leased to ${instance} (${jid})` };
		return tookMs === undefined ? [begins] : [begins, { atMs: atMs + tookMs, what: endOf(lease, tookMs) }];
	});
}

function endOf({ instance, how, message }: ShownLease, tookMs: number): string {
	const time = timeSpan(tookMs);
	switch (how) {
		case "reply":
			return `done in ${time}`;
		case "back":
			return `handed back by ${instance}, without a run`;
		case "untaken":
			return `no ack for ${time}`;
		case "over":
			return `nothing heard of ${instance} in time: the lease is over, after ${time}`;
		case "died":
			return `the process of ${instance} has ended, after ${time}`;
		case "cancelled":
			return `cancelled, after ${time}`;
		default:
			return `failed with ${how ?? "an error"}, after ${time}${message === undefined ? "" : `: ${message}`}`;
	}
}

/** What came of it, as far as its last lease has not said that. */
function settled({ settledMs, acceptedMs, code, fault, message, isDead, attempts, leases }: ShownCall): Deed[] {
	if (settledMs === undefined) return [];
	const atMs = Math.max(0, acceptedMs - settledMs);
	const runs = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
	if (code === undefined)
		return leases.at(-1)?.how === "reply" ? [] : [{ atMs, what: "done, which was reported later" }];
	const error = `${code}${fault === undefined ? "" : ` ${fault}`}${message === undefined ? "" : `: ${message}`}`;
	return [{ atMs, what: isDead ? `a dead letter after ${runs}: ${error}` : `settled, ${error}` }];
}

/** Whose call it is anew, and what its handler knows it by. */
function lineage({ redriveOf }: ShownCall): string[] {
	return redriveOf === undefined
		? []
		: [`call ${redriveOf.n} redriven, known to its handler by the id ${redriveOf.origin}`];
}

function redriven({ redriven: again, acceptedMs }: ShownCall): Deed[] {
	if (again === undefined) return [];
	return [{ atMs: Math.max(0, acceptedMs - again.agoMs), what: `redriven: it is call ${again.n} now, id ${again.id}` }];
}

/** What comes next. */
function ahead({ state, dueMs, expiresMs, attempts, maxAttempts }: ShownCall): string[] {
	if (state === "settled") return [];
	const is = {
		waiting: "waits for an instance",
		delayed: dueMs === undefined ? "is put off" : `is put off for ${timeSpan(dueMs)}`,
		chained: "waits behind another of its order key",
		leased: "is running, or may be",
	}[state];
	const of = maxAttempts === undefined ? "" : `, ${attempts} of ${maxAttempts} attempts`;
	return [`now it ${is}${of}${expiresMs === undefined ? "" : `, and is given up in ${timeSpan(expiresMs)}`}`];
}
