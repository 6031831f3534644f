import { connect, type Socket } from "node:net";
import { boundedText } from "./bounded-text.js";

export interface RawStreamOptions {
	readonly port: number;
	/** What a test reads of the answer at most, in characters; older text is dropped. Default 64 Ki. */
	readonly maxReceivedLength?: number;
}

/** A TCP connection to 127.0.0.1 on which a test writes what it likes, well-formed or not, and reads text. */
export interface RawStream extends Disposable {
	readonly socket: Socket;
	write(data: string | Uint8Array): void;
	/** Everything received so far, or its newest part. */
	received(): string;
	/**
	 * Resolves with the match as soon as what was received matches, or with undefined once the connection has ended
	 * without. Rejects after `limitMs`.
	 */
	until(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray | undefined>;
	/** Resolves once the connection is over. Rejects after `limitMs`. */
	ended(limitMs?: number): Promise<void>;
}

const LIMIT_MS = 10_000;

/** Connecting is not waited for: a connection that fails is one that has ended. */
export function openRawStream({ port, maxReceivedLength = 65_536 }: RawStreamOptions): RawStream {
	const text = boundedText(maxReceivedLength);
	const socket = connect({ port, host: "127.0.0.1" });
	let over = false;
	const listeners = new Set<() => void>();
	const changed = () => {
		for (const listener of listeners) listener();
	};
	const finish = () => {
		over = true;
		changed();
	};
	socket.setEncoding("utf8").on("data", (more: string) => {
		text.append(more);
		changed();
	});
	socket.on("error", finish).on("end", finish).on("close", finish);

	/** `look` gives undefined for "not yet". */
	function watch<T>(what: string, limitMs: number, look: () => { readonly found: T } | undefined): Promise<T> {
		return new Promise((resolve, reject) => {
			const settle = () => {
				listeners.delete(check);
				clearTimeout(limit);
			};
			const check = () => {
				const result = look();
				if (result === undefined) return;
				settle();
				resolve(result.found);
			};
			const limit = setTimeout(() => {
				settle();
				reject(new Error(`no ${what} within ${limitMs} ms; received: ${text.toString().slice(-1000)}`));
			}, limitMs);
			listeners.add(check);
			check();
		});
	}

	return {
		socket,
		write(data) {
			socket.write(data);
		},
		received: () => text.toString(),
		until: (pattern, limitMs = LIMIT_MS) =>
			watch(String(pattern), limitMs, () => {
				const match = pattern.exec(text.toString());
				return match !== null ? { found: match } : over ? { found: undefined } : undefined;
			}),
		ended: (limitMs = LIMIT_MS) => watch("end", limitMs, () => (over ? { found: undefined } : undefined)),
		[Symbol.dispose]: () => socket.destroy(),
	};
}

/** The start of a stream by hand, for a client (RFC 6120 section 4.2) or a component (XEP-0114). */
export function rawStreamHeader(namespace: "jabber:client" | "jabber:component:accept", to: string): string {
	const version = namespace === "jabber:client" ? " version='1.0'" : "";
	return `<stream:stream to='${to}' xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams'${version}>`;
}
