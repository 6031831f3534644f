import { BusError, createNode, type Link, type Log, lineLog, linkFromEnv, type Node } from "antiphon";
import { type Command, Option } from "commander";
import { UsageError } from "../command-error.js";
import { untilSignal } from "./until-signal.js";
import { inCommandWords, settingProblem } from "./wording.js";

/** The flags that every command with a connection takes; each stands for a variable of the environment. */
export interface ConnectionFlags {
	readonly url?: string;
	readonly jid?: string;
	readonly password?: string;
	readonly component?: string;
	readonly secret?: string;
	readonly domain?: string;
	readonly ca?: string;
	readonly insecure?: boolean;
	readonly timeout: number;
}

const DEFAULT_TIMEOUT = "10s";

export function withConnection(command: Command): Command {
	return command
		.option("--url <url>", "XMPP server: xmpp://host:port, xmpps://host:port, xmpp://domain (ANTIPHON_URL)")
		.option("--jid <jid>", "account to log in with (ANTIPHON_JID)")
		.option("--password <password>", "its password; safer in the environment (ANTIPHON_PASSWORD)")
		.option("--component <domain>", "log in as a component instead (ANTIPHON_COMPONENT)")
		.option("--secret <secret>", "its secret (ANTIPHON_SECRET)")
		.option("--domain <domain>", "the domain whose functions are called (ANTIPHON_DOMAIN)")
		.option("--ca <file>", "certificates to trust, PEM (ANTIPHON_CA)")
		.option("--insecure", "allow plaintext and unverified certificates (ANTIPHON_INSECURE=1)")
		.addOption(
			new Option("--timeout <time>", "deadline for all of it, such as 500ms, 2s, 1m")
				.default(duration(DEFAULT_TIMEOUT), DEFAULT_TIMEOUT)
				.argParser((text: string) => duration(text)),
		);
}

/** @returns milliseconds. @throws UsageError */
export function duration(text: string, option = "--timeout"): number {
	const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
	const factor = { ms: 1, s: 1000, m: 60_000 }[match?.[2] ?? ""];
	const durationMs = Math.round(Number(match?.[1]) * (factor ?? Number.NaN));
	if (durationMs >= 1 && durationMs <= 86_400_000) return durationMs;
	throw new UsageError(`${option} ${text}: use 1ms to 1440m, such as 500ms, 2s or 1m`);
}

/** The environment, with the flags in their places. */
export function environmentOf(flags: ConnectionFlags): Record<string, string | undefined> {
	const { ANTIPHON_JID, ANTIPHON_COMPONENT, ...rest } = process.env;
	// A flag for one kind of link outweighs a variable for the other.
	const jid = flags.jid ?? (flags.component === undefined ? ANTIPHON_JID : undefined);
	const component = flags.component ?? (flags.jid === undefined ? ANTIPHON_COMPONENT : undefined);
	return {
		...rest,
		ANTIPHON_JID: jid,
		ANTIPHON_COMPONENT: component,
		...(flags.url === undefined ? {} : { ANTIPHON_URL: flags.url }),
		...(flags.password === undefined ? {} : { ANTIPHON_PASSWORD: flags.password }),
		...(flags.secret === undefined ? {} : { ANTIPHON_SECRET: flags.secret }),
		...(flags.domain === undefined ? {} : { ANTIPHON_DOMAIN: flags.domain }),
		...(flags.ca === undefined ? {} : { ANTIPHON_CA: flags.ca }),
		...(flags.insecure === true ? { ANTIPHON_INSECURE: "1" } : {}),
	};
}

/** What a command's deadline leaves. */
export interface Deadline {
	remainingMs(): number;
}

/** How a command connects that is not like the others. */
export interface NodeOptions<T> {
	readonly wrap?: (link: Link) => Link;
	/** What a signal makes of it, once online. Default: a BusError `cancelled`. */
	readonly onInterrupt?: () => T;
}

/** Connects, runs, and closes again whatever happens. One deadline bounds all of it; SIGINT and SIGTERM end it. */
export async function withNode<T>(
	flags: ConnectionFlags,
	run: (node: Node, deadline: Deadline) => Promise<T>,
	{ wrap = (link) => link, onInterrupt }: NodeOptions<T> = {},
): Promise<T> {
	const endMs = performance.now() + flags.timeout;
	const remainingMs = () => Math.max(1, Math.ceil(endMs - performance.now()));
	const link = wrap(configuredLink(flags));
	let wasOnline = false;
	const interrupted = untilSignal().then(() => {
		if (wasOnline && onInterrupt !== undefined) return onInterrupt();
		// Before there was a link nothing was sent.
		throw new BusError("cancelled", "interrupted", { executed: wasOnline ? "unknown" : "no" });
	});
	const connectAndRun = async () => {
		const node = await connected(link, flags);
		wasOnline = true;
		try {
			return await run(node, { remainingMs });
		} finally {
			await node.close();
		}
	};
	try {
		return await Promise.race([connectAndRun(), interrupted]);
	} finally {
		link.destroy();
	}
}

/** @throws BusError in the command's words */
async function connected(link: Link, flags: ConnectionFlags): Promise<Node> {
	const startMs = performance.now();
	const log = lineLog("antiphon", "warn");
	let online = false;
	let complaints = 0;
	const warn: Log["warn"] = (message) => {
		// One line tells that it is still trying; the error at the end tells why that was in vain.
		if (online || complaints++ === 0) log.warn(message);
	};
	try {
		const limits = { connectTimeoutMs: flags.timeout };
		const node = await createNode({ link, log: { ...log, warn }, limits });
		online = true;
		return node;
	} catch (thrown) {
		const error = BusError.from(thrown);
		const isLate = error.code === "link-lost" && performance.now() - startMs >= flags.timeout - 1;
		// No attempt has failed, and none has come to its end.
		const silence = `. ${environmentOf(flags)["ANTIPHON_URL"]} does not answer as an XMPP server does`;
		const message = inCommandWords(error.message) + (isLate && complaints === 0 ? silence : "");
		throw new BusError(error.code, message, { executed: error.executed, cause: thrown });
	}
}

/** @throws UsageError for what the environment and the flags leave open */
function configuredLink(flags: ConnectionFlags): Link {
	try {
		return linkFromEnv(environmentOf(flags));
	} catch (error) {
		throw new UsageError(settingProblem(BusError.from(error).message, flags));
	}
}
