// How many stanzas the server routes in one second of its own processor time: `node bench/route.mjs [stanzas] [senders]`.
// Senders and the receiver are plain sockets in a process of their own, so that only routing is counted.
import { fork } from "node:child_process";
import { connect } from "node:net";
import { startServer } from "../bundle/index.js";

/** In one stanza as it arrives: from, to, </call>, </iq>. */
const SLASHES = 4;
const stanzas = Number(process.argv[2] ?? 200_000);
const senders = Number(process.argv[3] ?? 4);
const users = Object.fromEntries(Array.from({ length: senders + 1 }, (_, i) => [`u${i}`, "pw"]));

if (process.env.ROUTE_PORT === undefined) {
	const server = await startServer({ port: 0, componentPort: 0, users, limits: { maxQueuedBytes: 2 ** 30 } });
	const child = fork(process.argv[1], process.argv.slice(2), {
		env: { ...process.env, ROUTE_PORT: String(server.port) },
	});
	const message = () => new Promise((resolve) => child.once("message", resolve));
	await message();
	const before = server.stats().routed;
	const cpu = process.cpuUsage();
	const start = performance.now();
	child.send("go");
	await message();
	const wallMs = performance.now() - start;
	const used = process.cpuUsage(cpu);
	const cpuMs = (used.user + used.system) / 1000;
	const routed = server.stats().routed - before;
	console.log({ routed, wallMs, cpuMs, perSecond: (routed / wallMs) * 1000, perCpuSecond: (routed / cpuMs) * 1000 });
	const exited = new Promise((resolve) => child.once("exit", resolve));
	child.kill();
	await server.close();
	await exited;
} else {
	const login = async (user) => {
		const socket = connect({ port: Number(process.env.ROUTE_PORT), host: "127.0.0.1" });
		let text = "";
		socket.on("data", (chunk) => (text += chunk));
		const until = async (mark) => {
			while (!text.includes(mark)) await new Promise((resolve) => socket.once("data", resolve));
			text = "";
		};
		const open =
			"<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
		socket.write(open);
		await until("</stream:features>");
		const plain = Buffer.from(`\0${user}\0pw`).toString("base64");
		socket.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`);
		await until("<success");
		socket.write(open);
		await until("</stream:features>");
		socket.write(
			"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>",
		);
		await until("</iq>");
		socket.removeAllListeners("data");
		return socket;
	};
	const receiver = await login("u0");
	const sockets = await Promise.all(Array.from({ length: senders }, (_, i) => login(`u${i + 1}`)));
	// The mark may be cut by a chunk's edge: '/' stands nowhere in a stanza but in its end tags and one address.
	let slashes = 0;
	receiver.on("data", (chunk) => {
		for (let at = chunk.indexOf(47); at >= 0; at = chunk.indexOf(47, at + 1)) slashes++;
		if (slashes >= Math.floor(stanzas / senders) * senders * SLASHES) process.send("done");
	});
	const body = "x".repeat(64);
	const stanza = (i) =>
		`<iq type='get' id='id-${i}' to='u0@localhost/r'><call xmlns='urn:antiphon:rpc:1' fn='dictionary.define' v='1.0.0' ttl='500' enc='msgpack'>${body}</call></iq>`;
	process.send("ready");
	process.once("message", () => {
		for (const [n, socket] of sockets.entries()) {
			let sent = 0;
			const own = Math.floor(stanzas / senders);
			const batch = () => {
				let text = "";
				for (let i = 0; i < 100 && sent < own; i++, sent++) text += stanza(n * own + sent);
				if (text !== "") socket.write(text, () => setImmediate(batch));
			};
			batch();
		}
	});
}
