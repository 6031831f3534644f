import { BusError, type Jid } from "@antiphon/protocol";
import type { Element, Skipped } from "@antiphon/xml";
import type { Clock } from "./clock.js";
import { LinkFailure, passing } from "./failure.js";
import type { Link, LinkEvents, LinkState } from "./link.js";
import { Listener } from "./listener.js";
import { RetryPolicy, type RetrySettings } from "./retry-policy.js";

/** A stream that is up. */
export interface Session {
	readonly jid: Jid;
	readonly maxStanzaBytes: number;
	/** As {@link Link.backlog}. */
	readonly backlog: number;
	/** Hands over the stanzas that have come in so far, and from now on each as it comes. */
	begin(): void;
	/** @throws BusError as {@link Link.send} */
	send(stanza: Element): void;
	/** Ends in order. Bounded in time, never rejects. */
	close(): Promise<void>;
	/** Ends at once. Idempotent. */
	destroy(): void;
}

export interface SessionEvents {
	onStanza(stanza: Element): void;
	/** As {@link LinkEvents.onSkipped}. */
	onSkipped(skipped: Skipped): void;
	/** The session is over. */
	onEnd(failure: LinkFailure): void;
	/** What the attempt is doing, for the message when it takes too long. */
	onStep(doing: string): void;
}

/** Makes one attempt. Rejects with a LinkFailure; must let go of everything when the signal fires. */
export type Connect = (events: SessionEvents, signal: AbortSignal) => Promise<Session>;

export interface SupervisorSettings extends RetrySettings {
	readonly attemptMs: number;
}

/**
 * Keeps a link connected: attempt, online, lost, back-off, attempt, … The states and who changes them are in
 * {@link LinkState}; here `#become` is the one place that does. Whether and when there is another attempt is for
 * {@link RetryPolicy} to say. What a session is, it does not know.
 */
export class SupervisedLink implements Link {
	readonly kind: "client" | "component";
	readonly ownedDomain: string | undefined;
	readonly #connect: Connect;
	readonly #settings: SupervisorSettings;
	readonly #clock: Clock;
	readonly #retry: RetryPolicy;
	readonly #listener = new Listener("an XMPP link");
	#state: LinkState = { state: "idle" };
	#session: Session | undefined;
	#maxStanzaBytes: number;
	#onlineSince = 0;
	/** Why the last attempt failed, if one has. */
	#cause: BusError | undefined;
	/** What the present attempt is doing. */
	#doing = "";
	/** Undoes what the present state has going: a timer, an attempt. */
	#leave: () => void = () => {};
	#opened: { resolve(): void; reject(error: BusError): void } | undefined;

	constructor(
		identity: { readonly kind: "client" | "component"; readonly ownedDomain: string | undefined },
		settings: SupervisorSettings & { readonly maxStanzaBytes: number },
		connect: Connect,
		clock: Clock,
		random: () => number,
	) {
		this.kind = identity.kind;
		this.ownedDomain = identity.ownedDomain;
		this.#settings = settings;
		this.#maxStanzaBytes = settings.maxStanzaBytes;
		this.#connect = connect;
		this.#clock = clock;
		this.#retry = new RetryPolicy(settings, random);
	}

	get state(): LinkState {
		return this.#state;
	}

	get maxStanzaBytes(): number {
		return this.#maxStanzaBytes;
	}

	get backlog(): number {
		return this.#session?.backlog ?? 0;
	}

	open(events: LinkEvents, options: { readonly timeoutMs: number }): Promise<void> {
		if (this.#state.state !== "idle") {
			return Promise.reject(new BusError("invalid-argument", "a link can be opened once only"));
		}
		this.#listener.listen(events);
		return new Promise((resolve, reject) => {
			const cancel = this.#clock.after(options.timeoutMs, () => {
				const trying = this.#state.state === "waiting" ? [] : [`gave up while ${this.#doing}`];
				const why = [...(this.#cause === undefined ? [] : [this.#cause.message]), ...trying].join("; ");
				this.destroy(
					new BusError("link-lost", `not connected to the XMPP server after ${options.timeoutMs} ms: ${why}`, {
						executed: "no",
					}),
				);
			});
			this.#opened = {
				resolve: () => {
					cancel();
					resolve();
				},
				reject: (error) => {
					cancel();
					reject(error);
				},
			};
			this.#attempt();
		});
	}

	send(stanza: Element): void {
		if (this.#session === undefined) {
			throw new BusError("link-lost", `not connected to the XMPP server (${this.#state.state})`, { executed: "no" });
		}
		this.#session.send(stanza);
	}

	async close(): Promise<void> {
		const session = this.#session;
		this.#session = undefined;
		this.#end(undefined);
		await session?.close();
	}

	destroy(cause?: BusError): void {
		const session = this.#session;
		this.#session = undefined;
		session?.destroy();
		this.#end(cause);
	}

	#attempt(): void {
		const abort = new AbortController();
		this.#doing = "connecting";
		/** Is this attempt, or the session that came of it, still the one that counts? */
		let current = true;
		const drop = () => {
			current = false;
			cancelLimit();
			abort.abort();
		};
		const fail = (thrown: unknown) => {
			if (!current) return;
			drop();
			this.#failed(LinkFailure.from(thrown));
		};
		const { attemptMs } = this.#settings;
		const cancelLimit = this.#clock.after(attemptMs, () =>
			fail(
				passing("link-lost", `no session with the XMPP server within ${attemptMs} ms; gave up while ${this.#doing}`),
			),
		);
		this.#leave = drop;
		this.#become({ state: "connecting", attempt: this.#retry.failures + 1 });
		// The listener may just have closed the link.
		if (!current) return;
		const events: SessionEvents = {
			onStanza: (stanza) => {
				if (current) this.#listener.tell((listener) => listener.onStanza(stanza));
			},
			onSkipped: (skipped) => {
				if (current) this.#listener.tell((listener) => listener.onSkipped?.(skipped));
			},
			onStep: (step) => {
				if (current) this.#doing = step;
			},
			onEnd: fail,
		};
		this.#connect(events, abort.signal).then((session) => {
			if (!current) return session.destroy();
			cancelLimit();
			this.#online(session);
			if (current) session.begin();
		}, fail);
	}

	#online(session: Session): void {
		this.#session = session;
		this.#maxStanzaBytes = session.maxStanzaBytes;
		this.#onlineSince = this.#clock.now();
		this.#retry.online();
		this.#become({ state: "online", jid: session.jid });
		this.#opened?.resolve();
	}

	#failed(failure: LinkFailure): void {
		const session = this.#session;
		this.#session = undefined;
		this.#cause = failure.error;
		session?.destroy();
		const onlineMs = session === undefined ? undefined : this.#clock.now() - this.#onlineSince;
		const retryInMs = this.#retry.failed(failure, onlineMs);
		if (retryInMs === undefined) {
			this.#end(failure.error);
			return;
		}
		this.#leave = this.#clock.after(retryInMs, () => this.#attempt());
		this.#become({ state: "waiting", attempt: this.#retry.failures, retryInMs, cause: failure.error });
	}

	#end(cause: BusError | undefined): void {
		if (this.#state.state === "closed") return;
		this.#leave();
		this.#become(cause === undefined ? { state: "closed" } : { state: "closed", cause });
		this.#opened?.reject(cause ?? new BusError("cancelled", "the link was closed", { executed: "no" }));
	}

	#become(state: LinkState): void {
		this.#state = state;
		this.#listener.tell((listener) => listener.onState(state));
	}
}
