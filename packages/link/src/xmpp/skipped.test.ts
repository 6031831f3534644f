import { decodeFault, decodeStanzaError, iq, message, NS, resultOf } from "@antiphon/protocol";
import { serialize, xml } from "@antiphon/xml";
import { afterEach, describe, expect, it } from "vitest";
import type { Link } from "../link.js";
import { type FakePeer, type FakeServer, fakeServer } from "../testing/fake-server.js";
import { clientTo, componentTo } from "../testing/links.js";
import { opened } from "../testing/recorder.js";
import { insteadOf } from "./skipped-stanza.js";

const links: Link[] = [];
afterEach(() => {
	for (const link of links.splice(0)) link.destroy();
});

const KINDS = {
	client: {
		to: "user@example.org/bound",
		link: (server: FakeServer): Link => clientTo(server),
		online: (peer: FakePeer, behind?: string) => peer.online(behind === undefined ? {} : { behind }),
	},
	component: {
		to: "f@fn.example.org",
		link: (server: FakeServer): Link => componentTo(server),
		online: (peer: FakePeer, behind?: string) => peer.handshake(behind),
	},
};

const DEEP = "<x>".repeat(100) + "</x>".repeat(100);
const WIDE = `<x${Array.from({ length: 100 }, (_, i) => ` a${i}=''`).join("")}/>`;
const MANY = "<x/>".repeat(5_000);
const LARGE = `<body>${"x".repeat(600_000)}</body>`;

describe.each(["client", "component"] as const)("What a stranger makes the server pass on to a %s link", (kind) => {
	const { to, link, online } = KINDS[kind];
	const join = async (server: FakeServer) => {
		const one = link(server);
		links.push(one);
		return opened(one);
	};

	it("is skipped when it is over a limit, and the stream goes on", async () => {
		await using server = await fakeServer((peer) => online(peer));
		const recorder = await join(server);
		const peer = await server.ready(1);
		for (const content of [DEEP, WIDE, MANY, LARGE, `<${"x".repeat(300)}/>`]) {
			peer.send(`<message from='m@x.org' to='${to}'>${content}</message>`);
		}
		peer.send(`<message${WIDE.slice(2, -2)}/>`);
		peer.send(`<message id='next' from='m@x.org' to='${to}'/>`);
		await recorder.stanza("next");
		expect(recorder.stanzas).toHaveLength(1);
		expect(recorder.skipped.map(({ limit }) => limit)).toEqual([
			"maxDepth",
			"maxAttributes",
			"maxChildren",
			"maxStanzaBytes",
			"maxNameBytes",
			"maxAttributes",
		]);
		expect(recorder.skipped[0]?.head?.attr("from")).toBe("m@x.org");
		expect(recorder.skipped[5]?.head).toBeUndefined();
		expect(recorder.states.map(({ state }) => state)).toEqual(["connecting", "online"]);
		expect(server.connections).toBe(1);
	});

	it("is skipped too when it comes in together with the end of the login", async () => {
		const behind = `<iq type='get' id='q' from='m@x.org' to='${to}'>${DEEP}</iq><message id='m'/>`;
		await using server = await fakeServer((peer) => online(peer, behind));
		const recorder = await join(server);
		await recorder.stanza("m");
		expect(recorder.skipped).toHaveLength(1);
		const answer = await (await server.ready(1)).element();
		expect([answer.attr("type"), answer.attr("id"), answer.attr("to")]).toEqual(["error", "q", "m@x.org"]);
		expect(server.connections).toBe(1);
	});

	it("is answered with policy-violation and no echo when it is a request", async () => {
		await using server = await fakeServer((peer) => online(peer));
		await join(server);
		const peer = await server.ready(1);
		for (const type of ["get", "set"]) {
			peer.send(`<iq type='${type}' id='q' from='m@x.org/r' to='${to}'><query>${LARGE}</query></iq>`);
			const answer = await peer.element();
			expect(answer.attributes).toEqual(["type", "error", "id", "q", "to", "m@x.org/r", "from", to]);
			expect(answer.elements().map(({ name }) => name)).toEqual(["error"]);
			expect(decodeStanzaError(answer)).toMatchObject({ condition: "policy-violation", type: "modify" });
			expect(decodeFault(decodeStanzaError(answer))).toMatchObject({ code: "too-large", executed: "no" });
		}
	});

	it("is not answered while much waits to be sent: that is no room for strangers", async () => {
		await using server = await fakeServer((peer) => online(peer));
		const recorder = await join(server);
		const peer = await server.ready(1);
		const [own] = links.slice(-1) as [Link];
		peer.socket.pause();
		while (own.backlog <= 0.6) own.send(message({ to: "m@x.org" }, xml("body", NS.client, {}, "x".repeat(60_000))));
		peer.send(`<iq type='get' id='q' from='m@x.org/r' to='${to}'>${DEEP}</iq><message id='m'/>`);
		await recorder.stanza("m");
		expect(recorder.skipped).toHaveLength(1);
		own.send(message({ to: "m@x.org", id: "last" }));
		peer.socket.resume();
		for (let element = await peer.element(); element.attr("id") !== "last"; element = await peer.element()) {
			expect(element.attr("type")).not.toBe("error");
			// What is written waits for the answers to the link's own pings.
			if (element.name === "iq") peer.send(serialize(resultOf(element), NS.client));
		}
	});

	it("is handed on as an error when it is an answer", async () => {
		await using server = await fakeServer((peer) => online(peer));
		const recorder = await join(server);
		const peer = await server.ready(1);
		for (const [type, executed] of [
			["result", "yes"],
			["error", "unknown"],
		]) {
			peer.send(`<iq type='${type}' id='${type}-1' from='m@x.org/r' to='${to}'>${DEEP}</iq>`);
			const stanza = await recorder.stanza(`${type}-1`);
			expect([stanza.name, stanza.attr("type"), stanza.attr("from")]).toEqual(["iq", "error", "m@x.org/r"]);
			expect(decodeFault(decodeStanzaError(stanza))).toMatchObject({ code: "too-large", executed });
		}
	});

	it("ends the stream where it goes on and on, and the link reconnects", async () => {
		await using server = await fakeServer((peer) => online(peer));
		const recorder = await join(server);
		const peer = await server.ready(1);
		peer.send("<message>");
		for (let i = 0; i < 17; i++) peer.send(Buffer.alloc(1 << 20, 0x78));
		const { cause } = await recorder.state("waiting");
		expect(cause.message).toContain("policy-violation");
		await recorder.state("online", 2);
	});
});

describe("In place of a skipped stanza", () => {
	const head = (type: string | undefined, more = {}) => xml("iq", NS.client, { type, id: "1", from: "a@b", ...more });
	const instead = (of: ReturnType<typeof xml> | undefined) => insteadOf({ head: of, limit: "maxDepth", bytes: 1 });

	it("there is nothing, unless it is an iq that can be answered or matched", () => {
		for (const of of [
			undefined,
			xml("message", NS.client, { type: "get", id: "1", from: "a@b" }),
			xml("iq", "urn:other", { type: "get", id: "1", from: "a@b" }),
			head(undefined),
			head("huh"),
			head("get", { id: undefined }),
			head("get", { from: undefined }),
			head("result", { id: undefined }),
		]) {
			expect(instead(of)).toEqual({});
		}
	});

	it("there is the error of our own, without a from where there was none", () => {
		expect(instead(head("result", { from: undefined })).stanza?.attributes).toEqual(
			iq("error", { id: "1" }).attributes,
		);
	});
});
