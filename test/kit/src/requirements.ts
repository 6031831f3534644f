import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { ejabberdLibraries } from "./ejabberd.js";

/** What a suite may need that Node and npm do not bring. */
export type Requirement =
	| "prosody"
	| "lua-unbound"
	| "ejabberd"
	| "xmpp4r"
	| "slixmpp"
	| "aioxmpp"
	| "go-sendxmpp"
	| "nats-server";

/**
 * The interpreters for which Debian installs its libraries; another Ruby or Python that comes first in PATH does not see
 * them, so scripts are run with these.
 */
export const RUBY = "/usr/bin/ruby";
export const PYTHON = "/usr/bin/python3";

const PROBE_LIMIT_MS = 10_000;

const rows: Record<Requirement, { readonly debianPackage: string; readonly probe: () => boolean }> = {
	prosody: { debianPackage: "prosody", probe: () => inPath("prosody") },
	// With the Lua that Prosody runs on; Debian's Prosody only recommends it.
	"lua-unbound": { debianPackage: "lua-unbound", probe: () => succeeds("lua5.4", ["-e", "require 'lunbound'"]) },
	ejabberd: { debianPackage: "ejabberd", probe: () => inPath("erl") && ejabberdLibraries() !== undefined },
	xmpp4r: {
		debianPackage: "ruby-xmpp4r",
		probe: () => succeeds(RUBY, ["-e", "exit !Gem.find_files('xmpp4r.rb').empty?"]),
	},
	slixmpp: { debianPackage: "python3-slixmpp", probe: () => python("slixmpp") },
	aioxmpp: { debianPackage: "python3-aioxmpp", probe: () => python("aioxmpp") },
	"go-sendxmpp": { debianPackage: "go-sendxmpp", probe: () => inPath("go-sendxmpp") },
	// Only the benchmark has a use for it.
	"nats-server": { debianPackage: "nats-server", probe: () => inPath("nats-server") },
};

const found = new Map<Requirement, boolean>();

/** Whether it is installed on this machine. Looked up once in the life of the process. */
export function available(requirement: Requirement): boolean {
	let answer = found.get(requirement);
	if (answer === undefined) {
		answer = rows[requirement].probe();
		found.set(requirement, answer);
	}
	return answer;
}

/** The command that adds what is missing, on Debian and its kin. */
export function installCommand(requirements: readonly Requirement[]): string {
	return `apt-get install -y ${requirements.map((name) => rows[name].debianPackage).join(" ")}`;
}

/** Whether a missing requirement must fail a suite instead of skipping it. */
export function serversRequired(): boolean {
	const { ANTIPHON_REQUIRE_SERVERS } = process.env;
	return ANTIPHON_REQUIRE_SERVERS === "1";
}

function inPath(command: string): boolean {
	const { PATH = "" } = process.env;
	return PATH.split(delimiter).some((folder) => {
		try {
			accessSync(join(folder, command), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}

function python(module: string): boolean {
	const probe = `import importlib.util, sys; sys.exit(importlib.util.find_spec(${JSON.stringify(module)}) is None)`;
	return succeeds(PYTHON, ["-c", probe]);
}

function succeeds(command: string, args: string[]): boolean {
	return spawnSync(command, args, { stdio: "ignore", timeout: PROBE_LIMIT_MS }).status === 0;
}
