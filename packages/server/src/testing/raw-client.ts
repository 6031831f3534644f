import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { NS, ScramClient, type ScramMechanism } from "@antiphon/protocol";
import { type Element, StreamParser, serialize, streamHeader, xml } from "@antiphon/xml";

/** No wait in a test is longer than this. */
const PATIENCE_MS = 8000;

/**
 * A peer that does exactly what a test tells it, right or wrong: writes text, hands out what comes. Every wait is
 * bounded and fails with what did come.
 */
export class RawClient implements Disposable {
	#socket: Socket;
	#parser: StreamParser;
	readonly #contentNs: string;
	readonly #inbox: Element[] = [];
	/** Those who wait for something to happen. */
	readonly #waiting = new Set<() => void>();
	header: Element | undefined;
	/** The peer ended its stream. */
	ended = false;
	/** The socket is closed. */
	closed = false;

	constructor(socket: Socket, contentNs: string) {
		this.#socket = socket;
		this.#contentNs = contentNs;
		this.#parser = this.#newParser();
		this.#listen();
	}

	get socket(): Socket {
		return this.#socket;
	}

	static async connect(port: number, contentNs: string = NS.client): Promise<RawClient> {
		const socket = connect({ port, host: "127.0.0.1", noDelay: true });
		await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
		return new RawClient(socket, contentNs);
	}

	static async connectTls(port: number, ca: string): Promise<RawClient> {
		const socket = connectTls({ port, host: "127.0.0.1", ca, servername: "localhost", ALPNProtocols: ["xmpp-client"] });
		await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
		return new RawClient(socket, NS.client);
	}

	/** Connected, logged in by SCRAM, bound. */
	static async login(port: number, user: string, password: string, resource?: string): Promise<RawClient> {
		const client = await RawClient.connect(port);
		await client.authenticate(user, password);
		await client.bind(resource);
		return client;
	}

	/** Connected, with its handshake accepted. */
	static async component(port: number, domain: string, secret: string): Promise<RawClient> {
		const client = await RawClient.connect(port, NS.component);
		await client.handshake(domain, secret);
		return client;
	}

	/** Its full JID, once bound. */
	jid = "";

	write(text: string | Uint8Array): void {
		this.#socket.write(text);
	}

	send(stanza: Element): void {
		this.write(serialize(stanza, NS.client));
	}

	/** What comes next is a new stream. */
	restart(): void {
		this.#parser.restart();
	}

