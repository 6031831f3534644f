import { isIP } from "node:net";
import { BusError, Jid, JidError, resolveNumbers } from "@antiphon/protocol";
import type { BackoffSettings } from "./backoff.js";
import type { LivenessSettings } from "./liveness.js";

/** Sizes in bytes: whole numbers above 0. */
export interface LinkLimits {
	/**
	 * Largest stanza that is sent; above it `send` throws `too-large`. A server ends the whole stream over one stanza that
	 * is too large for it. Default: what the server announces (XEP-0478), else 64 KiB. A smaller announcement wins.
	 */
	readonly maxStanzaBytes?: number;
	/**
	 * Largest stanza that is accepted. A larger one is read past and its sender told; one above 16 MiB ends the stream, and
	 * the link reconnects. Default 512 KiB.
	 */
	readonly maxIncomingStanzaBytes?: number;
	/** What may wait to be sent; above it `send` throws `overloaded`. Default 16 MiB. */
	readonly maxBufferedBytes?: number;
}

/** Times in milliseconds: whole numbers from 1 to 2,147,483,647, which is the longest that a timer waits. */
export interface LinkTimeouts {
	/** Limit for one attempt to connect, from the DNS query to the bound resource. Default 10 s. */
	readonly attemptMs?: number;
	/** A ping is sent half as long after the last was answered, whatever else comes in. Default 7 s. */
	readonly quietMs?: number;
	/** The connection is given up when nothing was received, or a ping not answered, for quietMs and this. Default 8 s. */
	readonly replyMs?: number;
	/** The connection is given up when a write has been waiting this long. Default 12 s. */
	readonly stallMs?: number;
	/** How long `close()` waits for the server to end the stream. Default 2 s. */
	readonly closeMs?: number;
	/** Shortest wait before a reconnect. Default 100 ms. */
	readonly minBackoffMs?: number;
	/** Longest wait before a reconnect, after attempts that failed; after a session it is 3 s at most. Default 30 s. */
	readonly maxBackoffMs?: number;
	/** The waits between sessions start over after one of this length. Default 3 s. */
	readonly stableMs?: number;
}

/**
 * Largest stanza that is sent where nobody says what is taken. RFC 6120, section 13.12, lets a server refuse even less;
 * most take more.
 */
export const DEFAULT_MAX_STANZA_BYTES = 64 * 1024;

const DEFAULT_LIMITS = {
	maxStanzaBytes: undefined as number | undefined,
	maxIncomingStanzaBytes: 512 * 1024,
	maxBufferedBytes: 16 * 1024 * 1024,
};

const DEFAULT_TIMEOUTS: Required<LinkTimeouts> = {
	attemptMs: 10_000,
	quietMs: 7000,
	replyMs: 8000,
	stallMs: 12_000,
	closeMs: 2000,
	minBackoffMs: 100,
	maxBackoffMs: 30_000,
	stableMs: 3000,
};

interface ServerOptions {
	/** Certificates to trust in place of the system's: PEM. On loopback, this also makes TLS mandatory. */
	readonly ca?: string | Buffer | readonly (string | Buffer)[];
	/** The name that the server's certificate must bear. */
	readonly servername?: string;
	/** Puts up with plaintext and with unverified certificates off loopback. Default false. */
	readonly insecure?: boolean;
	/**
	 * The address that is pinged to learn whether the connection lives; any answer will do, an error too. Default: the
	 * domain. A component that shares its domain with other processes needs another, or they get its pings.
	 */
	readonly pingTo?: string;
	readonly limits?: LinkLimits;
	readonly timeouts?: LinkTimeouts;
}

export interface ClientLinkOptions extends ServerOptions {
	/**
	 * - `xmpp://host:port`: STARTTLS, which is mandatory off loopback
	 * - `xmpps://host:port`: TLS from the first byte (XEP-0368)
	 * - `xmpp://domain`, `xmpps://domain`: the servers that DNS names for the domain (SRV), else ports 5222 and 5223
	 */
	readonly url: string;
	/** The account, `user@domain`. With a resource, that one is asked for. */
	readonly jid: string;
	readonly password: string;
	/** The resource to ask for; default: the JID's, else a random one that the link keeps. */
	readonly resource?: string;
}

export interface ComponentLinkOptions extends ServerOptions {
	/** `xmpp://host:port`, port 5347 unless given; `xmpps://` for TLS. Plaintext is for loopback only. */
	readonly url: string;
	/** The component's domain: the link owns every JID in it. */
	readonly domain: string;
	readonly secret: string;
}

