import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AccessOptions, Policy } from "@antiphon/domain";
import type { Log } from "antiphon";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DomainConfig, readDomainConfig } from "./read.js";
import { reload } from "./reload.js";

let folder: string;
let file: string;
let started: DomainConfig;
let lines: string[];
let access: (AccessOptions | undefined)[];
let log: Log;

const BASE = "url: xmpp://127.0.0.1:5347\ndomain: fn.example.org\nsecret: s\n";
const write = (more: string) => writeFileSync(file, BASE + more, { mode: 0o600 });
const domain = {
	setAccess(given: AccessOptions | undefined) {
		new Policy("fn.example.org", given);
		access.push(given);
	},
};
const read = () => reload(file, started, domain, log);

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "antiphon-reload-"));
	file = join(folder, "domain.yaml");
	write("access: { call: [{ allow: a@example.org }] }\n");
	started = readDomainConfig(file);
	lines = [];
	access = [];
	const line = (level: string) => (message: string) => void lines.push(`${level}: ${message.replaceAll(file, "FILE")}`);
	log = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a config file that is read again", () => {
	it("gives its rules to the domain, also those that hold if it has none", () => {
		write("access: { call: [{ deny: b@example.org }] }\n");
		read();
		write("");
		read();
		expect(access).toEqual([{ call: [{ deny: "b@example.org" }] }, undefined]);
		const taken = "info: FILE was read again: its rules of access hold from now on";
		expect(lines).toEqual([
			taken,
			taken,
			expect.stringMatching(
				/^warn: FILE: it had access\.call and has none now, so every account of the domain above may call/,
			),
		]);
	});

	it.each([
		["acces: {}\n", /^error: FILE: acces: there is no such key/],
		["access: { call: [{ allow: 'a*b@example.org' }] }\n", /^error: FILE: access\.call\[0\]/],
		["access: [\n", /^error: FILE:5:1: this is no YAML/],
		["limits: { leaseMs: 0 }\n", /^error: FILE: limits\.leaseMs/],
	])("changes nothing if it cannot be used, and the log says why: %j", (more, why) => {
		write(more);
		read();
		expect(access).toEqual([]);
		expect(lines[0]).toMatch(why);
		expect(lines.at(-1)).toBe("error: FILE cannot be used: the rules of access stay as they were");
		rmSync(file);
		read();
		expect(access).toEqual([]);
		expect(lines.at(-1)).toBe("error: FILE cannot be used: the rules of access stay as they were");
	});

	it("says what else has changed, and takes effect at the next start alone", () => {
		write("access: {}\nlimits: { maxCalls: 7 }\nlog: warn\n");
		read();
		expect(access).toEqual([{}]);
		expect(lines.at(-1)).toBe("warn: FILE: limits, log changed, too: start the host again for that");
	});
});
