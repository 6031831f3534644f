import { isServedBy, majorOf, type ServiceDescription } from "@antiphon/contract";
import { BusError, Tally } from "@antiphon/protocol";
import type { DomainLimits } from "../limits.js";

interface Held {
	readonly description: ServiceDescription;
	readonly chars: number;
	/** The account that was the first to bring it. */
	readonly account: string;
	/** Instances of this version. */
	holders: number;
}

/** What a version of a service is called by. */
export interface VersionName {
	readonly service: string;
	readonly version: string;
}

/**
 * The contracts of the versions that have instances. One number, one contract: as long as an instance of a version is
 * there, nobody can register another contract under that number.
 */
export class Contracts {
	readonly #limits: DomainLimits;
	readonly #held = new Map<string, Held>();
	/** By service: its versions. */
	readonly #versions = new Map<string, Set<string>>();
	/** By service: what {@link newest} tells, until its versions change. */
	readonly #newest = new Map<string, readonly ServiceDescription[]>();
	#chars = 0;
	readonly #perAccount = new Tally();

	constructor(limits: DomainLimits) {
		this.#limits = limits;
	}

	get(name: VersionName): ServiceDescription | undefined {
		return this.#held.get(keyOf(name))?.description;
	}

	/** The newest version of each major version, newest first. */
	newest(service: string): readonly ServiceDescription[] {
		const known = this.#newest.get(service);
		if (known !== undefined) return known;
		const newest = this.#newestOf(service);
		if (newest.length > 0) this.#newest.set(service, newest);
		return newest;
	}

	/** @throws BusError `conflict` if the version has another contract */
	require({ service, version }: VersionName, fingerprint: string): ServiceDescription | undefined {
		const known = this.get({ service, version });
		if (known === undefined || known.fingerprint === fingerprint) return known;
		throw new BusError(
			"conflict",
			`${service} ${version} is registered with another contract (${known.fingerprint}, not ${fingerprint}). A contract that changes needs another version`,
		);
	}

	/** Once for each instance. @param account whose instance it is. @throws BusError `conflict`, `too-large`, `overloaded` */
	hold(description: ServiceDescription, account: string): void {
		const { service, version, fingerprint } = description;
		this.require({ service, version }, fingerprint);
		const key = keyOf(description);
		const held = this.#held.get(key) ?? this.#added(key, description, account);
		held.holders++;
	}

	/** Once for each {@link hold}. */
	release(name: VersionName): void {
		const key = keyOf(name);
		const held = this.#held.get(key);
		if (held === undefined || --held.holders > 0) return;
		this.#held.delete(key);
		this.#count(held.account, -held.chars);
		const versions = this.#versions.get(name.service);
		versions?.delete(name.version);
		this.#newest.delete(name.service);
		if (versions?.size === 0) this.#versions.delete(name.service);
	}

	#newestOf(service: string): ServiceDescription[] {
		const byMajor = new Map<number, ServiceDescription>();
		for (const version of this.#versions.get(service) ?? []) {
			const description = this.get({ service, version }) as ServiceDescription;
			const major = majorOf(version);
			const known = byMajor.get(major);
			if (known === undefined || isServedBy(known.version, version)) byMajor.set(major, description);
		}
		return [...byMajor].sort(([a], [b]) => b - a).map(([, description]) => description);
	}

	#added(key: string, description: ServiceDescription, account: string): Held {
		const { maxFunctions, maxContractChars, maxContractsChars, maxContractsCharsPerAccount } = this.#limits;
		const { service, version, functions } = description;
		const chars = JSON.stringify(description).length;
		if (chars > maxContractChars || Object.keys(functions).length > maxFunctions) {
			throw new BusError(
				"too-large",
				`the contract of ${service} ${version} has more than ${maxFunctions} functions or ${maxContractChars} characters`,
			);
		}
		this.#requireRoomFor({ service, version });
		if (this.#chars + chars > maxContractsChars) throw atLimit("this domain", maxContractsChars);
		if (this.#perAccount.of(account) + chars > maxContractsCharsPerAccount) {
			throw atLimit(account, maxContractsCharsPerAccount);
		}
		const held: Held = { description, chars, account, holders: 0 };
		this.#held.set(key, held);
		this.#count(account, chars);
		this.#versions.set(service, (this.#versions.get(service) ?? new Set()).add(version));
		this.#newest.delete(service);
		return held;
	}

	/** Each change of a service is looked at for each of its majors, and callers choose among its versions. */
	#requireRoomFor({ service, version }: VersionName): void {
		const { maxMajors, maxVersions } = this.#limits;
		if ((this.#versions.get(service)?.size ?? 0) >= maxVersions) throw tooMany(service, `${maxVersions} versions`);
		const majors = this.newest(service).map((newest) => majorOf(newest.version));
		if (majors.length >= maxMajors && !majors.includes(majorOf(version))) {
			throw tooMany(service, `${maxMajors} major versions`);
		}
	}

	#count(account: string, chars: number): void {
		this.#chars += chars;
		this.#perAccount.add(account, chars);
	}
}

function atLimit(whose: string, maxChars: number): BusError {
	return new BusError("overloaded", `the contracts of ${whose} are at their limit of ${maxChars} characters`);
}

function tooMany(service: string, what: string): BusError {
	return new BusError("overloaded", `${service} is served in ${what}, which is the limit: drain an old one first`);
}

const keyOf = ({ service, version }: VersionName) => `${service} ${version}`;
