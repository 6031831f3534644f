import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { createSecureContext, TLSSocket } from "node:tls";
import { BusError, isLoopback, Jid } from "@antiphon/protocol";
import { DataFolder } from "./data-folder.js";
import { Features } from "./host/features.js";
import { Hooks } from "./host/hooks.js";
import { ModuleHost, type ServerParts } from "./host/host.js";
import { type Listener, listen } from "./listener.js";
import { ClientStream, type ClientStreamParts } from "./login/client-stream.js";
import { ComponentStream, type ComponentStreamParts } from "./login/component-stream.js";
import { LoginGate } from "./login/login-gate.js";
import { MODULES } from "./modules.js";
import { type ResolvedOptions, resolveOptions, type ServerOptions } from "./options.js";
import { Accounts } from "./peers/accounts.js";
import { Components } from "./peers/components.js";
import { OfflineMessages } from "./peers/offline-messages.js";
import type { Peer } from "./peers/peer.js";
import { Roster } from "./peers/roster.js";
import { PresenceTable } from "./routing/presence-table.js";
import { Router } from "./routing/router.js";
import { HeldTotal } from "./streams/held-total.js";
import { ReadingTurn } from "./streams/reading-turn.js";
import { FlushTurn } from "./streams/send-queue.js";
import type { StreamContext, XmlStream } from "./streams/xml-stream.js";

/** What is going on in a server, as numbers. */
export interface ServerStats {
	/** Open sockets. */
	readonly connections: number;
	/** Of these, not logged in. */
	readonly unauthenticated: number;
	readonly accounts: number;
	/** Bound resources. */
	readonly clients: number;
	/** Connected components. */
	readonly components: number;
	/** Stanzas routed since the start, answers of the server included. */
	readonly routed: number;
	/** Bytes that wait to be sent, to all peers. */
	readonly queuedBytes: number;
	/** Stanzas, or copies of them, since the start, for which their receiver had no room: refused or dropped. */
	readonly dropped: number;
}

