import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import {
	type Answer,
	AUTHORITATIVE_ANSWER,
	decode,
	encode,
	type Packet,
	type Question,
	RECURSION_AVAILABLE,
} from "dns-packet";

/** Names that are told apart; one more is a mistake of the test. */
const MAX_NAMES = 1000;
const NXDOMAIN = 3;
/** It is asked for hosts that come and go. */
const TTL_S = 1;

/** A name server on a UDP port of 127.0.0.1 that knows what a test has told it, and nothing else. */
export interface DnsServer extends AsyncDisposable {
	readonly port: number;
	/**
	 * From now on other XMPP servers find that of this domain at a port of 127.0.0.1: by its SRV record (RFC 6120, section
	 * 3.2.1), so that no server needs a port that another may have.
	 */
	announce(domain: string, s2sPort: number): void;
	/** Names and types that were asked for, the newest hundred: `example.org SRV`. */
	asked(): readonly string[];
	stop(): Promise<void>;
}

/**
 * Starts it. A name that it knows has the records that were announced and no others; a name that it does not know does not
 * exist. What is no query gets no answer. There is no TCP: no answer here is longer than a datagram.
 */
export async function startDnsServer(): Promise<DnsServer> {
	const records = new Map<string, Answer>();
	const asked: string[] = [];
	const socket = createSocket("udp4");
	socket.on("message", (datagram, from) => {
		const answer = answerTo(datagram, records, (question) => {
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
		announce(domain, port) {
			if (records.size >= MAX_NAMES) throw new Error(`a test's name server knows ${MAX_NAMES} names at most`);
			const name = domain.toLowerCase();
			const service = `_xmpp-server._tcp.${name}`;
			records.set(name, { type: "A", name, ttl: TTL_S, data: "127.0.0.1" });
			records.set(service, { type: "SRV", name: service, ttl: TTL_S, data: { port, target: name } });
		},
		asked: () => [...asked],
		stop,
		[Symbol.asyncDispose]: stop,
	};
}

/** The answer to one datagram, or `undefined` if it asks nothing that can be understood. Never throws. */
function answerTo(
	datagram: Buffer,
	records: ReadonlyMap<string, Answer>,
	onQuestion: (question: Question) => void,
): Buffer | undefined {
	try {
		const query = decode(datagram);
		const [question] = query.questions ?? [];
		if (query.flag_qr || question === undefined || query.questions?.length !== 1) return undefined;
		onQuestion(question);
		return encode(response(query, question, records));
	} catch {
		return undefined;
	}
}

function response(query: Packet, question: Question, records: ReadonlyMap<string, Answer>): Packet {
	const record = records.get(question.name.toLowerCase());
	return {
		type: "response",
		id: query.id,
		flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | (record === undefined ? NXDOMAIN : 0),
		questions: [question],
		// Under the name as it was spelled in the question.
		answers: record !== undefined && record.type === question.type ? [{ ...record, name: question.name }] : [],
	};
}

function reply(socket: Socket, answer: Buffer, { port, address }: RemoteInfo): void {
	try {
		socket.send(answer, port, address, () => {});
	} catch {
		// It was closed, or the sender has given a port that is none.
	}
}
