import type { ServerCertificate } from "./certificates.js";

/** What a test asks of an XMPP server, whichever it is. */
export interface XmppServerOptions {
	/** The one virtual host. Default `localhost`. */
	readonly domain?: string;
	/** Accounts that exist from the start: localpart → password. The localpart in lower case. */
	readonly users?: Readonly<Record<string, string>>;
	/** Component domains (XEP-0114) → secret. */
	readonly components?: Readonly<Record<string, string>>;
	/**
	 * With TLS, clients must encrypt: STARTTLS on `c2sPort`, direct TLS on `tlsPort`; without, PLAIN and SCRAM are allowed
	 * in the clear and no TLS is offered. `true` makes a CA and a certificate for the domain. Components never use TLS.
	 */
	readonly tls?: boolean | ServerCertificate;
	/**
	 * `true` (the default) raises the limits to what a bus wants: stanzas up to `BUS_STANZA_BYTES`, no rate limit.
	 * `false` keeps those that Debian ships.
	 */
	readonly bus?: boolean;
	/**
	 * The file of services/domain that configures the server, as it is shipped; only ports, folders and secrets are this
	 * test's. It is for `example.org`, has `fn.example.org` as its component, and wants TLS. Prosody and ejabberd only.
	 */
	readonly profile?: string;
}

/** The stanza limit, in bytes, of a server that was started with `bus: true`, for clients and components alike. */
export const BUS_STANZA_BYTES = 1024 * 1024;

/** A running XMPP server on loopback, with its own ports and its own data folder. */
export interface XmppServer extends AsyncDisposable {
	readonly name: string;
	readonly host: "127.0.0.1";
	readonly c2sPort: number;
	/** Direct TLS; present only with TLS. */
	readonly tlsPort?: number;
	readonly componentPort: number;
	/** Where other servers connect; present only when it federates. */
	readonly s2sPort?: number;
	readonly domain: string;
	readonly users: Readonly<Record<string, string>>;
	readonly components: Readonly<Record<string, string>>;
	/** PEM of the CA that signed the server's certificate; present only with TLS. */
	readonly ca?: string;
	/** The newest part of what the server has logged since it was first started. */
	log(): string;
	/** Ends it in an orderly way and deletes its data. Safe to call twice. */
	stop(): Promise<void>;
	/**
	 * Sends a signal. SIGSTOP resolves when the process stands still, SIGCONT at once; any other resolves when the process is gone, and `restart`
	 * brings it back.
	 */
	kill(signal: NodeJS.Signals): Promise<void>;
	/** Ends it in an orderly way if it runs, and starts it again with the same ports and data. */
	restart(): Promise<void>;
}

/** Starts a server: the factory that a suite written once is run over. */
export type StartServer = (options: XmppServerOptions) => Promise<XmppServer>;
