import { fileURLToPath } from "node:url";
import { type Child, PYTHON, RUBY, startChild, type XmppServer } from "#kit";

/** The clients of other languages that play scenarios; each has its own script. */
export type ForeignClient = "xmpp4r" | "slixmpp" | "aioxmpp";

/** What a client does next; each step tells one line. README.md has the table. */
export type Step =
	| { readonly do: "presence"; readonly to?: string; readonly type?: string }
	| { readonly do: "wait-presence"; readonly from?: string; readonly type?: string; readonly show?: string }
	/** Only clients that verify capability hashes themselves. */
	| { readonly do: "caps"; readonly from: string }
	| { readonly do: "roster" }
	| { readonly do: "send"; readonly to: string; readonly body: string }
	| { readonly do: "wait-message"; readonly body?: string }
	| { readonly do: "ping" | "info" | "items"; readonly to: string }
	| {
			readonly do: "call";
			readonly to: string;
			readonly fn: string;
			readonly kind?: "get" | "set";
			readonly v?: string;
			/** JSON text, sent as it is. */
			readonly payload: string;
	  };

/** A stanza error as a client saw it; `fault` is what Antiphon put into it. */
export interface ToldError {
	readonly type: string;
	readonly condition: string;
	readonly text?: string;
	readonly fault?: {
		readonly code: string;
		readonly executed: string;
		readonly name?: string;
		readonly payload: string;
	};
}

/** One line that a client has printed. */
export interface Told {
	readonly step: string;
	readonly jid?: string;
	readonly from?: string;
	readonly type?: string;
	readonly body?: string;
	readonly pong?: boolean;
	/** A capability hash that the client has found right (XEP-0115). */
	readonly ver?: string;
	readonly identities?: readonly { readonly category: string; readonly type: string; readonly name?: string }[];
	readonly features?: readonly string[];
	/** Each form in a disco#info answer (XEP-0128): field → values. */
	readonly forms?: readonly Readonly<Record<string, readonly string[]>>[];
	readonly items?: readonly { readonly jid: string; readonly node?: string; readonly name?: string }[];
	readonly enc?: string;
	readonly payload?: string;
	readonly error?: ToldError;
	readonly reason?: string;
}

export interface Scenario {
	readonly client: ForeignClient;
	readonly server: XmppServer;
	/** Full JID of an account that the server was started with. */
	readonly jid: string;
	/** That of the account when absent. */
	readonly password?: string;
	readonly steps: readonly Step[];
}

export interface Performance {
	readonly child: Child;
	/** Waits for the `nth` line of this step, from 1, and resolves with it; rejects if the client ends without one. */
	until(step: Told["step"], nth?: number): Promise<Told>;
	/** Waits for the end and resolves with every line; rejects unless the client exited with `code`. */
	finished(code?: number): Promise<readonly Told[]>;
}

/** How long a client may take for its whole scenario: it ends itself then, with exit code 1. */
const LIMIT_SECONDS = 20;

const commands: Readonly<Record<ForeignClient, readonly [interpreter: string, script: string]>> = {
	xmpp4r: [RUBY, "xmpp4r_client.rb"],
	slixmpp: [PYTHON, "slixmpp_client.py"],
	aioxmpp: [PYTHON, "aioxmpp_client.py"],
};

/** Starts a client on its scenario. Without TLS: the server must have been started so. */
export function perform({ client, server, jid, password, steps }: Scenario): Performance {
	const [interpreter, script] = commands[client];
	const path = fileURLToPath(new URL(script, import.meta.url));
	const secret = password ?? server.users[jid.split("@")[0] ?? ""] ?? "";
	const child = startChild({
		command: interpreter,
		args: [path, server.host, String(server.c2sPort), jid, secret, String(LIMIT_SECONDS), JSON.stringify(steps)],
	});
	const told = () => {
		const complete = child.stdout().split("\n").slice(0, -1);
		return complete.filter((line) => line !== "").map((line) => JSON.parse(line) as Told);
	};
	return {
		child,
		async until(step, nth = 1) {
			let found: Told | undefined;
			const look = () => {
				found = told().filter((line) => line.step === step)[nth - 1];
				return found !== undefined;
			};
			await child.waitUntil(`step ${step} (${nth}) of ${client}`, look, LIMIT_SECONDS * 1000);
			return found as unknown as Told;
		},
		async finished(code = 0) {
			// Its own limit, and some time to start an interpreter on a busy machine.
			const grace = setTimeout(() => child.signal("SIGKILL"), (LIMIT_SECONDS + 15) * 1000);
			const exit = await child.exited;
			clearTimeout(grace);
			if (exit.code !== code) throw new Error(`${client} ended with ${exit.signal ?? exit.code}:\n${child.output()}`);
			return told();
		},
	};
}

/** The one line of a step, of those that are `wanted`; fails if there is none or more than one. */
export function only(lines: readonly Told[], step: Told["step"], wanted: (line: Told) => boolean = () => true): Told {
	const found = lines.filter((line) => line.step === step && wanted(line));
	if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} lines of ${step}`);
	return found[0];
}
