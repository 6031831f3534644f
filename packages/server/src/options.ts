import { BusError, guardedLog, Jid, type Log, quietLog } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { resolveLimits, type ServerLimits } from "./limits.js";

/** A stanza as the server routes it, with both addresses stamped. */
export interface RoutedStanza {
	readonly from: string;
	readonly to: string;
	readonly stanza: Element;
}

export interface ServerOptions {
	/** The domain of its accounts. Default `localhost`. */
	readonly domain?: string;
	/** The address to listen on. Default `127.0.0.1`. */
	readonly host?: string;
	/** Clients, with STARTTLS when `tls` is given. Default 5222; 0 takes a free port. */
	readonly port?: number;
	/** Clients over direct TLS; needs `tls`. Default: not opened; 0 takes a free port. */
	readonly tlsPort?: number;
	/** Components (XEP-0114). Default 5347; 0 takes a free port. */
	readonly componentPort?: number;
	/** Accounts: local part → password. */
	readonly users?: Readonly<Record<string, string>>;
	/** Components: domain → secret. */
	readonly components?: Readonly<Record<string, string>>;
	/** Private key and certificate (chain), PEM. */
	readonly tls?: { readonly key: string; readonly cert: string };
	/** Refuse logins before TLS. Default false; needs `tls`. */
	readonly requireTls?: boolean;
	/** A directory for rosters and offline messages. Default: they are lost on exit. */
	readonly data?: string;
	/** Default: quiet. */
	readonly log?: Log;
	readonly limits?: Partial<ServerLimits>;
	/**
	 * A second connection for a component's domain: `refuse` it with `conflict` (default), or let it `replace` the first,
	 * which gets `conflict`.
	 */
	readonly componentConflict?: "refuse" | "replace";
	/**
	 * A client that binds a resource in use: it may `replace` the first, which gets the stream error `conflict`
	 * (default); be refused with the stanza error `conflict`; or get another resource, made by the server (`rename`).
	 */
	readonly resourceConflict?: "replace" | "refuse" | "rename";
	/** Sees every stanza that is routed, before it leaves. What it throws is logged and otherwise ignored. */
	readonly onStanza?: (routed: RoutedStanza) => void;
}

/** The options with every default filled in. */
export interface ResolvedOptions {
	readonly domain: string;
	readonly host: string;
	readonly port: number;
	readonly tlsPort: number | undefined;
	readonly componentPort: number;
	readonly users: ReadonlyMap<string, string>;
	readonly components: ReadonlyMap<string, string>;
	readonly tls: { readonly key: string; readonly cert: string } | undefined;
	readonly requireTls: boolean;
	readonly data: string | undefined;
	readonly log: Log;
	readonly limits: ServerLimits;
	readonly componentConflict: "refuse" | "replace";
	readonly resourceConflict: "replace" | "refuse" | "rename";
	readonly onStanza: ((routed: RoutedStanza) => void) | undefined;
}

/** Checks the options and fills the defaults in. @throws BusError `invalid-argument` that names the option and what is wrong with it */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
	const domain = domainOf("domain", options.domain ?? "localhost");
	const components = new Map<string, string>();
	for (const [name, secret] of Object.entries(options.components ?? {})) {
		const component = domainOf("components", name);
		if (component === domain) throw invalid(`components: ${component} is the domain of the server itself`);
		if (secret === "") throw invalid(`components: the secret of ${component} is empty`);
		components.set(component, secret);
	}
	if (options.tls === undefined && (options.requireTls === true || options.tlsPort !== undefined)) {
		throw invalid(`${options.requireTls === true ? "requireTls" : "tlsPort"} needs tls: { key, cert }`);
	}
	return {
		domain,
		host: options.host ?? "127.0.0.1",
		port: portOf("port", options.port ?? 5222),
		tlsPort: options.tlsPort === undefined ? undefined : portOf("tlsPort", options.tlsPort),
		componentPort: portOf("componentPort", options.componentPort ?? 5347),
		users: new Map(Object.entries(options.users ?? {})),
		components,
		tls: options.tls,
		requireTls: options.requireTls ?? false,
		data: options.data,
		log: options.log === undefined ? quietLog : guardedLog(options.log),
		limits: resolveLimits(options.limits),
		componentConflict: oneOf("componentConflict", options.componentConflict ?? "refuse", ["refuse", "replace"]),
		resourceConflict: oneOf("resourceConflict", options.resourceConflict ?? "replace", ["replace", "refuse", "rename"]),
		onStanza: options.onStanza,
	};
}

function domainOf(option: string, text: string): string {
	const jid = Jid.tryParse(text);
	if (jid === undefined || jid.local !== undefined || jid.resource !== undefined) {
		throw invalid(`${option}: ${JSON.stringify(text)} is not a domain`);
	}
	return jid.domain;
}

function portOf(option: string, port: number): number {
	if (!Number.isInteger(port) || port < 0 || port > 65_535) {
		throw invalid(`${option} must be a number from 0 (any free port) to 65535, not ${String(port)}`);
	}
	return port;
}

function oneOf<const T extends string>(option: string, value: T, known: readonly T[]): T {
	if (!known.includes(value)) throw invalid(`${option} must be one of ${known.join(", ")}, not ${String(value)}`);
	return value;
}

function invalid(message: string): BusError {
	return new BusError("invalid-argument", message);
}
