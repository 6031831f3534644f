import { BusError, type FoundContract, findContract, Jid, majorOf, type Node, type ServiceDescription } from "antiphon";
import type { Deadline } from "../connect/connection.js";
import { findMajor, type Majors, otherVersions } from "../look-up/major.js";
import { type ServiceThere, servicesIn } from "../look-up/services-in.js";
import { refusalOf } from "./contract-file.js";

/** Of what to make a file, and what its user should know. */
export interface Gathered {
	readonly contracts: readonly ServiceDescription[];
	/** A line each. */
	readonly notes: readonly string[];
}

/** What is wanted of a domain. */
export interface Wanted {
	readonly domain: string;
	/** Names of services; none: all of them. */
	readonly services: readonly string[];
	/** Of a service that is not among these, the newest. */
	readonly majors: Majors;
}

const MAX_SERVICES = 1_000;
/** Of those that are left out. */
const MAX_NAMED = 20;

/**
 * The contracts of a domain. Where all are wanted, what has none is told of and left out.
 * @throws BusError when something that was named is not to be had, or nothing is
 */
export async function gather(node: Node, wanted: Wanted, deadline: Deadline): Promise<Gathered> {
	const limits = () => ({ timeoutMs: deadline.remainingMs() });
	const { there, notes } =
		wanted.services.length > 0 ? await named(node, wanted, limits) : await all(node, wanted, limits);
	const gathered: Gathered[] = [];
	for (const each of there) gathered.push(await chosen(node, each, wanted.majors, limits));
	return {
		contracts: gathered.flatMap(({ contracts }) => contracts),
		notes: [...notes, ...gathered.flatMap((each) => each.notes)],
	};
}

type Limits = () => { readonly timeoutMs: number };

interface Found {
	readonly there: readonly ServiceThere[];
	readonly notes: readonly string[];
}

async function named(node: Node, { domain, services }: Wanted, limits: Limits): Promise<Found> {
	const there: ServiceThere[] = [];
	for (const service of new Set(services)) {
		const jid = `${service}@${domain}`;
		const found = { jid, ...(await findContract(node, jid, limits())) };
		const problem = problemWith(jid, found);
		if (problem !== undefined) throw problem;
		there.push(found);
	}
	return { there, notes: [] };
}

async function all(node: Node, { domain, majors }: Wanted, limits: Limits): Promise<Found> {
	const { services, others } = await servicesIn(node, domain, limits);
	const problems = services.flatMap((each) => {
		const error = problemWith(each.jid, each);
		return error === undefined ? [] : [{ jid: each.jid, error }];
	});
	const leftOut = [...others, ...problems];
	const notes = leftOut.slice(0, MAX_NAMED).map(({ jid, error }) => `without ${jid}: ${error.message}`);
	if (leftOut.length > MAX_NAMED) notes.push(`and without ${leftOut.length - MAX_NAMED} more`);
	const there = services.filter(({ jid }) => problems.every((problem) => problem.jid !== jid));
	const missing = [...majors.keys()].find((service) => there.every(({ contract }) => contract.service !== service));
	if (missing !== undefined) throw new BusError("not-found", `--major ${missing}=…: ${domain} does not serve it`);
	if (there.length === 0) throw new BusError("not-found", `${domain} serves nothing that has a contract`);
	if (there.length <= MAX_SERVICES) return { there, notes };
	throw new BusError("too-large", `${domain} has ${there.length} services: name at most ${MAX_SERVICES} of them`);
}

/** The versions of a service that are wanted; the one that was found, if nothing was said. */
async function chosen(node: Node, found: ServiceThere, majors: Majors, limits: Limits): Promise<Gathered> {
	const { jid, contract } = found;
	const wanted = majors.get(contract.service);
	if (wanted !== undefined) {
		const contracts: ServiceDescription[] = [];
		for (const each of wanted) {
			const one = majorOf(contract.version) === each ? found : await findMajor(node, jid, each, limits());
			const problem = problemWith(jid, one);
			if (problem !== undefined) throw problem;
			contracts.push(one.contract);
		}
		return { contracts, notes: [] };
	}
	const others = otherVersions(found).map((version) => `${version} (--major ${contract.service}=${majorOf(version)})`);
	const note = `${contract.service} ${contract.version} is written; there is also ${others.join(" and ")}`;
	return { contracts: [contract], notes: others.length > 0 ? [note] : [] };
}

/** Why this cannot be the contract of the service at this address. */
function problemWith(jid: string, { contract }: FoundContract): BusError | undefined {
	if (contract.service === Jid.tryParse(jid)?.local) return refusalOf(contract);
	return new BusError("protocol", `${jid} says that it is the service ${contract.service}`);
}
