import { BusError, type Instance, type Resolution } from "@antiphon/protocol";
import { InstancePool } from "./instance-pool.js";

/** What a view needs of the node. */
export interface ViewSource {
	/** Asks the domain. @throws BusError */
	resolve(timeoutMs: number): Promise<Resolution>;
	/** Asks it for some of the instances, once. @throws BusError */
	look(wanted: Wanted, timeoutMs: number): Promise<Resolution>;
	/** Milliseconds of a clock that only goes forward. */
	now(): number;
	/** How long the domain may take to answer. */
	readonly timeoutMs: number;
}

/** Which instances somebody wants to know of: those that serve a version, and of these one by name. */
export interface Wanted {
	readonly version: string;
	readonly instance: string | undefined;
}

/** Failed calls make a view ask again, but not more often than this, in milliseconds. */
const ASK_AGAIN_MS = 1_000;
/** For how long a domain that does not resolve is not asked again, in milliseconds. */
const DIRECT_MS = 60_000;
/** How old what is known may be when nobody watches for it, in milliseconds. */
const UNWATCHED_MS = 5_000;
/** A host that settles for longer than it said, by more than answers differ in their way, has started once more. */
const SAME_START_MS = 250;

/**
 * What a node knows of the instances of one service in one domain. It asks when it is used, never on its own: an unused
 * view costs nothing. While it is used the domain tells of changes.
 *
 * | state   | to      | when                                                                                   |
 * | ------- | ------- | -------------------------------------------------------------------------------------- |
 * | unknown | known   | the domain said which instances there are                                              |
 * | unknown | direct  | the domain is one that does not resolve: its functions are called by their JIDs        |
 * | known   | known   | a push; or it was used after half of the time for which the domain pushes, and asked   |
 * | known   | unknown | nothing was heard for twice that time                                                  |
 * | direct  | unknown | a minute has passed                                                                    |
 *
 * A domain that does not answer leaves what is known as it is: calls go on with that. So does one that does not resolve
 * all at once: while a domain is away, servers say for it what they say of a namespace that nobody knows.
 *
 * And a domain whose host settles (docs/protocol.md, "Finding instances") adds to what is known and takes nothing away:
 * an instance of which it has not told since it started is kept until the host says that it has heard of everybody.
 */
export class ServiceView {
	readonly pool: InstancePool;
	readonly #source: ViewSource;
	#state: "unknown" | "known" | "direct" = "unknown";
	#heardMs = 0;
	#watchMs = 0;
	#askedMs = Number.NEGATIVE_INFINITY;
	#asking: Promise<void> | undefined;
	/** Whether the domain had heard of the service when it was asked. */
	isNameKnown = true;
	/** Whether there are more instances than were told. */
	isPartial = false;
	/** Until when the host does not know of everybody; 0 once it has said what there is. */
	#settlingUntilMs = 0;
	/** By name: what was known before the host started, and of which it has not told since. */
	#kept = new Map<string, Instance>();
	#waiting: Promise<void> | undefined;
	/** What the domain has told on its own, counted. */
	#pushes = 0;
	readonly #onChange = new Set<() => void>();
	#isClosed = false;

	constructor(source: ViewSource) {
		this.#source = source;
		this.pool = new InstancePool(() => source.now());
	}

	/** Whether functions are to be called by their JIDs. */
	get isDirect(): boolean {
		return this.#state === "direct";
	}

	/** Whether nothing will be told any more. */
	get isClosed(): boolean {
		return this.#isClosed;
	}

