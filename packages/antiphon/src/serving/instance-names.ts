import { majorOf, type Service } from "@antiphon/contract";
import { BusError } from "@antiphon/protocol";

/**
 * What the instances of a node are called, also while they are being registered. Callers know an instance by its name,
 * whatever its version, so each has one of its own.
 */
export class InstanceNames {
	/** The name of those that are given none. */
	readonly #own: string;
	readonly #taken = new Set<string>();

	constructor(own: string) {
		this.#own = own;
	}

	/** For an instance that is given none. */
	free({ name, version }: Service): string {
		return this.#taken.has(keyOf(name, this.#own)) ? `${this.#own}-v${majorOf(version)}` : this.#own;
	}

	/** @returns what gives it back. @throws BusError `conflict`, with what to do */
	take({ name, version }: Service, instance: string): () => void {
		const key = keyOf(name, instance);
		if (this.#taken.has(key)) {
			const rule = "An instance's name is its own, whatever its version";
			const advice = `call this one ${instance}-v${majorOf(version)}, or leave \`instance\` out`;
			throw new BusError("conflict", `this node serves ${name} as ${instance} already. ${rule}: ${advice}`);
		}
		this.#taken.add(key);
		return () => void this.#taken.delete(key);
	}
}

const keyOf = (service: string, instance: string) => `${service}/${instance}`;