/** A running server. */
export interface EmbeddedServer {
	readonly domain: string;
	readonly host: string;
	/** Where clients connect. */
	readonly port: number;
	/** Where clients connect with direct TLS, if that was asked for. */
	readonly tlsPort: number | undefined;
	/** Where components connect. */
	readonly componentPort: number;
	/**
	 * @throws BusError `conflict` when the account exists, `overloaded` at limits.maxAccounts, `invalid-argument` without a
	 * password or with a name that is no local part of a JID
	 */
	addUser(name: string, password: string): void;
	stats(): ServerStats;
	/** Ends every stream with `system-shutdown`, stores what is to be kept, and resolves when all sockets are gone. Bounded by limits.closeTimeoutMs. */
	close(): Promise<void>;
	[Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts an XMPP server inside this process, for development and tests: not hardened for the Internet, no federation.
 * @throws BusError `invalid-argument` that names the option, and as {@link EmbeddedServer.addUser}; ListenError for a port
 * that is not to be had
 */
export async function startServer(options: ServerOptions = {}): Promise<EmbeddedServer> {
	const server = new Server(resolveOptions(options));
	try {
		await server.open();
	} catch (error) {
		await server.close();
		throw error;
	}
	return server;
}

class Server implements EmbeddedServer {
	readonly #options: ResolvedOptions;
	readonly #accounts: Accounts;
	readonly #components: Components;
	readonly #data: DataFolder | undefined;
	readonly #router: Router;
	readonly #clientParts: ClientStreamParts;
	readonly #componentParts: ComponentStreamParts;
	readonly #modules: ModuleHost[] = [];
	readonly #streams = new Set<XmlStream>();
	readonly #peers = new Set<Peer>();
	readonly #queued: HeldTotal;
	#listeners: Listener[] = [];
	#closing: Promise<void> | undefined;
	#onLastGone: () => void = () => {};
	port = 0;
	tlsPort: number | undefined;
	componentPort = 0;

	constructor(options: ResolvedOptions) {
		this.#options = options;
		const { domain, limits, log } = options;
		const now = () => performance.now();
		this.#queued = new HeldTotal(limits.maxQueuedTotalBytes);
		const context: StreamContext = {
			domain,
			limits,
			log,
			reading: new ReadingTurn(now),
			flushing: new FlushTurn(),
			held: new HeldTotal(limits.maxReadingBytes),
			queued: this.#queued,
			now,
		};
		const hooks = new Hooks();
		const presence = new PresenceTable();
		this.#accounts = new Accounts(domain);
		this.#components = new Components(options.components);
		this.#data = options.data === undefined ? undefined : new DataFolder(options.data, log);
		const { onStanza } = options;
		const shared = { domain, limits, accounts: this.#accounts, components: this.#components, presence, log };
		this.#router = new Router({ ...shared, onStanza });
		const parts: ServerParts = {
			...shared,
			router: this.#router,
			features: new Features(),
			hooks,
			now,
			peers: () => this.#peers,
		};
		const connection = { context, options, router: this.#router };
		const onBound = (peer: Peer) => void this.#peers.add(peer);
		this.#componentParts = {
			...connection,
			components: this.#components,
			gate: new LoginGate(limits),
			onBound,
			onUnbound: (peer) => void this.#peers.delete(peer),
		};
		this.#clientParts = {
			...connection,
			accounts: this.#accounts,
			gate: new LoginGate(limits),
			secure: options.tls === undefined ? undefined : tlsSockets(options.tls),
			onBound,
			onUnbound: (session) => {
				this.#peers.delete(session);
				if (this.#closing === undefined) hooks.emit("closed", session);
			},
		};
		// Before the modules, which start timers: an account may be refused.
		for (const [name, password] of options.users) this.addUser(name, password);
		for (const install of MODULES) {
			const host = new ModuleHost(parts);
			this.#modules.push(host);
			install(host);
		}
	}

	get domain(): string {
		return this.#options.domain;
	}

	get host(): string {
		return this.#options.host;
	}

	async open(): Promise<void> {
		const { host, port, tlsPort, componentPort } = this.#options;
		const open = async (wanted: number, option: string, gate: LoginGate, accept: (socket: Socket) => XmlStream) => {
			const listener = await listen(host, wanted, option, (socket) => this.#admit(socket, gate, accept));
			this.#listeners.push(listener);
			return listener.port;
		};
		const client = (socket: Socket) => new ClientStream(this.#clientParts, socket, false).stream;
		const component = (socket: Socket) => new ComponentStream(this.#componentParts, socket).stream;
		const { secure, gate } = this.#clientParts;
		this.port = await open(port, "port", gate, client);
		this.componentPort = await open(componentPort, "componentPort", this.#componentParts.gate, component);
		if (tlsPort !== undefined && secure !== undefined) {
			const direct = (socket: Socket) => new ClientStream(this.#clientParts, secure(socket), true).stream;
			this.tlsPort = await open(tlsPort, "tlsPort", gate, direct);
		}
		if (this.#options.tls === undefined && host !== "localhost" && !isLoopback(host)) {
			this.#options.log.warn(
				`${host} is open to others and there is no TLS: everybody on the way reads along. Listen on 127.0.0.1, or give tls.`,
			);
		}
		this.#options.log.info(
			`${this.domain}: clients on ${host}:${this.port}, components on ${host}:${this.componentPort}`,
		);
	}

	#admit(socket: Socket, gate: LoginGate, accept: (socket: Socket) => XmlStream): void {
		const { limits } = this.#options;
		if (this.#streams.size >= 2 * limits.maxConnections) {
			socket.destroy();
			return;
		}
		const full = this.#streams.size >= limits.maxConnections;
		const stream = accept(socket);
		this.#streams.add(stream);
		const gone = () => {
			this.#streams.delete(stream);
			if (this.#streams.size === 0) this.#onLastGone();
		};
		socket.once("close", () => stream.whenRead(gone));
		if (this.#closing !== undefined) stream.fail("system-shutdown", "the server shuts down", "info");
		else if (full) stream.fail("resource-constraint", `${limits.maxConnections} connections (limits.maxConnections)`);
		else gate.makeRoom();
	}

	addUser(name: string, password: string): void {
		const { limits } = this.#options;
		if (password === "") throw new BusError("invalid-argument", `the password of ${JSON.stringify(name)} is empty`);
		if (this.#accounts.size >= limits.maxAccounts) {
			throw new BusError("overloaded", `there are ${limits.maxAccounts} accounts already (limits.maxAccounts)`);
		}
		const jid = accountJid(name, this.domain);
		const stored = this.#data?.read(jid.local as string);
		const changed = () => this.#data?.changed(jid.local as string, () => ({ roster, offline }));
		const rosterBounds = {
			maxItems: limits.maxRosterItems,
			maxBytes: limits.maxRosterBytes,
			maxRequests: limits.maxSubscriptionRequests,
		};
		const offlineBounds = { maxMessages: limits.maxOfflineMessages, maxBytes: limits.maxOfflineBytes };
		const roster = new Roster(rosterBounds, stored?.roster ?? [], changed);
		const offline = new OfflineMessages(offlineBounds, stored?.offline ?? [], changed);
		this.#accounts.add({ jid, password, sessions: new Map(), roster, offline });
	}

	stats(): ServerStats {
		let clients = 0;
		for (const account of this.#accounts.all()) clients += account.sessions.size;
		return {
			connections: this.#streams.size,
			unauthenticated: this.#clientParts.gate.size + this.#componentParts.gate.size,
			accounts: this.#accounts.size,
			clients,
			components: this.#components.connected().length,
			routed: this.#router.routed,
			queuedBytes: this.#queued.bytes,
			dropped: this.#router.dropped,
		};
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	async #close(): Promise<void> {
		// One turn later, so that `#closing` is set before the first stream ends.
		await Promise.resolve();
		const closed = this.#listeners.map((listener) => listener.close());
		for (const stream of this.#streams) stream.fail("system-shutdown", "the server shuts down", "info");
		for (const host of this.#modules.reverse()) host[Symbol.dispose]();
		await Promise.all(closed);
		if (this.#streams.size > 0) await new Promise<void>((resolve) => (this.#onLastGone = resolve));
		await this.#data?.flush();
		this.#options.log.info(`${this.domain}: closed`);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}
}

function accountJid(name: string, domain: string): Jid {
	try {
		return Jid.of(name, domain);
	} catch (cause) {
		const problem = BusError.from(cause).message;
		throw new BusError("invalid-argument", `${JSON.stringify(name)} cannot be the name of an account: ${problem}`, {
			cause,
		});
	}
}

function tlsSockets(tls: { readonly key: string; readonly cert: string }): (socket: Socket) => Socket {
	const secureContext = createSecureContext({ key: tls.key, cert: tls.cert, minVersion: "TLSv1.2" });
	return (socket) => new TLSSocket(socket, { isServer: true, secureContext });
}
