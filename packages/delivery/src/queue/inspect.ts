import { endOf, numberKey } from "../journal/binary.js";
import { type Key, StoreError, type View } from "../journal/journal.js";
import { CLOCK_KEY, JournalClock } from "../journal/journal-clock.js";
import { legibleKey } from "../journal/record.js";
import {
	BACK_OFFS,
	callKey,
	chainPrefix,
	DEAD,
	decodeHead,
	decodeLane,
	decodeMeta,
	decodeNumber,
	decodeOutcome,
	decodeShare,
	decodeText,
	EXPIRIES,
	HEADS,
	type Head,
	idKey,
	isCounted,
	KEPT,
	LANES,
	LEASED,
	laneHash,
	META,
	nIn,
	OUTCOMES,
	SHARES,
	type ShareRecord,
	STARTS,
	TEXTS,
	timeKey,
	WAITING,
} from "./queue-record.js";
import { decodePromises, PROMISES } from "./retention.js";
import { amountOf, NONE, sum } from "./shares.js";

/** What is in the journal of a queue, all of which has been read. */
export interface QueueInspection {
	/** What is wrong, for people: the first 20 things. None: it is sound. */
	readonly problems: readonly string[];
	/** All of them. */
	readonly problemsFound: number;
	readonly records: number;
	/** By their state. */
	readonly calls: Readonly<Record<Head["state"], number>>;
	readonly outcomes: number;
	readonly deadLetters: number;
}

const MAX_PROBLEMS = 20;
const PAGE = 1_000;
/** Of lists: a letter, and what stands behind it. */
const CHAINS = "k";
const IDS = "i";

/**
 * Reads each record of a queue's journal, and looks whether each call stands in the lists in which it should, and nothing else
 * does. Memory does not grow with what is there.
 * @param readsOther reads a record that is not the queue's own: whether it is known. Throws a StoreError for a damaged one
 */
export function inspectQueue(view: View, readsOther: (key: Key, body: Uint8Array) => boolean): QueueInspection {
	return new Inspection(view, readsOther).done();
}

class Inspection {
	readonly #view: View;
	readonly #readsOther: (key: Key, body: Uint8Array) => boolean;
	readonly #problems: string[] = [];
	#problemsFound = 0;
	#records = 0;
	readonly #calls = { waiting: 0, delayed: 0, chained: 0, leased: 0, settled: 0 };
	/** How many records of a kind there have to be, by its letter. */
	readonly #expected = new Map<string, number>();
	readonly #found = new Map<string, number>();
	#openInLanes = 0;
	/** What is kept by the calls themselves, and as it was counted for accounts and for domains. */
	#kept = NONE;
	readonly #counted = { accounts: NONE, domains: NONE };

	constructor(view: View, readsOther: (key: Key, body: Uint8Array) => boolean) {
		this.#view = view;
		this.#readsOther = readsOther;
	}

	done(): QueueInspection {
		for (const key of keysOf(this.#view)) {
			this.#records++;
			this.#try(() => this.#read(key));
		}
		this.#try(() => new JournalClock(this.#view, { monotonic: () => 0, wall: () => 0 }));
		this.#try(() => this.#compareTotals());
		const count = (kind: string) => this.#found.get(kind) ?? 0;
		return {
			problems: this.#problems,
			problemsFound: this.#problemsFound,
			records: this.#records,
			calls: this.#calls,
			outcomes: count(OUTCOMES),
			deadLetters: count(DEAD),
		};
	}

	#read(key: Key): void {
		const kind = key.charAt(0);
		this.#found.set(kind, (this.#found.get(kind) ?? 0) + 1);
		const body = this.#view.get(key) as Uint8Array;
		switch (kind) {
			case HEADS: {
				const head = decodeHead(key, body);
				this.#lookAt(nIn(key), head);
				if (isCounted(body)) this.#kept = sum(this.#kept, amountOf(head, body.length));
				break;
			}
			case SHARES:
				this.#addShare(decodeShare(key, body));
				break;
			case LANES:
				this.#openInLanes += decodeLane(key, body).open;
				break;
			case OUTCOMES:
				decodeOutcome(key, body);
				break;
			case TEXTS:
				decodeText(key, body);
				break;
			case IDS:
				decodeNumber(key, body);
				break;
			case PROMISES:
				decodePromises(body);
				break;
			case META:
			case CLOCK_KEY:
			case WAITING:
			case CHAINS:
			case LEASED:
			case BACK_OFFS:
			case STARTS:
			case EXPIRIES:
			case KEPT:
			case DEAD:
				break;
			default:
				if (!this.#readsOther(key, body)) this.#report(`nobody has written a record ${legibleKey(key)}`);
		}
	}

	#addShare(share: ShareRecord): void {
		const whose = share.of.startsWith("@") ? "domains" : "accounts";
		this.#counted[whose] = sum(this.#counted[whose], share);
	}