	open(to = "localhost"): void {
		const version = this.#contentNs === NS.client ? "1.0" : undefined;
		this.write(streamHeader(this.#contentNs, { to, version }));
	}

	/** The next element on the first level of the stream. */
	async next(): Promise<Element> {
		await this.#until(() => this.#inbox.length > 0, "an element");
		return this.#inbox.shift() as Element;
	}

	/** The next element that fits; those before it are dropped. */
	async find(fits: (element: Element) => boolean): Promise<Element> {
		for (;;) {
			const element = await this.next();
			if (fits(element)) return element;
		}
	}

	/** What has come and was not taken. */
	take(): Element[] {
		return this.#inbox.splice(0);
	}

	/** Everything up to the answer to a ping of the server: what is not in it has not been sent. */
	async settle(): Promise<Element[]> {
		const id = `settle-${randomBytes(6).toString("hex")}`;
		this.send(xml("iq", NS.client, { type: "get", id, to: "localhost" }, xml("ping", NS.ping)));
		const before: Element[] = [];
		for (;;) {
			const element = await this.next();
			if (element.attr("id") === id) return before;
			before.push(element);
		}
	}

	/** The condition of the stream error, which must be followed by the end of the stream and of the connection. */
	async streamError(): Promise<string> {
		const error = await this.find((element) => element.is("error", NS.streams));
		await this.#until(() => this.ended && this.closed, "the end of the stream and the connection");
		return error.elements(undefined, NS.streamErrors).find((child) => child.name !== "text")?.name ?? "none";
	}

	async untilClosed(): Promise<void> {
		await this.#until(() => this.closed, "the end of the connection");
	}

	async features(to?: string): Promise<Element> {
		this.open(to);
		return this.find((element) => element.is("features", NS.streams));
	}

	async authenticate(user: string, password: string, mechanism: ScramMechanism = "SCRAM-SHA-256"): Promise<void> {
		await this.features();
		const scram = new ScramClient(mechanism, user, password, randomBytes(12).toString("base64url"));
		this.send(xml("auth", NS.sasl, { mechanism }, base64(scram.first())));
		const challenge = await this.next();
		if (challenge.name !== "challenge") throw new Error(`no challenge: ${serialize(challenge)}`);
		this.send(xml("response", NS.sasl, {}, base64(await scram.final(text(challenge)))));
		const success = await this.next();
		if (success.name !== "success") throw new Error(`no success: ${serialize(success)}`);
		scram.verify(text(success));
		this.#parser.restart();
		await this.features();
	}

	async bind(resource?: string): Promise<Element> {
		const wanted = resource === undefined ? undefined : xml("resource", NS.bind, {}, resource);
		this.send(xml("iq", NS.client, { type: "set", id: "bind" }, xml("bind", NS.bind, {}, wanted)));
		const answer = await this.next();
		this.jid = answer.child("bind", NS.bind)?.child("jid", NS.bind)?.text() ?? "";
		return answer;
	}

	async handshake(domain: string, secret: string): Promise<void> {
		this.open(domain);
		await this.#until(() => this.header !== undefined, "a header");
		const digest = createHash("sha1")
			.update((this.header?.attr("id") ?? "") + secret)
			.digest("hex");
		this.send(xml("handshake", NS.client, {}, digest));
		const answer = await this.next();
		if (answer.name !== "handshake") throw new Error(`no handshake: ${serialize(answer)}`);
		this.jid = domain;
	}

	async starttls(ca: string): Promise<void> {
		await this.features();
		this.send(xml("starttls", NS.tls));
		const answer = await this.next();
		if (answer.name !== "proceed") throw new Error(`no proceed: ${serialize(answer)}`);
		const plain = this.#socket;
		plain.removeAllListeners("data");
		const secure = connectTls({ socket: plain, ca, servername: "localhost" });
		await new Promise<void>((resolve, reject) => secure.once("secureConnect", resolve).once("error", reject));
		this.#socket = secure;
		this.#parser = this.#newParser();
		this.#listen();
	}

	/** Presence, and everything up to its own copy of it. */
	async available(...children: Element[]): Promise<void> {
		this.send(xml("presence", NS.client, {}, ...children));
		await this.find((element) => element.name === "presence" && element.attr("from") === this.jid);
	}

	[Symbol.dispose](): void {
		this.#socket.destroy();
	}

	#listen(): void {
		this.#socket.on("data", (chunk) => {
			this.#parser.write(chunk as Buffer);
			for (const wake of this.#waiting) wake();
		});
		this.#socket.on("error", () => {});
		this.#socket.on("close", () => {
			this.closed = true;
			for (const wake of this.#waiting) wake();
		});
	}

	#newParser(): StreamParser {
		return new StreamParser(
			{
				onStart: (header) => {
					this.header = header;
				},
				onElement: (element) => void this.#inbox.push(element),
				onEnd: () => {
					this.ended = true;
				},
				onError: (error) => {
					throw error;
				},
			},
			{
				limits: { maxStanzaBytes: 32 * 1024 * 1024 },
				...(this.#contentNs === NS.client ? {} : { contentNs: { from: this.#contentNs, to: NS.client } }),
			},
		);
	}

	async #until(done: () => boolean, what: string): Promise<void> {
		const end = Date.now() + PATIENCE_MS;
		while (!done()) {
			const left = end - Date.now();
			const state = `${this.closed ? "closed" : "open"}, ${this.#inbox
				.map((e) => serialize(e))
				.join("")
				.slice(0, 500)}`;
			if (left <= 0 || (this.closed && this.#inbox.length === 0 && what === "an element")) {
				throw new Error(`${this.jid || "peer"} waited for ${what}; connection ${state}`);
			}
			await new Promise<void>((resolve) => {
				const timer = setTimeout(() => wake(), left);
				const wake = () => {
					clearTimeout(timer);
					this.#waiting.delete(wake);
					resolve();
				};
				this.#waiting.add(wake);
			});
		}
	}
}

const base64 = (plain: string) => Buffer.from(plain).toString("base64");
const text = (element: Element) => Buffer.from(element.text(), "base64").toString();
