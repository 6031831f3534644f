import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet, type Question, RECURSION_AVAILABLE } from "dns-packet";

/** Names that are told apart; one more is a mistake of the test. */
const MAX_NAMES = 1000;
const NXDOMAIN = 3;
/** It is asked for hosts that come and go. */
const TTL_S = 1;

/** A name server on a UDP port of 127.0.0.1 that knows what a test has told it, and nothing else. */
export interface DnsServer extends AsyncDisposable {
	readonly port: number;
	/** From now on this name has this IPv4 address. */
	announce(name: string, address: string): void;
	/** Names and types that were asked for, the newest hundred: `example.org SRV`. */
	asked(): readonly string[];
	stop(): Promise<void>;
}

/**
 * Starts it. A name that it knows has an A record and no other; a name that it does not know does not exist. What is no
 * query gets no answer. There is no TCP: no answer here is longer than a datagram.
 */
export async function startDnsServer(): Promise<DnsServer> {
	const addresses = new Map<string, string>();
	const asked: string[] = [];
	const socket = createSocket("udp4");
	socket.on("message", (datagram, from) => {
		const answer = answerTo(datagram, addresses, (question) => {
			asked.push(`${question.name} ${question.type}`);
			if (asked.length > 100) asked.shift();
		});
		if (answer !== undefined) reply(socket, answer, from);
	});
	await new Promise<void>((resolve, reject) => {
		socket.once("error", reject);
		socket.bind({ address: "127.0.0.1", port: 0, exclusive: true }, resolve);
	});
	// One that asks and goes away is no reason to end.
	socket.removeAllListeners("error").on("error", () => {});
	let stopped: Promise<void> | undefined;
	const stop = () => {
		stopped ??= new Promise((resolve) => socket.close(() => resolve()));
		return stopped;
	};
	return {
		port: socket.address().port,
		announce(name, address) {
			if (addresses.size >= MAX_NAMES) throw new Error(`a test's name server knows ${MAX_NAMES} names at most`);
			addresses.set(name.toLowerCase(), address);
		},
		asked: () => [...asked],
		stop,
		[Symbol.asyncDispose]: stop,
	};
}

/** The answer to one datagram, or `undefined` if it asks nothing that can be understood. Never throws. */
function answerTo(
	datagram: Buffer,
	addresses: ReadonlyMap<string, string>,
	onQuestion: (question: Question) => void,
): Buffer | undefined {
	try {
		const query = decode(datagram);
		const [question] = query.questions ?? [];
		if (query.flag_qr || question === undefined || query.questions?.length !== 1) return undefined;
		onQuestion(question);
		return encode(response(query, question, addresses));
	} catch {
		return undefined;
	}
}

function response(query: Packet, question: Question, addresses: ReadonlyMap<string, string>): Packet {
	const { name, type } = question;
	const address = addresses.get(name.toLowerCase());
	return {
		type: "response",
		id: query.id,
		flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | (address === undefined ? NXDOMAIN : 0),
		questions: [question],
		answers: address !== undefined && type === "A" ? [{ type: "A", name, ttl: TTL_S, data: address }] : [],
	};
}

function reply(socket: Socket, answer: Buffer, { port, address }: RemoteInfo): void {
	try {
		socket.send(answer, port, address, () => {});
	} catch {
		// It was closed, or the sender has given a port that is none.
	}
}