export interface ServerUrl {
	readonly tls: boolean;
	readonly host: string;
	readonly port: number | undefined;
}

/** What every kind of link over a socket needs to know, nothing left open. */
export interface StreamSettings {
	readonly url: ServerUrl;
	/** The XMPP domain that the stream is opened to. */
	readonly domain: string;
	readonly tls: { readonly ca: (string | Buffer)[] | undefined; readonly servername: string };
	readonly insecure: boolean;
	readonly pingTo: string;
	readonly maxStanzaBytes: number | undefined;
	readonly maxIncomingStanzaBytes: number;
	readonly maxBufferedBytes: number;
	readonly attemptMs: number;
	readonly closeMs: number;
	readonly stableMs: number;
	readonly liveness: LivenessSettings;
	readonly backoff: BackoffSettings;
}

export interface ClientSettings extends StreamSettings {
	readonly jid: Jid;
	readonly password: string;
	readonly resource: string | undefined;
}

export interface ComponentSettings extends StreamSettings {
	readonly jid: Jid;
	readonly secret: string;
}

/** @throws BusError `invalid-argument` */
export function clientSettings(options: ClientLinkOptions): ClientSettings {
	const jid = parseJid("jid", options.jid);
	if (jid.local === undefined) throw invalid(`jid has no user part: ${options.jid}`);
	const resource = options.resource ?? jid.resource;
	if (resource !== undefined) parseJid("resource", `${jid.bare()}/${resource}`);
	return {
		...streamSettings(options, jid.domain, jid.domain),
		jid: jid.bare(),
		password: nonEmpty("password", options.password),
		resource,
	};
}

/** @throws BusError `invalid-argument` */
export function componentSettings(options: ComponentLinkOptions): ComponentSettings {
	const jid = parseJid("domain", options.domain);
	if (jid.local !== undefined || jid.resource !== undefined) throw invalid(`not a domain: ${options.domain}`);
	return {
		// A component's server has a certificate for its own name, which is rarely the component's.
		...streamSettings(options, jid.domain, serverUrl(options.url).host),
		jid,
		secret: nonEmpty("secret", options.secret),
	};
}

function streamSettings(options: ServerOptions & { readonly url: string }, domain: string, servername: string) {
	const { ca } = options;
	const limits = resolveNumbers(DEFAULT_LIMITS, options.limits ?? {}, "limits");
	const timeouts = resolveNumbers(DEFAULT_TIMEOUTS, options.timeouts ?? {}, "timeouts");
	return {
		url: serverUrl(options.url),
		domain,
		tls: { ca: ca === undefined ? undefined : [ca].flat(), servername: options.servername ?? servername },
		insecure: options.insecure ?? false,
		pingTo: options.pingTo === undefined ? domain : parseJid("pingTo", options.pingTo).toString(),
		...limits,
		attemptMs: timeouts.attemptMs,
		closeMs: timeouts.closeMs,
		stableMs: timeouts.stableMs,
		liveness: { quietMs: timeouts.quietMs, replyMs: timeouts.replyMs, stallMs: timeouts.stallMs },
		backoff: { minMs: timeouts.minBackoffMs, maxMs: timeouts.maxBackoffMs },
	} satisfies StreamSettings;
}

function serverUrl(text: string): ServerUrl {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || (url.protocol !== "xmpp:" && url.protocol !== "xmpps:") || url.hostname === "") {
		throw invalid(`url must be xmpp://host:port or xmpps://host:port, not ${text}`);
	}
	if (url.username !== "" || url.password !== "" || !["", "/"].includes(url.pathname) || url.search !== "") {
		throw invalid("url holds more than a host and a port; the account goes into jid and password");
	}
	const host = decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, "$1"));
	if (isIP(host) === 0) parseJid("url", host);
	return { tls: url.protocol === "xmpps:", host, port: url.port === "" ? undefined : Number(url.port) };
}

function parseJid(name: string, text: string): Jid {
	if (typeof text !== "string") throw invalid(`${name} must be a string`);
	try {
		return Jid.parse(text);
	} catch (error) {
		throw invalid(`${name}: ${error instanceof JidError ? error.message : String(error)}`);
	}
}

function nonEmpty(name: string, text: string): string {
	if (typeof text !== "string" || text === "") throw invalid(`${name} must be a string that is not empty`);
	return text;
}

function invalid(message: string): BusError {
	return new BusError("invalid-argument", message);
}
