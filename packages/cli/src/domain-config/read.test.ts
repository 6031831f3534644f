import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { UsageError } from "../command-error.js";
import { readDomainConfig, storeOptions } from "./read.js";

const folder = mkdtempSync(join(tmpdir(), "domain-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = join(folder, "domain.yaml");
const BASE = "url: xmpp://127.0.0.1:5347\ndomain: FN.example.org\nsecret: '17'\n";

function read(text: string) {
	writeFileSync(FILE, text, { mode: 0o600 });
	return readDomainConfig(FILE);
}

function problems(text: string): string[] {
	try {
		read(text);
	} catch (error) {
		if (error instanceof UsageError) return [error.message, ...error.others].map((line) => line.replace(FILE, "FILE"));
		throw error;
	}
	return [];
}

it("takes what it needs and has defaults for the rest", () => {
	const { domain, access, limits, stateFile, store, log, warnings, link } = read(BASE);
	expect({ domain, access, stateFile, store, log, warnings }).toEqual({
		domain: "fn.example.org",
		access: undefined,
		stateFile: undefined,
		store: undefined,
		log: "info",
		warnings: [],
	});
	expect(limits).toMatchObject({ maxInstances: 20_000, leaseMs: 15_000 });
	expect(link().ownedDomain).toBe("fn.example.org");
});

it("takes JSON, since that is YAML, and everything that there is", () => {
	const access = {
		register: [{ allow: ["worker@example.org", "*@lab.example.org"], to: ["dictionary", "lab-*"] }],
		call: [{ deny: "mallory@example.org" }, { allow: "*" }],
		admin: [{ allow: "operator@example.org" }],
	};
	const all = {
		url: "xmpps://xmpp.example.org:5348",
		domain: "fn.example.org",
		secret: "s",
		insecure: false,
		access,
		owners: { bank: "Worker@example.org" },
		limits: { maxInstances: 3, maxQueuedCalls: 5, keepOutcomesHours: 48, callLeaseMs: 60_000 },
		stateFile: "fn.json",
		store: "calls",
		storeMaxBytes: 2 ** 34,
		storeReserveBytes: 2 ** 30,
		log: "warn",
	};
	const config = read(JSON.stringify(all));
	expect(storeOptions(config)).toEqual({ maxBytes: 2 ** 34, reserveBytes: 2 ** 30 });
	expect(config).toMatchObject({
		access,
		owners: { bank: "worker@example.org" },
		limits: { ...all.limits, maxServices: 10_000, maxQueuedCallsPerCaller: 100_000 },
		stateFile: join(folder, "fn.json"),
		store: join(folder, "calls"),
		log: "warn",
	});
});

it("finds the secret beside the config file or in the environment, and warns if others can read it", () => {
	const without = BASE.replace(/secret.*\n/, "");
	const secretFile = join(folder, "fn.secret");
	writeFileSync(secretFile, "in a file\n", { mode: 0o600 });
	expect(read(`${without}secretFile: fn.secret\n`).warnings).toEqual([]);
	chmodSync(secretFile, 0o644);
	expect(read(`${without}secretFile: fn.secret\n`).warnings).toEqual([
		expect.stringContaining(`chmod o= ${secretFile}`),
	]);
	process.env["FN_SECRET"] = "in the environment";
	expect(read(`${without}secretEnv: FN_SECRET\n`).domain).toBe("fn.example.org");
	delete process.env["FN_SECRET"];
	expect(problems(`${without}secretEnv: FN_SECRET\n`)).toEqual([
		"FILE: secretEnv: the environment has no FN_SECRET: set it, or name another variable",
	]);
	writeFileSync(secretFile, "two\nlines\n");
	expect(problems(`${without}secretFile: fn.secret\n`)).toEqual([
		expect.stringMatching(/^FILE: secretFile: .* one line/),
	]);
	expect(problems(without)).toEqual([expect.stringMatching(/^FILE: .*secret is missing: write one of/)]);
	expect(problems(`${BASE}secretFile: fn.secret\n`)).toEqual([
		"FILE: secret and secretFile are too much: write one of secretFile, secretEnv and secret",
	]);
});

const THERE_ARE = "there is no such key; there are";

it.each([
	["nothing", "", /^FILE: the file cannot be empty: write keys and values/],
	["a list", "- a\n", /^FILE: the file cannot be a list: write keys and values/],
	["no YAML", "a: b: c\n", /^FILE:1:4: this is no YAML: /],
	["a key twice", `${BASE}url: x\n`, /^FILE:4:1: this is no YAML: Map keys must be unique/],
	["a tag", `${BASE}stateFile: !path x\n`, /^FILE:4:12: this is no YAML: Unresolved tag/],
	["a second document", `${BASE}---\na: b\n`, /^FILE:4:1: a second document: write one, without ---$/],
	["a star", `${BASE}access: { call: [{ allow: * }] }\n`, /^FILE:4:27: what begins with \* has to stand in quotes/],
	["no quotes", `${BASE}access:\n call:\n - allow: *@a.example\n`, /^FILE:6:11: .* in quotes: "\*@a\.example"$/],
	["a wrong key", `${BASE}acces: {}\n`, `FILE: acces: ${THERE_ARE} url, domain, secret, `],
	["a wrong list", `${BASE}access: { cal: [] }\n`, `FILE: access.cal: ${THERE_ARE} register, call, admin`],
	["a wrong limit", `${BASE}limits: { max: 1 }\n`, `FILE: limits.max: ${THERE_ARE} maxInstances, `],
	[
		"a low limit",
		`${BASE}limits: { leaseMs: 0 }\n`,
		/^FILE: limits\.leaseMs must be a whole number from 1 to .*not 0$/,
	],
	[
		"a lease in which nobody can renew",
		`${BASE}limits: { leaseMs: 999 }\n`,
		/^FILE: limits\.leaseMs must be at least 1000, not 999: /,
	],
	[
		"outcomes that nobody could ask for",
		`${BASE}limits: { keepOutcomesHours: 9000 }\n`,
		/^FILE: limits\.keepOutcomesHours must be a whole number from 1 to 8760, not 9000$/,
	],
	[
		"a lease of calls in which nobody can renew",
		`${BASE}limits: { callLeaseMs: 5000 }\n`,
		/^FILE: limits\.callLeaseMs must be a whole number from 15000 to 86400000, not 5000$/,
	],
	[
		"a time for taking calls that is longer than the lease",
		`${BASE}limits: { callLeaseMs: 20000, callTakenMs: 30000 }\n`,
		/^FILE: limits\.callTakenMs must be a whole number from 1000 to 20000, not 30000$/,
	],
	[
		"a store in megabytes",
		`${BASE}store: calls\nstoreMaxBytes: 8192\n`,
		/^FILE: storeMaxBytes cannot be the number 8192: write how large the store may get, in bytes: a whole number from 16777216 to/,
	],
	[
		"room on a disk that is not used",
		`${BASE}storeReserveBytes: 1073741824\n`,
		/^FILE: storeReserveBytes: there is no store, so calls are kept in memory: write store, too$/,
	],
	["a limit in words", `${BASE}limits: { leaseMs: long }\n`, /^FILE: limits\.leaseMs cannot be "long": write a whole/],
	["no list", `${BASE}access: { call: { allow: x } }\n`, /^FILE: access\.call cannot be keys and values: write a list/],
	["no entry", `${BASE}access: { call: [x] }\n`, /^FILE: access\.call\[0\] cannot be "x": write an entry such as/],
	[
		"no text",
		`${BASE}access: { call: [{ allow: 7 }] }\n`,
		/^FILE: access\.call\[0\]\.allow cannot be the number 7: write/,
	],
	["neither", `${BASE}access: { call: [{ to: x }] }\n`, /^FILE: access\.call\[0\] says nothing: write either allow or/],
	["both", `${BASE}access: { call: [{ allow: a, deny: b }] }\n`, /^FILE: access\.call\[0\] says two things: write/],
	[
		"no JID",
		`${BASE}access: { call: [{ allow: a@b@c }] }\n`,
		/^FILE: access\.call\[0\]: "a@b@c" is no JID pattern: use/,
	],
	["no name", `${BASE}access: { call: [{ allow: a, to: ä }] }\n`, /^FILE: access\.call\[0\]: "ä" is no name: use/],
	[
		"a star inside",
		`${BASE}access: { call: [{ deny: "bot-*@example.org" }] }\n`,
		/^FILE: access\.call\[0\]: "bot-\*@example\.org" is no JID pattern: use alice@example\.org, \*@example\.org/,
	],
	[
		"functions to register",
		`${BASE}access: { register: [{ deny: a@b, to: "dictionary.*" }] }\n`,
		/^FILE: access\.register\[0\]: "dictionary\.\*" is about functions, .*: write dictionary$/,
	],
	[
		"an administrator of something",
		`${BASE}access: { admin: [{ deny: a@b, to: dictionary }] }\n`,
		/^FILE: access\.admin\[0\]: "dictionary" is too much: .*Leave `to` out$/,
	],
	[
		"no owner",
		`${BASE}owners: { bank: 7 }\n`,
		"FILE: owners.bank cannot be the number 7: write the account that owns it",
	],
	["no owners", `${BASE}owners: [bank]\n`, "FILE: owners cannot be a list: write names of services and accounts"],
	["all owners", `${BASE}owners: { bank: "*@a.example" }\n`, /^FILE: owners\.bank: "\*@a\.example" is no account: use/],
	["no level", `${BASE}log: loud\n`, 'FILE: log cannot be "loud": write debug, info, warn or error'],
	["no boolean", `${BASE}insecure: yes\n`, 'FILE: insecure cannot be "yes": write true or false'],
	["no certificate", `${BASE}ca: domain.yaml\n`, /^FILE: ca: .* holds no certificate that can be read/],
	["no folder", `${BASE}stateFile: nowhere/x\n`, /^FILE: stateFile: the folder of .* has to be there and writable/],
	["a folder", `${BASE}stateFile: .\n`, /^FILE: stateFile: .* is a folder: write the path of a file/],
	[
		"no folder of a store",
		`${BASE}store: nowhere/x\n`,
		/^FILE: store: .* has to be writable, or the folder that it is in/,
	],
	["a file as a store", `${BASE}store: domain.yaml\n`, /^FILE: store: .* is a file: write the path of a folder/],
	["no url", BASE.replace("xmpp:", "http:"), /^FILE: url must be xmpp:\/\/host:port/],
	["no domain", BASE.replace("FN.", "a@"), "FILE: domain: no domain is a@example.org"],
	[
		"a number",
		BASE.replace("'17'", "17"),
		"FILE: secret cannot be the number 17: write the component's secret as text",
	],
])("names the file, the key and what to write: %s", (_, text, expected) => {
	const [first = "", ...others] = problems(text);
	if (typeof expected === "string") expect(first).toContain(expected);
	else expect(first).toMatch(expected);
	expect(others).toEqual([]);
});

it("names all that is missing or too much at once", () => {
	expect(problems("secret: x\nurll: x\n")).toEqual([
		expect.stringMatching(/^FILE: url is missing: write /),
		expect.stringMatching(/^FILE: domain is missing: write /),
		expect.stringMatching(/^FILE: urll: there is no such key/),
	]);
});