	/** Makes sure that something is known. @returns a promise only if that has to be asked. @throws BusError */
	ready(): Promise<void> | undefined {
		const ageMs = this.#source.now() - this.#heardMs;
		const freshMs = Math.max(this.#watchMs, UNWATCHED_MS);
		if (this.#state === "direct" && ageMs > DIRECT_MS) this.#state = "unknown";
		if (this.#state === "known" && ageMs > 2 * freshMs) this.#state = "unknown";
		if (this.#state === "unknown") return this.refresh();
		const isSettled = this.#settlingUntilMs > 0 && !this.isSettling;
		if (this.#state === "known" && (isSettled || ageMs > freshMs / 2)) this.askAgain();
		return undefined;
	}

	/** Whether there may be instances of which the host has not heard yet. */
	get isSettling(): boolean {
		return this.#source.now() < this.#settlingUntilMs;
	}

	/**
	 * Waits for a change, or for what the host says when it has settled. @returns `undefined` when there is nothing to wait
	 * for: the host has said what there is, or nothing will be told any more
	 */
	whileSettling(): Promise<void> | undefined {
		if (this.#isClosed || !this.isSettling) return undefined;
		this.#waiting ??= new Promise((resolve) => {
			const leftMs = this.#settlingUntilMs - this.#source.now();
			// Where nobody tells of changes they have to be asked for.
			const delayMs = this.#watchMs > 0 ? leftMs : Math.min(leftMs, ASK_AGAIN_MS);
			const over = () => {
				clearTimeout(timer);
				unlisten();
				this.#waiting = undefined;
				resolve();
			};
			const timer = setTimeout(() => void this.refresh().then(over, over), delayMs);
			const unlisten = this.onChange(over);
		});
		return this.#waiting;
	}

	/** Asks the domain, unless that is going on. @throws BusError, unless something is known already */
	refresh(): Promise<void> {
		this.#asking ??= this.#ask().finally(() => {
			this.#asking = undefined;
		});
		return this.#asking;
	}

	/** Of more instances than were told, those that are wanted: what is known stays as it is. @throws BusError */
	look(wanted: Wanted): Promise<Resolution> {
		return this.#source.look(wanted, this.#source.timeoutMs);
	}

	/** What was not told meanwhile may be missing: the next use asks. */
	distrust(): void {
		if (this.#state === "known") this.#watchMs = 0;
		this.#heardMs = Math.min(this.#heardMs, this.#source.now() - UNWATCHED_MS);
	}

	/** The domain's host has started anew. Asks when it is used, or at once where somebody waits to be told. */
	restarted(): void {
		this.distrust();
		if (this.#onChange.size > 0) this.askAgain();
	}

	/** Asks in the background: what is known may be out of date. */
	askAgain(): void {
		// What goes wrong shows in the calls.
		this.askOnce()?.catch(() => {});
	}

	/**
	 * Asks, unless that was done a moment ago; if it is being done, that is waited for. @returns `undefined` if it was done;
	 * @throws BusError as {@link refresh}
	 */
	askOnce(): Promise<void> | undefined {
		if (this.#asking !== undefined) return this.#asking;
		return this.#source.now() - this.#askedMs < ASK_AGAIN_MS ? undefined : this.refresh();
	}

	/** The domain tells of a change on its own. */
	push(resolution: Omit<Resolution, "service">): void {
		this.#pushes++;
		this.update(resolution);
	}

	/** The domain has said which instances there are. */
	update({ instances, watchMs, known, total, settlingMs = 0 }: Omit<Resolution, "service">): void {
		this.#state = "known";
		this.#heardMs = this.#source.now();
		this.#watchMs = watchMs;
		this.isNameKnown = known;
		this.isPartial = total !== undefined && total > instances.length;
		this.#settle(settlingMs);
		for (const { name } of instances) this.#kept.delete(name);
		this.pool.update([...instances, ...this.#kept.values()], !this.isPartial);
		for (const listener of [...this.#onChange]) listener();
	}

	/** The node was closed: those who wait for a change are told. */
	close(): void {
		this.#isClosed = true;
		for (const listener of [...this.#onChange]) listener();
	}

	onChange(listener: () => void): () => void {
		this.#onChange.add(listener);
		return () => void this.#onChange.delete(listener);
	}

	#settle(settlingMs: number): void {
		const untilMs = settlingMs > 0 ? this.#source.now() + settlingMs : 0;
		const isNewStart = untilMs > 0 && (!this.isSettling || untilMs > this.#settlingUntilMs + SAME_START_MS);
		if (untilMs === 0) this.#kept.clear();
		else if (isNewStart) this.#kept = new Map(this.pool.instances().map((each) => [each.name, each]));
		this.#settlingUntilMs = untilMs;
	}

	async #ask(): Promise<void> {
		this.#askedMs = this.#source.now();
		const pushes = this.#pushes;
		try {
			const answer = await this.#source.resolve(this.#source.timeoutMs);
			// A push is read at once, an answer when its promise is: one that came before the push can be read after it. And
			// where the answer is the newer one, a push of what makes it newer follows.
			if (pushes === this.#pushes) this.update(answer);
			else this.#watchMs = answer.watchMs;
		} catch (thrown) {
			const error = BusError.from(thrown);
			if (this.#state !== "unknown") return;
			if (error.code !== "unimplemented") throw error;
			this.#state = "direct";
			this.#heardMs = this.#source.now();
		}
	}
}
