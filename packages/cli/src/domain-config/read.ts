import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
	type AccessEntry,
	type AccessOptions,
	checkedOwners,
	type DomainLimits,
	domainLimits,
	Policy,
} from "@antiphon/domain";
import type { LogLevel } from "@antiphon/protocol";
import { BusError, type Link, linkFromEnv } from "antiphon";
import { UsageError } from "../command-error.js";
import { parseYaml } from "./parse-yaml.js";
import { keyAt, problemsOf } from "./problems.js";
import { type FileContent, type FileEntry, fileSchema } from "./schema.js";
import { exposure, readSecret } from "./secret.js";

/** A config file that has been checked: what it says, with defaults. */
export interface DomainConfig {
	readonly url: string;
	readonly domain: string;
	/** `undefined`: the default of the domain. */
	readonly access: AccessOptions | undefined;
	readonly owners: Readonly<Record<string, string>>;
	readonly limits: DomainLimits;
	readonly stateFile: string | undefined;
	/** The folder of durable calls; `undefined`: they are kept in memory. */
	readonly store: string | undefined;
	/** How large that may get, and what is to be left on its disk; `undefined`: as the store has it. */
	readonly storeMaxBytes: number | undefined;
	readonly storeReserveBytes: number | undefined;
	/** Where a connection without TLS will do. */
	readonly plaintext: "nowhere" | "on this machine" | "everywhere";
	readonly log: LogLevel;
	/** What should be changed, but need not. */
	readonly warnings: readonly string[];
	/** A link as it says, not open yet. */
	link(): Link;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** A third of it is a time in which stanzas arrive on a bad day. */
const MIN_LEASE_MS = 1_000;

/**
 * Reads and checks the config file of a domain. Paths in it are relative to its folder.
 * @throws UsageError that names the file, the key and what to write there
 */
export function readDomainConfig(file: string): DomainConfig {
	const content = contentOf(file);
	const path = (relative: string) => resolve(dirname(file), relative);
	const secret = readSecret(content, file, path);
	const { url } = content;
	const environment = {
		ANTIPHON_URL: url,
		ANTIPHON_COMPONENT: content.domain,
		ANTIPHON_SECRET: typeof secret === "string" ? secret : secret.secret,
		ANTIPHON_CA: content.ca && path(content.ca),
		ANTIPHON_INSECURE: content.insecure ? "1" : undefined,
	};
	const link = () => inFile(file, () => linkFromEnv(environment));
	// It says what is wrong with the options, and it has normalised the domain.
	const domain = link().ownedDomain as string;
	const access = content.access && checkedAccess(content.access, domain, file);
	const exposed = exposure(secret);
	return {
		url,
		domain,
		access,
		owners: inFile(file, () => checkedOwners(content.owners ?? {})),
		limits: inFile(file, () => checkedLimits(content.limits as Partial<DomainLimits> | undefined)),
		stateFile: content.stateFile === undefined ? undefined : writable(path(content.stateFile), file),
		store: content.store === undefined ? undefined : folder(path(content.store), file),
		storeMaxBytes: content.storeMaxBytes,
		storeReserveBytes: reserveBytes(content, file),
		plaintext: content.insecure ? "everywhere" : content.ca === undefined ? "on this machine" : "nowhere",
		log: content.log ?? "info",
		warnings: exposed === undefined ? [] : [exposed],
		link,
	};
}

/** @throws BusError also for a lease in which a provider cannot renew over a network */
function checkedLimits(given: Partial<DomainLimits> | undefined): DomainLimits {
	const limits = domainLimits(given);
	if (limits.leaseMs >= MIN_LEASE_MS) return limits;
	const why = `providers renew three times in it, and whoever is late is forgotten`;
	throw new BusError(
		"invalid-argument",
		`limits.leaseMs must be at least ${MIN_LEASE_MS}, not ${limits.leaseMs}: ${why}`,
	);
}

/** @throws UsageError for what is to be left on a disk where there is none */
function reserveBytes({ store, storeReserveBytes }: FileContent, file: string): number | undefined {
	if (store !== undefined || storeReserveBytes === undefined) return storeReserveBytes;
	throw new UsageError(`${file}: storeReserveBytes: there is no store, so calls are kept in memory: write store, too`);
}

/** How a store is opened as a config says. */
export function storeOptions({ storeMaxBytes, storeReserveBytes }: DomainConfig) {
	return {
		...(storeMaxBytes !== undefined && { maxBytes: storeMaxBytes }),
		...(storeReserveBytes !== undefined && { reserveBytes: storeReserveBytes }),
	};
}

function contentOf(file: string): FileContent {
	const parsed = fileSchema.safeParse(parseYaml(readText(file, "--config"), file), { reportInput: true });
	if (parsed.success) return parsed.data;
	const [first = "", ...others] = problemsOf(parsed.error.issues, allowedAt).map((problem) => `${file}: ${problem}`);
	throw new UsageError(first, others);
}

/** The keys that may stand at a path. */
function allowedAt([first, , item]: readonly PropertyKey[]): string {
	const { access, limits } = fileSchema.shape;
	const level = first === "limits" ? limits : first === "access" ? access : undefined;
	if (first === "access" && item !== undefined) return "allow, deny, to";
	return Object.keys(level === undefined ? fileSchema.shape : level.unwrap().shape).join(", ");
}

/** @throws UsageError also for what a pattern cannot be */
function checkedAccess(given: NonNullable<FileContent["access"]>, domain: string, file: string): AccessOptions {
	const lists = Object.entries(given).filter(([, entries]) => entries !== undefined);
	const access = Object.fromEntries(
		lists.map(([list, entries]) => [list, entries?.map((each, i) => entryOf(each, ["access", list, i], file))]),
	);
	inFile(file, () => new Policy(domain, access));
	return access;
}

function entryOf({ allow, deny, to }: FileEntry, path: readonly PropertyKey[], file: string): AccessEntry {
	const about = to === undefined ? {} : { to };
	if (allow !== undefined && deny === undefined) return { allow, ...about };
	if (deny !== undefined && allow === undefined) return { deny, ...about };
	const problem = allow === undefined ? "says nothing" : "says two things";
	throw new UsageError(
		`${file}: ${keyAt(path)} ${problem}: write either allow or deny, such as { allow: worker@example.org }`,
	);
}

/** A file that may not be there yet, in a folder that can be written to. */
function writable(path: string, file: string): string {
	try {
		accessSync(dirname(path), constants.W_OK);
		if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
	} catch (error) {
		throw new UsageError(
			`${file}: stateFile: the folder of ${path} has to be there and writable: ${(error as Error).message}`,
		);
	}
	throw new UsageError(`${file}: stateFile: ${path} is a folder: write the path of a file`);
}

/** A folder that can be written to, or made where it is to be. */
function folder(path: string, file: string): string {
	const isThere = statSync(path, { throwIfNoEntry: false });
	if (isThere !== undefined && !isThere.isDirectory()) {
		throw new UsageError(`${file}: store: ${path} is a file: write the path of a folder`);
	}
	try {
		accessSync(isThere === undefined ? dirname(path) : path, constants.W_OK);
		return path;
	} catch (error) {
		throw new UsageError(
			`${file}: store: ${path} has to be writable, or the folder that it is in: ${(error as Error).message}`,
		);
	}
}

function readText(path: string, what: string): string {
	try {
		const { size } = statSync(path);
		if (size <= MAX_FILE_BYTES) return readFileSync(path, "utf8");
	} catch (error) {
		throw new UsageError(`${what}: ${(error as Error).message}`);
	}
	throw new UsageError(`${what}: ${path} is larger than ${MAX_FILE_BYTES} bytes`);
}

/** What the library refuses is wrong in this file. */
function inFile<T>(file: string, make: () => T): T {
	try {
		return make();
	} catch (thrown) {
		const message = BusError.from(thrown)
			.message.replace(/^ANTIPHON_CA:/, "ca:")
			.replace(/^not a domain:/, "domain: no domain is");
		throw new UsageError(`${file}: ${message}`);
	}
}
