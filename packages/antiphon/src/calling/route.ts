import type { Jid } from "@antiphon/protocol";
import type { Ending } from "./balancer.js";

/** Where one attempt of a call goes. */
export interface Hop {
	readonly to: Jid;
	/** What the place is known by among those that were tried. An instance that went and came again is another place. */
	readonly key: string;
	/** Whether the domain has named it as an instance. If it then says that there is no such function, it has gone. */
	readonly isNamed: boolean;
	/** The attempt begins. @returns what to tell, once, when it has ended */
	begin(): (ending: Ending) => void;
	/** Calls back if the domain says that this instance has gone. @returns what calls that off */
	onGone(listener: () => void): () => void;
}

/** How the calls of a client find their way. */
export interface Route {
	/**
	 * Where the next attempt goes.
	 * @param tried the keys of the places where this call has been already
	 * @returns `undefined` when there is nowhere else
	 * @throws BusError when it cannot be said where a call goes
	 */
	next(fn: string, tried: ReadonlySet<string>): Hop | undefined | Promise<Hop | undefined>;
	/** Whether there is a second instance that a call which has waited for long could be asked of as well. */
	canHedge(): boolean;
	/** Calls back when there may be other instances than before. @returns what calls that off */
	onChange(listener: () => void): () => void;
	/** Takes one such call out of the budget. @returns whether there was one */
	spendHedge(): boolean;
}

/** Every call goes to one address. */
export class FixedRoute implements Route {
	readonly #hop: Hop;

	constructor(to: Jid) {
		this.#hop = fixedHop(to);
	}

	next(_fn: string, tried: ReadonlySet<string>): Hop | undefined {
		return tried.size === 0 ? this.#hop : undefined;
	}

	canHedge(): boolean {
		return false;
	}

	onChange(): () => void {
		return () => {};
	}

	spendHedge(): boolean {
		return false;
	}
}

/** A place that nobody chooses and nobody watches. */
export function fixedHop(to: Jid): Hop {
	return { to, key: to.toString(), isNamed: false, begin: () => () => {}, onGone: () => () => {} };
}
