import { isServedBy } from "@antiphon/contract";
import { BusError, type Instance, type Jid, type Labels } from "@antiphon/protocol";
import { fixedHop, type Hop, type Route } from "./route.js";
import type { ServiceView } from "./service-view.js";

export interface DomainRouteOptions {
	readonly view: ServiceView;
	/** The service's address in its domain, for messages. */
	readonly address: string;
	readonly version: string;
	/** One instance and no other. */
	readonly instance: string | undefined;
	readonly labels: Labels | undefined;
	/** The address of a function in the domain: where it is called if the domain does not resolve. */
	readonly addressOf: (fn: string) => Jid;
}

/** Calls that pay for one that is asked of a second instance. */
const CALLS_FOR_A_HEDGE = 10;
/** Hedges that can be saved up. */
const MAX_HEDGES = 10;

/** Calls go to an instance that the domain has named, the better of two at random. */
export class DomainRoute implements Route {
	readonly #options: DomainRouteOptions;
	#budget = CALLS_FOR_A_HEDGE;

	constructor(options: DomainRouteOptions) {
		this.#options = options;
	}

	get view(): ServiceView {
		return this.#options.view;
	}

	/** The service's address in its domain. */
	get address(): string {
		return this.#options.address;
	}

	next(fn: string, tried: ReadonlySet<string>): Hop | undefined | Promise<Hop | undefined> {
		const { view } = this.#options;
		// Somewhere it did not work: perhaps the domain knows why.
		if (tried.size > 0) view.askAgain();
		else this.#budget = Math.min(this.#budget + 1, CALLS_FOR_A_HEDGE * MAX_HEDGES);
		const asked = view.ready();
		return asked === undefined ? this.#choose(fn, tried) : asked.then(() => this.#choose(fn, tried));
	}

	canHedge(): boolean {
		return this.#options.instance === undefined && this.#options.view.pool.size > 1;
	}

	onChange(listener: () => void): () => void {
		return this.#options.view.pool.onUpdate(listener);
	}

	spendHedge(): boolean {
		if (this.#budget < CALLS_FOR_A_HEDGE) return false;
		this.#budget -= CALLS_FOR_A_HEDGE;
		return true;
	}

	/** The instances that the domain has told of. */
	told(): readonly Instance[] {
		return this.#options.view.pool.instances();
	}

	/** Of these, the ones that serve this client. */
	eligible(instances = this.told()): Instance[] {
		const { instance } = this.#options;
		return instances.filter((each) => this.#serves(each) && (instance === undefined || each.name === instance));
	}

	/** The domain may have told only of some: it is asked for those that this client wants. @throws BusError */
	async lookFurther(): Promise<readonly Instance[]> {
		const { view, version, instance } = this.#options;
		return view.isPartial ? (await view.look({ version, instance })).instances : this.told();
	}

	#choose(fn: string, tried: ReadonlySet<string>, hasAsked = false): Hop | undefined | Promise<Hop | undefined> {
		const { view, instance, labels, addressOf } = this.#options;
		if (view.isDirect) return tried.size === 0 ? fixedHop(addressOf(fn)) : undefined;
		const wish = { instance, labels, except: tried, serves: (each: Instance) => this.#serves(each) };
		const hop = view.pool.hop(wish);
		const own = addressOf(fn);
		if (hop === undefined) {
			// The domain knows more instances than it has told, and passes the call on to one of them.
			if (view.isPartial && !tried.has(own.toString())) return fixedHop(own);
			if (tried.size > 0) return undefined;
			// The domain does not know yet whether somebody serves it.
			const told = view.whileSettling();
			if (told !== undefined) return told.then(() => this.#choose(fn, tried));
			// Somebody may have registered of whom it has not told yet.
			const asked = hasAsked ? undefined : view.askOnce();
			if (asked !== undefined) return asked.then(() => this.#choose(fn, tried, true));
			throw this.nowhere();
		}
		// A node that owns the domain has no better address than the function's own, and says itself what there is.
		return hop.to.domain === own.domain ? { ...hop, to: own, isNamed: false } : hop;
	}

	#serves({ version }: Instance): boolean {
		return isServedBy(this.#options.version, version);
	}

	/**
	 * Why there is no instance to call: nobody serves it, nobody this version, nobody just now.
	 * @param further what has come of {@link lookFurther}
	 */
	nowhere(further: readonly Instance[] = []): BusError {
		const { view, address, version, instance } = this.#options;
		if (view.isClosed) return new BusError("link-lost", "the node was closed", { executed: "no" });
		const all = [...this.told(), ...further];
		if (all.length === 0) {
			return view.isNameKnown
				? new BusError("unavailable", `nobody serves ${address} at the moment`)
				: new BusError("not-found", `there is no ${address}: its domain has never heard of it`);
		}
		const named = instance === undefined ? all : all.filter(({ name }) => name === instance);
		if (named.length === 0) return new BusError("unavailable", `${address} has no instance ${instance} at the moment`);
		if (!named.some((each) => this.#serves(each))) {
			const versions = [...new Set(named.map((each) => each.version))].join(", ");
			return new BusError(
				"unimplemented",
				`version ${version} of ${address} was asked for; ${versions} is served there`,
			);
		}
		return new BusError("unavailable", `every instance of ${address} is draining`);
	}
}
