import { endOf } from "../journal/binary.js";
import { type Key, StoreError, type View } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import { callKey, DEAD, decodeHead, HEADS, KEPT, LEASED, nIn } from "./queue-record.js";
import type { QueueState } from "./queue-state.js";
import { isCanary } from "./schedule.js";

const PAGE = 1_000;

/**
 * Reads from the journal what a queue has in memory: its lanes, its leases, and when the first of everything is due; not its
 * calls. Leases are held, and begin anew. Who pulls and who waits for outcomes is forgotten.
 * @throws StoreError `failed` when something is damaged, or is not there
 */
export function recover(state: QueueState, view: View, now: JournalTime): void {
	const { book, lanes, instances, leases, waiters } = state;
	for (const { service, instance, pull } of instances.all()) {
		if (pull !== undefined) state.forgotten.push({ type: "pull-again", to: pull.node, service, instance });
	}
	instances.clear();
	leases.clear();
	waiters.clear();
	state.pauses.clear();
	state.hasMore = state.forgotten.length > 0;
	book.recover(view);
	lanes.recover(view);
	state.promises.recover(view);
	for (const agenda of [state.backOffs, state.starts, state.expiries, state.kept]) agenda.recover(view);
	for (const key of keysOf(view, LEASED)) recoverLease(state, view, now, nIn(key));
}

function recoverLease(
	{ instances, leases, limits, options }: QueueState,
	view: View,
	now: JournalTime,
	n: number,
): void {
	const key = callKey(HEADS, n);
	const head = decodeHead(key, view.get(key));
	const { holder, token, fn, version } = head;
	if (holder === undefined) throw new StoreError("failed", `call ${n} is leased to nobody`);
	const { service, instance, node, session, number, inbox } = holder;
	const lease = {
		n,
		token,
		holder: instances.ensure(service, instance),
		fn,
		version,
		node,
		session,
		number,
		inbox,
		offer: undefined,
	};
	if (isCanary({ head })) lease.holder.reservedFor = n;
	leases.add(lease, now.up + limits.leaseMs + (options.settlingMs ?? 0));
}

/**
 * After {@link recover}: counts all that is stored. What is not where it should be has been lost.
 * @throws StoreError `failed`
 */
export function check({ book: { meta }, lanes, leases }: QueueState, view: View): void {
	const count = (kind: Key) => view.count(kind, endOf(kind));
	const pairs: readonly (readonly [string, number, number])[] = [
		["calls", meta.open + meta.settled, count(HEADS)],
		["unsettled calls", meta.open, lanes.census.all],
		["settled calls", meta.settled, count(KEPT)],
		["leases", meta.leased, leases.size],
		["dead letters", meta.dead, count(DEAD)],
	];
	for (const [what, expected, found] of pairs) {
		if (expected !== found) {
			throw new StoreError("failed", `the journal of the queue is damaged: ${found} of ${expected} ${what} are there`);
		}
	}
}

function* keysOf(view: View, kind: Key): Iterable<Key> {
	for (let from = kind; ; ) {
		const keys = view.keys(from, endOf(kind), PAGE);
		yield* keys;
		const last = keys.at(-1);
		if (last === undefined || keys.length < PAGE) return;
		from = `${last}\0`;
	}
}