	/** A call has to stand in these lists, and in no other. */
	#lookAt(n: number, head: Head): void {
		const { state } = head;
		this.#calls[state]++;
		const isOpen = state !== "settled";
		const { due, keptUntil } = head;
		const id = idKey(head.sender, head.id);
		const places: (readonly [what: string, key: Key | undefined, isThere: boolean])[] = [
			["ids", id, true],
			["its lane", WAITING + laneHash(head.fn, head.version, head.sender) + numberKey(n), state === "waiting"],
			["what is delayed", due && timeKey(due.kind, due.at, n), state === "delayed"],
			["its order key", chainPrefix(head) + numberKey(n), isOpen && head.order !== undefined],
			["leases", callKey(LEASED, n), state === "leased"],
			["what expires", timeKey(EXPIRIES, head.expires, n), isOpen],
			["outcomes", callKey(OUTCOMES, n), !isOpen],
			["what is kept", keptUntil === undefined ? undefined : timeKey(KEPT, keptUntil, n), !isOpen],
			["dead letters", callKey(DEAD, n), head.isDead === true],
			["inputs", callKey(TEXTS, n), head.text === undefined && (isOpen || head.isDead === true)],
		];
		for (const [what, key, isThere] of places) {
			if (!isThere) continue;
			if (key === undefined || this.#view.count(key, `${key}\0`) === 0) {
				this.#report(`call ${n}, which is ${state}, is missing in the list of ${what}`);
				continue;
			}
			const kind = key.charAt(0);
			this.#expected.set(kind, (this.#expected.get(kind) ?? 0) + 1);
		}
		if (this.#view.count(id, `${id}\0`) === 1 && decodeNumber(id, this.#view.get(id)) !== n) {
			this.#report(`the id of call ${n} is that of another one, too`);
		}
	}

	/** Each call stands where it should: whatever is there in addition belongs to none. */
	#compareTotals(): void {
		const { waiting, delayed, chained, leased, settled } = this.#calls;
		const open = waiting + delayed + chained + leased;
		const meta = decodeMeta(this.#view.get(META));
		const found = (kind: string) => this.#found.get(kind) ?? 0;
		const pairs: (readonly [what: string, expected: number, found: number])[] = [
			["unsettled calls", meta.open, open],
			["settled calls", meta.settled, settled],
			["leases", meta.leased, leased],
			["dead letters", meta.dead, found(DEAD)],
			["unsettled calls, counted by lanes,", open, this.#openInLanes],
		];
		for (const kind of [IDS, WAITING, BACK_OFFS, STARTS, CHAINS, LEASED, EXPIRIES, OUTCOMES, KEPT, DEAD, TEXTS]) {
			pairs.push([`records that begin with ${kind}`, this.#expected.get(kind) ?? 0, found(kind)]);
		}
		const { accounts, domains } = this.#counted;
		for (const measure of ["calls", "open", "bytes"] as const) {
			const counted = { accounts, domains, all: meta.counted };
			for (const [whose, amount] of Object.entries(counted)) {
				pairs.push([`${measure} in what is counted of ${whose}`, this.#kept[measure], amount[measure]]);
			}
		}
		for (const [what, expected, there] of pairs) {
			if (expected !== there) this.#report(`there should be ${expected} ${what}, and ${there} are there`);
		}
	}

	#try(action: () => unknown): void {
		try {
			action();
		} catch (error) {
			if (!(error instanceof StoreError || error instanceof RangeError)) throw error;
			this.#report(error.message);
		}
	}

	#report(problem: string): void {
		this.#problemsFound++;
		if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
	}
}

/** Of all kinds: each begins with a letter. */
function* keysOf(view: View): Iterable<Key> {
	const end = endOf("\x7f");
	for (let from = "\0"; ; ) {
		const keys = view.keys(from, end, PAGE);
		yield* keys;
		const last = keys.at(-1);
		if (last === undefined || keys.length < PAGE) return;
		from = `${last}\0`;
	}
}
