import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { NS, type ScramMechanism, ScramServer, scramCredentials } from "@antiphon/protocol";
import { type Element, StreamParser, type XmlError } from "@antiphon/xml";

export interface FakeServer extends AsyncDisposable {
	readonly port: number;
	/** Connections so far. */
	readonly connections: number;
	/** The nth connection (1, 2, …), once its script has come to the end. */
	ready(nth: number): Promise<FakePeer>;
}

export interface Certificate {
	readonly cert: string;
	readonly key: string;
}

/**
 * A server on loopback that does what the script says, for each connection; `nth` counts them from 1. A script that
 * fails fails the test, unless it is because the link has gone.
 */
export async function fakeServer(script: (peer: FakePeer, nth: number) => Promise<void>): Promise<FakeServer> {
	const peers: FakePeer[] = [];
	const done: boolean[] = [];
	const problems: unknown[] = [];
	let waiting: (() => void)[] = [];
	const server = createServer((socket) => {
		const peer = new FakePeer(socket);
		const nth = peers.push(peer);
		script(peer, nth).then(
			() => {
				done[nth] = true;
				const wake = waiting;
				waiting = [];
				for (const look of wake) look();
			},
			(error) => {
				if (!(error instanceof PeerGone)) problems.push(error);
			},
		);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return {
		port: (server.address() as AddressInfo).port,
		get connections() {
			return peers.length;
		},
		ready(nth) {
			return new Promise((resolve) => {
				const look = () => {
					if (done[nth]) resolve(peers[nth - 1] as FakePeer);
					else waiting.push(look);
				};
				look();
			});
		},
		async [Symbol.asyncDispose]() {
			for (const peer of peers) peer.destroy();
			if (server.listening) {
				server.close();
				await once(server, "close");
			}
			if (problems.length > 0) throw problems[0];
		},
	};
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
	await using server = await fakeServer(async () => {});
	return server.port;
}

/** The link has closed the connection. */
export class PeerGone extends Error {}

type Item =
	| { readonly header: Element }
	| { readonly element: Element }
	| { readonly end: true }
	| { readonly error: XmlError };

/** The server's side of one connection. */
export class FakePeer {
	#socket: Socket;
	#parser: StreamParser;
	#items: Item[] = [];
	#wake: () => void = () => {};
	#gone = false;
	/** What has come in, a chunk for each time that the socket had something. */
	readonly chunks: string[] = [];
	/** The name that the link asked for in its TLS handshake. */
	servername: string | undefined;

	constructor(socket: Socket) {
		this.#socket = socket;
		this.#parser = this.#newParser();
		this.#attach(socket);
	}

	get socket(): Socket {
		return this.#socket;
	}

	get gone(): boolean {
		return this.#gone;
	}

	/** All that has come in, as text. */
	get received(): string {
		return this.chunks.join("");
	}

	destroy(): void {
		this.#socket.destroy();
	}

	send(data: string | Uint8Array): void {
		if (!this.#gone) this.#socket.write(data);
	}

	/** Sends, and resolves when the operating system has it: what is sent next goes in a segment of its own. */
	async sendAlone(data: string | Uint8Array): Promise<void> {
		await new Promise<void>((resolve) => this.#socket.write(data, () => resolve()));
		await new Promise((resolve) => setTimeout(resolve, 5));
	}

	/** The next element from the link. */
	async element(): Promise<Element> {
		const item = await this.#next();
		if (!("element" in item)) throw new Error(`an element was expected, not ${JSON.stringify(Object.keys(item))}`);
		return item.element;
	}

	/** Waits for a stream header. */
	async header(): Promise<Element> {
		const item = await this.#next();
		if (!("header" in item)) throw new Error("a stream header was expected");
		return item.header;
	}

	/** Waits for the end of the link's stream. */
	async end(): Promise<void> {
		while (!("end" in (await this.#next())));
	}

	/** Waits until the link has closed the connection. */
	async closed(): Promise<void> {
		while (!this.#gone) await new Promise<void>((resolve) => this.#onNews(resolve));
	}

	/** Answers the link's stream header with one, and features. */
	async open(features: string): Promise<Element> {
		const header = await this.header();
		this.send(`${HEADER}<stream:features>${features}</stream:features>`);
		return header;
	}

	async scram(user: { readonly password: string; readonly mechanism?: ScramMechanism }): Promise<void> {
		const mechanism = user.mechanism ?? "SCRAM-SHA-256";
		const weaker = mechanism === "SCRAM-SHA-256" ? ["SCRAM-SHA-1"] : [];
		await this.open(mechanisms("PLAIN", "SCRAM-SHA-256-PLUS", ...weaker, mechanism));
		const auth = await this.element();
		if (auth.attr("mechanism") !== mechanism) throw new Error(`unexpected mechanism ${auth.attr("mechanism")}`);
		const scram = new ScramServer(mechanism, "servernonce");
		const { message } = await scram.first(decode(auth), async () =>
			scramCredentials(mechanism, user.password, Buffer.from("salt-of-the-test")),
		);
		this.send(`<challenge xmlns='${NS.sasl}'>${encode(message)}</challenge>`);
		const response = await this.element();
		let proof: string;
		try {
			proof = scram.final(decode(response));
		} catch {
			this.send(`<failure xmlns='${NS.sasl}'><not-authorized/></failure>`);
			return;
		}
		this.restart();
		this.send(`<success xmlns='${NS.sasl}'>${encode(proof)}</success>`);
	}

	/** What follows from the link is a new stream. */
	restart(): void {
		this.#parser.restart();
	}

	/** Login is over: opens the stream again and binds. */
	async bind(options: { jid?: string; features?: string; behind?: string } = {}): Promise<Element> {
		const { jid = "user@example.org/bound", features = "", behind = "" } = options;
		await this.open(`<bind xmlns='${NS.bind}'/>${features}`);
		const iq = await this.element();
		this.send(
			`<iq type='result' id='${iq.attr("id")}'><bind xmlns='${NS.bind}'><jid>${jid}</jid></bind></iq>${behind}`,
		);
		return iq;
	}

	/** The whole negotiation of a client with the password `pw`. */
	async online(options: { jid?: string; features?: string; behind?: string } = {}): Promise<void> {
		await this.scram({ password: "pw" });
		await this.bind(options);
	}

	async handshake(behind = ""): Promise<void> {
		await this.header();
		this.send(
			`<?xml version='1.0'?><stream:stream xmlns='${NS.component}' xmlns:stream='${NS.streams}' id='s1' from='fn.example.org'>`,
		);
		await this.element();
		this.send(`<handshake/>${behind}`);
	}

	/** After `<proceed/>`: the server's side of the TLS handshake. */
	async secure(certificate: Certificate): Promise<void> {
		const raw = this.#socket;
		raw.removeAllListeners("data");
		const socket = new TLSSocket(raw, { isServer: true, secureContext: createSecureContext(certificate) });
		this.#parser = this.#newParser();
		this.#attach(socket);
		await new Promise<void>((resolve, reject) => {
			socket.once("secure", resolve);
			socket.once("close", () => reject(new PeerGone("no TLS")));
		});
		const { servername } = socket as TLSSocket & { servername?: string | false };
		this.servername = servername || undefined;
	}

	#newParser(): StreamParser {
		const put = (item: Item) => {
			this.#items.push(item);
			this.#wake();
		};
		return new StreamParser(
			{
				onStart: (header) => put({ header }),
				onElement: (element) => put({ element }),
				onEnd: () => put({ end: true }),
				onError: (error) => put({ error }),
			},
			{ limits: { maxStanzaBytes: 64 * 1024 * 1024 }, contentNs: { from: NS.component, to: NS.client } },
		);
	}

	#attach(socket: Socket): void {
		this.#socket = socket;
		socket.on("error", () => {});
		socket.on("data", (chunk: Buffer) => {
			this.chunks.push(chunk.toString("utf8"));
			this.#parser.write(chunk);
		});
		socket.on("close", () => {
			this.#gone = true;
			this.#wake();
		});
	}

	#onNews(action: () => void): void {
		const before = this.#wake;
		this.#wake = () => {
			this.#wake = () => {};
			before();
			action();
		};
	}

	async #next(): Promise<Exclude<Item, { error: XmlError }>> {
		for (;;) {
			const item = this.#items.shift();
			if (item !== undefined && "error" in item) throw item.error;
			if (item !== undefined) return item;
			if (this.#gone) throw new PeerGone("the link has closed the connection");
			await new Promise<void>((resolve) => this.#onNews(resolve));
		}
	}
}

export const HEADER = `<?xml version='1.0'?><stream:stream xmlns='${NS.client}' xmlns:stream='${NS.streams}' id='s1' from='example.org' version='1.0'>`;

export function mechanisms(...names: string[]): string {
	return `<mechanisms xmlns='${NS.sasl}'>${names.map((name) => `<mechanism>${name}</mechanism>`).join("")}</mechanisms>`;
}

export function streamError(condition: string, content = ""): string {
	return `<stream:error><${condition} xmlns='${NS.streamErrors}'>${content}</${condition}></stream:error></stream:stream>`;
}

export const encode = (text: string) => Buffer.from(text, "utf8").toString("base64");
export const decode = (element: Element) => Buffer.from(element.text(), "base64").toString("utf8");
