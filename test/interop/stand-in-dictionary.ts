import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { type Element, StreamParser, serialize, streamHeader, xml } from "@antiphon/xml";
import type { XmppServer } from "#kit";

/** A provider of `dictionary.define` on a component domain of the server. */
export type StartDictionary = (server: XmppServer, domain: string) => Promise<AsyncDisposable>;

const CLIENT = "jabber:client";
const COMPONENT = "jabber:component:accept";
const RPC = "urn:antiphon:rpc:1";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";
const PING = "urn:xmpp:ping";
const HANDSHAKE_LIMIT_MS = 10_000;

/**
 * A dictionary made by hand from the wire's specification, with nothing of Antiphon but its XML parser. It shows that
 * the clients' scripts and the servers do their part, whatever becomes of the product's own component link.
 */
export const startStandInDictionary: StartDictionary = async (server, domain) => {
	const socket = connect({ port: server.componentPort, host: server.host });
	const send = (element: Element) => socket.write(serialize(element, CLIENT));
	const ready = new Promise<void>((resolve, reject) => {
		socket.once("error", reject);
		socket.once("close", () => reject(new Error("the server closed the component's stream")));
		socket.setTimeout(HANDSHAKE_LIMIT_MS, () => reject(new Error("the component's handshake was not answered")));
		const parser = new StreamParser(
			{
				onStart(header) {
					const digest = createHash("sha1")
						.update(`${header.attr("id")}${server.components[domain]}`)
						.digest("hex");
					socket.write(`<handshake>${digest}</handshake>`);
				},
				onElement(element) {
					if (element.name === "handshake") {
						socket.setTimeout(0);
						resolve();
					} else if (element.is("iq", CLIENT)) answer(element, domain, send);
				},
				onEnd: () => socket.destroy(),
				onError: (error) => socket.destroy(error),
			},
			{ contentNs: { from: COMPONENT, to: CLIENT } },
		);
		socket.on("data", (chunk) => parser.write(chunk));
	});
	socket.write(streamHeader(COMPONENT, { to: domain }));
	try {
		await ready;
	} catch (error) {
		socket.destroy();
		throw error;
	}
	return {
		async [Symbol.asyncDispose]() {
			if (socket.destroyed) return;
			socket.destroy();
			await once(socket, "close");
		},
	};
};

function answer(iq: Element, domain: string, send: (element: Element) => void): void {
	const [request] = iq.elements();
	const type = iq.attr("type");
	if (request === undefined || (type !== "get" && type !== "set")) return;
	const reply = (kind: "result" | "error", child?: Element) => {
		send(xml("iq", CLIENT, { type: kind, id: iq.attr("id"), from: iq.attr("to"), to: iq.attr("from") }, child));
	};
	const to = iq.attr("to") ?? "";
	if (request.is("ping", PING)) reply("result");
	else if (request.is("query", INFO)) reply("result", info(to === domain));
	else if (request.is("query", ITEMS)) reply("result", items(to, domain));
	else if (request.is("call", RPC) && to.startsWith(`dictionary.define@${domain}`)) define(request, reply);
	else reply("error", stanzaError("service-unavailable", "cancel"));
}

function info(isDomain: boolean): Element {
	const identity = isDomain ? { category: "component", type: "generic" } : { category: "automation", type: "rpc" };
	const features = [INFO, ITEMS, PING, ...(isDomain ? [] : [RPC])].map((name) => xml("feature", INFO, { var: name }));
	return xml("query", INFO, {}, xml("identity", INFO, { ...identity, name: "Dictionary" }), ...features);
}

function items(to: string, domain: string): Element {
	const below: Record<string, string> = {
		[domain]: `dictionary@${domain}`,
		[`dictionary@${domain}`]: `dictionary.define@${domain}`,
	};
	const jid = below[to];
	return xml("query", ITEMS, {}, jid === undefined ? undefined : xml("item", ITEMS, { jid }));
}

function define(call: Element, reply: (kind: "result" | "error", child: Element) => void): void {
	let word: unknown;
	try {
		({ word } = JSON.parse(call.text()) as { word?: unknown });
	} catch {
		// no JSON, so no word
	}
	if (typeof word !== "string" || word === "") {
		const fault = xml("fault", RPC, { code: "invalid-argument", executed: "no" });
		reply("error", stanzaError("bad-request", "modify", "word: expected a text", fault));
	} else if (word === "xmpp") {
		reply("result", xml("reply", RPC, { enc: "json" }, JSON.stringify({ text: "Extensible <Messaging> & Presence" })));
	} else {
		const attributes = { code: "fault", name: "unknown-word", executed: "yes", enc: "json" };
		const fault = xml("fault", RPC, attributes, JSON.stringify({ near: ["xmpp"] }));
		reply("error", stanzaError("undefined-condition", "cancel", "no such word", fault));
	}
}

function stanzaError(condition: string, type: string, text?: string, application?: Element): Element {
	const words = text === undefined ? undefined : xml("text", STANZAS, {}, text);
	return xml("error", CLIENT, { type }, xml(condition, STANZAS), words, application);
}
