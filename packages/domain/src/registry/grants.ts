import type { AccessRule } from "@antiphon/protocol";
import type { Policy } from "../policy/policy.js";
import type { Instance } from "./registry.js";

interface Given {
	readonly rules: string;
	/** {@link Policy.replaced} when they were last compared. */
	readonly replaced: number;
}

/** Which rules the providers of instances have been given, since they enforce them too. */
export class Grants {
	readonly #policy: Policy;
	readonly #given = new WeakMap<Instance, Given>();

	constructor(policy: Policy) {
		this.#policy = policy;
	}

	/** The rules that hold for an instance, which its provider is given now. */
	give(instance: Instance): AccessRule[] {
		const rules = this.#policy.callRules(instance.service);
		this.#note(instance, JSON.stringify(rules));
		return rules;
	}

	/** Whether the provider of an instance has the rules that hold. */
	isCurrent(instance: Instance): boolean {
		const given = this.#given.get(instance);
		// Policy is rarely replaced, and instances are renewed all the time.
		if (given === undefined || given.replaced === this.#policy.replaced) return given !== undefined;
		const rules = JSON.stringify(this.#policy.callRules(instance.service));
		if (rules === given.rules) this.#note(instance, rules);
		return rules === given.rules;
	}

	#note(instance: Instance, rules: string): void {
		this.#given.set(instance, { rules, replaced: this.#policy.replaced });
	}
}
