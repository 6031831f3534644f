import { connect, createServer, type Server, type Socket } from "node:net";
import { type DelayLine, delayLine } from "./delay-line.js";
import { freePort } from "./free-port.js";

export interface TcpProxyOptions {
	readonly target: { readonly port: number; readonly host?: string };
}

/**
 * A TCP proxy on 127.0.0.1 that spoils the connections through it on demand.
 *
 * | state    | new connections        | open connections                                       |
 * | -------- | ---------------------- | ------------------------------------------------------ |
 * | forward  | forwarded              | forwarded                                              |
 * | stalled  | accepted, and mute     | open, but nothing is read or written either way        |
 * | deaf     | forwarded, deaf        | nothing is read from the clients; what is for them goes on |
 * | refused  | ECONNREFUSED           | as before                                              |
 *
 * Stalled is what a half-open peer looks like: no FIN, no RST, and full buffers once the kernel's are full. Refusing and
 * stalling are independent of one another. Nothing is buffered here beyond the sockets' own buffers and, with a delay,
 * 1 MiB for each direction of a connection; past that the sender is not read.
 */
export interface TcpProxy extends AsyncDisposable {
	readonly host: "127.0.0.1";
	readonly port: number;
	/** Connections that are open now, and those accepted since the start. */
	readonly open: number;
	readonly accepted: number;
	/** Bytes forwarded so far: `up` to the target, `down` to the clients. */
	readonly bytes: { readonly up: number; readonly down: number };
	/** Ends every open connection with a RST on both sides; new ones are still accepted. */
	cut(): void;
	/** Ends every open connection with a FIN on both sides; new ones are still accepted. */
	hangUp(): void;
	/** @param direction `up`: only what the clients send */
	stall(direction?: "both" | "up"): void;
	/** Forwards again, also what has waited in the kernel's buffers. */
	resume(): void;
	/** Closes the listening socket. */
	refuse(): Promise<void>;
	/** Listens again on the same port. */
	accept(): Promise<void>;
	/** Delays every chunk that comes from now on by this much in each direction, in order; 0 ends that. */
	delay(delayMs: number): void;
	/** Cuts everything and closes. Safe to call twice. */
	stop(): Promise<void>;
}

interface Pair {
	readonly client: Socket;
	target: Socket | undefined;
	readonly lines: DelayLine[];
}

export async function startTcpProxy({ target }: TcpProxyOptions): Promise<TcpProxy> {
	const pairs = new Set<Pair>();
	const bytes = { up: 0, down: 0 };
	let stalled: "no" | "up" | "both" = "no";
	let delayMs = 0;
	let accepted = 0;
	let server: Server | undefined;

	function forward(from: Socket, to: Socket, direction: "up" | "down"): DelayLine {
		from.pause();
		const line = delayLine({
			write: (chunk) => {
				bytes[direction] += chunk.length;
				return to.write(chunk);
			},
			end: () => to.end(),
			pause: () => from.pause(),
			resume: () => from.resume(),
		});
		from.on("data", (chunk) => line.push(chunk, delayMs));
		from.once("end", () => line.end(delayMs));
		to.on("drain", () => line.drained());
		return line;
	}

	function join(pair: Pair): void {
		const upstream = connect({
			port: target.port,
			host: target.host ?? "127.0.0.1",
			allowHalfOpen: true,
			noDelay: true,
		});
		pair.target = upstream;
		upstream.on("error", () => end(pair, "reset"));
		upstream.once("close", () => closed(pair));
		upstream.once("connect", () => {
			pair.lines.push(forward(pair.client, upstream, "up"), forward(upstream, pair.client, "down"));
			hold(pair);
		});
	}

	function hold({ lines: [up, down] }: Pair): void {
		up?.hold(stalled !== "no");
		down?.hold(stalled === "both");
	}

	/** A side that has closed in good order has passed its end on already; the other side may still have things to say. */
	function closed(pair: Pair): void {
		if (pair.client.destroyed && (pair.target?.destroyed ?? true)) pairs.delete(pair);
	}

	function end(pair: Pair, how: "fin" | "reset"): void {
		pairs.delete(pair);
		for (const line of pair.lines) line.close();
		for (const socket of [pair.client, pair.target]) {
			// Node never closes the handle of a socket that is reset while its own end is on the way.
			if (how === "reset" && socket?.writableEnded === false) socket.resetAndDestroy();
			else socket?.destroy();
		}
	}

	function listen(port: number): Promise<Server> {
		return new Promise((resolve, reject) => {
			const listening = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
				accepted++;
				const pair: Pair = { client, target: undefined, lines: [] };
				pairs.add(pair);
				client.on("error", () => end(pair, "reset"));
				client.once("close", () => closed(pair));
				if (stalled !== "both") join(pair);
			});
			listening.once("error", reject);
			listening.listen({ port, host: "127.0.0.1" }, () => resolve(listening));
		});
	}

	async function refuse(): Promise<void> {
		server?.close(); // its callback waits for the open connections; the port is free at once
		server = undefined;
	}

	const endAll = (how: "fin" | "reset") => {
		for (const pair of pairs) end(pair, how);
	};
	const port = await freePort();
	server = await listen(port);
	const stop = async () => {
		endAll("reset");
		await refuse();
	};
	return {
		host: "127.0.0.1",
		port,
		get open() {
			return pairs.size;
		},
		get accepted() {
			return accepted;
		},
		get bytes() {
			return { ...bytes };
		},
		cut: () => endAll("reset"),
		hangUp: () => endAll("fin"),
		stall(direction = "both") {
			stalled = direction;
			for (const pair of pairs) hold(pair);
		},
		resume() {
			stalled = "no";
			for (const pair of pairs) {
				if (pair.target === undefined) join(pair);
				else hold(pair);
			}
		},
		refuse,
		async accept() {
			server ??= await listen(port);
		},
		delay(ms) {
			delayMs = ms;
		},
		stop,
		[Symbol.asyncDispose]: stop,
	};
}
