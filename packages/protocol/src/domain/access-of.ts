/** What a rule says, whoever it is for. */
interface Effect {
	readonly effect: "allow" | "deny";
	readonly what: string;
}

/** A rule without its asker, in lower case: names are compared as JIDs are. */
interface Decision {
	/** Its place among the rules: the first that fits decides. */
	readonly place: number;
	readonly isAllow: boolean;
	/** A name, or the beginning of one. */
	readonly text: string;
}

/** Stands for any name that begins so and has no rule of its own. */
const ANY = "\uffff";

/**
 * What one asker may do: the rules that fit it, put so that thousands of names can be asked for. A name costs the families
 * that say no service (`*`, `lab-*`), and the rules of its own service.
 */
export class AccessOf {
	/** `lab-*`, by place. */
	readonly #families: Decision[] = [];
	/** `dictionary.*` and `dictionary.de*` by service, by place. */
	readonly #inService = new Map<string, Decision[]>();
	/** Of each name the first. */
	readonly #names = new Map<string, Decision>();
	/** These by service. */
	readonly #ofService = new Map<string, Decision[]>();

	/** Whether something of each service is allowed: everything is, but for names. */
	readonly #isAnyOfEach: boolean;

	/** @param rules those whose `who` fits the asker, in their order */
	constructor(rules: readonly Effect[]) {
		const firstOfAll = rules.findIndex(({ what }) => what === "*");
		const before = rules.slice(0, Math.max(0, firstOfAll));
		const keepsOut = before.some(({ effect, what }) => effect === "deny" && what.endsWith("*"));
		this.#isAnyOfEach = rules[firstOfAll]?.effect === "allow" && !keepsOut;
		for (const [place, { effect, what }] of rules.entries()) {
			const isFamily = what.endsWith("*");
			const text = (isFamily ? what.slice(0, -1) : what).toLowerCase();
			const decision = { place, isAllow: effect === "allow", text };
			const service = serviceOf(text);
			if (isFamily && service === undefined) this.#families.push(decision);
			else if (isFamily) add(this.#inService, service as string, decision);
			else if (!this.#names.has(text)) {
				this.#names.set(text, decision);
				if (service !== undefined) add(this.#ofService, service, decision);
			}
		}
	}

	/** @param what the name that is asked for, such as `dictionary.define` */
	isAllowed(what: string): boolean {
		return this.#decides(what.toLowerCase())?.isAllow === true;
	}

	/** Whether there may be a function of this service that is allowed. */
	isAnyAllowed(service: string): boolean {
		if (this.#isAnyOfEach) return true;
		const folded = service.toLowerCase();
		if (this.isAllowed(`${folded}.${ANY}`)) return true;
		const allowed = (what: Decision, name: string) => what.isAllow && this.isAllowed(name);
		if (this.#inService.get(folded)?.some((each) => allowed(each, `${each.text}${ANY}`))) return true;
		return this.#ofService.get(folded)?.some((each) => allowed(each, each.text)) === true;
	}

	#decides(name: string): Decision | undefined {
		let first = this.#names.get(name);
		for (const families of [this.#families, this.#inService.get(serviceOf(name) ?? "")]) {
			for (const family of families ?? []) {
				if (first !== undefined && first.place < family.place) break;
				if (!name.startsWith(family.text)) continue;
				first = family;
				break;
			}
		}
		return first;
	}
}

/** Of the name of a function, or the beginning of one. */
function serviceOf(text: string): string | undefined {
	const dot = text.indexOf(".");
	return dot === -1 ? undefined : text.slice(0, dot);
}

function add(to: Map<string, Decision[]>, service: string, decision: Decision): void {
	const known = to.get(service);
	if (known === undefined) to.set(service, [decision]);
	else known.push(decision);
}
