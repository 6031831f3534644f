// NATS JetStream as one would use it for the same: a message is published and its acknowledgement waited for. Of the protocol
// of NATS clients, which is lines of text, there is as much here as that takes.
import { once } from "node:events";
import { connect } from "node:net";
import { freePort, startChild } from "#kit";

const START_LIMIT_MS = 15_000;
const INBOX = "_INBOX.bench";

/** Starts a server with a stream on disk in this folder, and a client. */
export async function startJetStream(folder) {
	const port = await freePort();
	const args = ["--jetstream", "--store_dir", folder, "--addr", "127.0.0.1", "--port", `${port}`];
	const server = startChild({ command: "nats-server", args });
	try {
		await server.waitUntil(
			"nats-server to be ready",
			() => server.output().includes("Server is ready"),
			START_LIMIT_MS,
		);
		const client = await join(port);
		const stream = { name: "BENCH", subjects: ["bench"], storage: "file" };
		await client.ask("$JS.API.STREAM.CREATE.BENCH", JSON.stringify(stream));
		return {
			version: server.output().match(/Version:\s+(\S+)/)?.[1] ?? "unknown",
			/** Resolves when the server has acknowledged it. */
			publish: (text) => client.ask("bench", text),
			async close() {
				client.close();
				await server.end();
			},
		};
	} catch (error) {
		await server.end();
		throw error;
	}
}

async function join(port) {
	const socket = connect({ host: "127.0.0.1", port });
	await once(socket, "connect");
	socket.setNoDelay(true);
	const asked = new Map();
	let last = 0;
	let ended;
	const fail = (why) => {
		ended ??= new Error(`NATS: ${why}`);
		for (const { reject } of asked.values()) reject(ended);
		asked.clear();
	};
	socket.on("error", ({ message }) => fail(message));
	socket.on("close", () => fail("the connection is closed"));
	const onMessage = (subject, text) => {
		const id = subject.slice(INBOX.length + 1);
		const { error } = JSON.parse(text);
		if (error === undefined) asked.get(id)?.resolve();
		else asked.get(id)?.reject(new Error(`NATS: ${error.description}`));
		asked.delete(id);
	};
	const onLine = (line) => {
		if (line === "PING") socket.write("PONG\r\n");
		else if (line.startsWith("-ERR")) fail(line);
	};
	socket.on("data", reader(onLine, onMessage));
	socket.write(`CONNECT {"verbose":false,"pedantic":false,"lang":"js","version":"0"}\r\nSUB ${INBOX}.* 1\r\n`);
	let waiting = "";
	return {
		/** What is asked in one turn is written together. @param text ASCII */
		ask: (subject, text) =>
			new Promise((resolve, reject) => {
				if (ended !== undefined) throw ended;
				const id = `${++last}`;
				asked.set(id, { resolve, reject });
				if (waiting === "") {
					setImmediate(() => {
						socket.write(waiting);
						waiting = "";
					});
				}
				waiting += `PUB ${subject} ${INBOX}.${id} ${text.length}\r\n${text}\r\n`;
			}),
		close: () => socket.destroy(),
	};
}

/** Takes chunks apart into lines, and messages: `MSG <subject> <sid> [reply-to] <bytes>`, and so many bytes. */
function reader(onLine, onMessage) {
	let text = "";
	return (chunk) => {
		text += chunk.toString("latin1");
		let from = 0;
		for (;;) {
			const end = text.indexOf("\r\n", from);
			if (end < 0) break;
			const line = text.slice(from, end);
			const words = line.split(" ");
			const isMessage = words[0] === "MSG";
			const after = end + 2 + (isMessage ? Number(words.at(-1)) + 2 : 0);
			if (text.length < after) break;
			if (isMessage) onMessage(words[1], text.slice(end + 2, after - 2));
			else onLine(line);
			from = after;
		}
		text = text.slice(from);
	};
}
