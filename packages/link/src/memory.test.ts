import { type BusError, decodeStanzaError, iq, message, NS, presence } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Link, LinkState } from "./link.js";
import { type MemoryBus, memoryBus } from "./memory.js";

const links: Link[] = [];
afterEach(() => {
	for (const link of links.splice(0)) link.destroy();
});

interface Member {
	readonly link: Link;
	readonly jid: string;
	readonly stanzas: Element[];
	readonly states: LinkState["state"][];
}

async function join(bus: MemoryBus, jid: string, onStanza?: (stanza: Element) => void): Promise<Member> {
	const link = bus.link(jid);
	links.push(link);
	const stanzas: Element[] = [];
	const states: LinkState["state"][] = [];
	await link.open(
		{
			onStanza: (stanza) => {
				stanzas.push(stanza);
				onStanza?.(stanza);
			},
			onState: ({ state }) => states.push(state),
		},
		{ timeoutMs: 1_000 },
	);
	const { state } = link;
	if (state.state !== "online") throw new Error("not online");
	return { link, jid: state.jid.toString(), stanzas, states };
}

const delivered = () => new Promise((resolve) => setImmediate(resolve));
const thrown = (run: () => void): BusError => {
	try {
		run();
	} catch (error) {
		return error as BusError;
	}
	throw new Error("nothing was thrown");
};
const ping = (to: string | undefined, from?: string) => iq("get", { to, from, id: "1" }, xml("ping", NS.ping));

describe("memoryBus", () => {
	it("delivers to a full JID, and to every address in a domain that a link owns", async () => {
		const bus = memoryBus();
		const a = await join(bus, "a@example.org/x");
		const b = await join(bus, "b@example.org/y");
		const fn = await join(bus, "fn.example.org");
		a.link.send(ping(b.jid));
		a.link.send(ping("fn.example.org"));
		a.link.send(ping("dictionary.define@fn.example.org"));
		a.link.send(ping("Dictionary.Define@FN.example.org/worker-7"));
		await delivered();
		expect(b.stanzas.map((stanza) => stanza.attr("to"))).toEqual([b.jid]);
		expect(fn.stanzas.length).toBe(3);
		expect(a.stanzas).toEqual([]);
		expect(fn.link.ownedDomain).toBe("fn.example.org");
		expect(a.link.ownedDomain).toBeUndefined();
	});

	it("gives a client without resource one of its own", async () => {
		const bus = memoryBus();
		const [a, b] = [await join(bus, "a@example.org"), await join(bus, "a@example.org")];
		expect(a.jid).toMatch(/^a@example\.org\/[A-Za-z0-9_-]{22}$/);
		expect(a.jid).not.toBe(b.jid);
	});

	it("stamps from, so that a client cannot pass for somebody else", async () => {
		const bus = memoryBus();
		const mallory = await join(bus, "mallory@example.org/x");
		const b = await join(bus, "b@example.org/y");
		for (const from of ["alice@example.org/x", "mallory@example.org/z", "fn.example.org", "@", undefined]) {
			mallory.link.send(ping(b.jid, from));
		}
		await delivered();
		expect(b.stanzas.length).toBe(5);
		for (const stanza of b.stanzas) expect(stanza.attr("from")).toBe(mallory.jid);
	});

	it("lets the owner of a domain send from any address in it, and from no other", async () => {
		const bus = memoryBus();
		const fn = await join(bus, "fn.example.org");
		const b = await join(bus, "b@example.org/y");
		for (const from of ["dictionary@fn.example.org", "fn.example.org/x", "dictionary@example.org", undefined]) {
			fn.link.send(ping(b.jid, from));
		}
		await delivered();
		expect(b.stanzas.map((stanza) => stanza.attr("from"))).toEqual([
			"dictionary@fn.example.org",
			"fn.example.org/x",
			"fn.example.org",
			"fn.example.org",
		]);
	});

	it("answers a request to nobody with service-unavailable, as a server does", async () => {
		const bus = memoryBus();
		const a = await join(bus, "a@example.org/x");
		a.link.send(ping("nobody@example.org/y"));
		a.link.send(message({ to: "nobody@example.org", id: "2" }, xml("body", NS.client, {}, "hello")));
		a.link.send(ping("@"));
		a.link.send(ping(undefined));
		await delivered();
		const errors = a.stanzas.map((stanza) => [stanza.name, stanza.attr("type"), decodeStanzaError(stanza).condition]);
		expect(errors).toEqual([
			["iq", "error", "service-unavailable"],
			["message", "error", "service-unavailable"],
			["iq", "error", "jid-malformed"],
			["iq", "error", "jid-malformed"],
		]);
		expect(a.stanzas[0]?.attr("from")).toBe("nobody@example.org/y");
		expect(a.stanzas[0]?.attr("id")).toBe("1");
	});

	it("answers no answer, no error and no presence", async () => {
		const bus = memoryBus();
		const a = await join(bus, "a@example.org/x");
		const to = "nobody@example.org/y";
		a.link.send(iq("result", { to, id: "1" }));
		a.link.send(iq("error", { to, id: "1" }));
		a.link.send(message({ to, type: "error" }));
		a.link.send(presence({ to }));
		await delivered();
		expect(a.stanzas).toEqual([]);
	});

	it("refuses an address that is taken, or lies in somebody's domain", async () => {
		const bus = memoryBus();
		await join(bus, "a@example.org/x");
		await join(bus, "fn.example.org");
		for (const jid of ["A@example.org/x", "fn.example.org", "worker@fn.example.org/x"]) {
			await expect(join(bus, jid)).rejects.toMatchObject({ code: "conflict" });
		}
		await expect(join(memoryBus(), "fn.example.org")).resolves.toBeDefined();
	});

	it.each(["", "@", "a@", "a b@c", "fn.example.org/x"])("refuses the address %j", (jid) => {
		expect(thrown(() => memoryBus().link(jid))).toMatchObject({ code: "invalid-argument", executed: "no" });
	});

	it("gives a free domain to the first link that claims it", async () => {
		const bus = memoryBus();
		const [a, b] = [await join(bus, "a@example.org/x"), await join(bus, "b@example.org/x")];
		expect(a.link.claim?.("FN.example.org")).toBe(true);
		expect(a.link.claim?.("fn.example.org")).toBe(true);
		expect(a.link.claim?.("other.example.org")).toBe(false);
		expect(b.link.claim?.("fn.example.org")).toBe(false);
		b.link.send(ping("dictionary@fn.example.org"));
		b.link.send(ping(a.jid));
		await delivered();
		expect(a.stanzas.length).toBe(2);
		a.link.destroy();
		expect(b.link.claim?.("fn.example.org")).toBe(true);
	});

	it("does not give a domain in which others have addresses, which its owner could forge", async () => {
		const bus = memoryBus();
		const mallory = await join(bus, "mallory@example.org/x");
		await join(bus, "alice@example.org/x");
		expect(mallory.link.claim?.("example.org")).toBe(false);
	});

	it("gives no domain to a link that is not online", () => {
		const link = memoryBus().link("a@example.org/x");
		expect(link.claim?.("fn.example.org")).toBe(false);
	});

	it("refuses a stanza above the size limit, counted in bytes of UTF-8", async () => {
		const bus = memoryBus({ maxStanzaBytes: 1_000 });
		const a = await join(bus, "a@example.org/x");
		const fn = await join(bus, "fn.example.org");
		const of = (text: string) => message({ to: "fn.example.org" }, xml("body", NS.client, {}, text));
		expect(a.link.maxStanzaBytes).toBe(1_000);
		a.link.send(of("é".repeat(400)));
		expect(thrown(() => a.link.send(of("é".repeat(500))))).toMatchObject({ code: "too-large", executed: "no" });
		await delivered();
		expect(fn.stanzas.length).toBe(1);
	});

	it("refuses what XML cannot carry, and what is no stanza", async () => {
		const a = await join(memoryBus(), "a@example.org/x");
		const bad = message({ to: a.jid }, xml("body", NS.client, {}, "nul \0"));
		expect(thrown(() => a.link.send(bad))).toMatchObject({ code: "invalid-argument" });
		let deep = xml("a", "urn:x");
		for (let n = 0; n < 50; n++) deep = xml("a", "urn:x", {}, deep);
		expect(thrown(() => a.link.send(message({ to: a.jid }, deep)))).toMatchObject({ code: "invalid-argument" });
		expect(thrown(() => a.link.send(xml("ping", NS.ping)))).toMatchObject({ code: "invalid-argument" });
	});

	it("carries hostile strings in id, address and text intact", async () => {
		const bus = memoryBus();
		const fn = await join(bus, "fn.example.org");
		const to = `dictionary@fn.example.org/'"<>&]]> \u{1F600}`;
		const hostile = `'"<>&]]>\n\t\r\n<!-- &amp; &#0; \u{1F600} __proto__ `;
		fn.link.send(iq("set", { to, id: hostile, from: to }, xml("a", "urn:x'\"<>&", { b: hostile }, hostile)));
		await delivered();
		const [arrived] = fn.stanzas;
		expect(arrived?.attr("id")).toBe(hostile);
		expect(arrived?.attr("to")).toBe(to);
		expect(arrived?.attr("from")).toBe(to);
		expect(arrived?.child("a", "urn:x'\"<>&")?.attr("b")).toBe(hostile);
		expect(arrived?.child()?.text()).toBe(hostile);
	});

	it("keeps the order of each sender, also of what is sent while it delivers", async () => {
		const bus = memoryBus();
		const a = await join(bus, "a@example.org/x");
		const b = await join(bus, "b@example.org/x", (stanza) => {
			const n = Number(stanza.attr("id"));
			if (n < 100) a.link.send(iq("result", { to: "b@example.org/x", id: String(n + 100) }));
		});
		for (let n = 0; n < 100; n++) a.link.send(iq("result", { to: b.jid, id: String(n) }));
		await delivered();
		await delivered();
		expect(b.stanzas.map((stanza) => Number(stanza.attr("id")))).toEqual(Array.from({ length: 200 }, (_, n) => n));
	});

	it("delivers never before send has returned", async () => {
		const bus = memoryBus();
		const a = await join(bus, "a@example.org/x");
		a.link.send(ping(a.jid));
		expect(a.stanzas).toEqual([]);
		await delivered();
		expect(a.stanzas.length).toBe(1);
	});

	it("refuses with overloaded when too much waits for a link", async () => {
		const bus = memoryBus();
		const [a, b] = [await join(bus, "a@example.org/x"), await join(bus, "b@example.org/x")];
		const stanza = iq("result", { to: b.jid, id: "1" });
		for (let n = 0; n < 65_536; n++) a.link.send(stanza);
		expect(thrown(() => a.link.send(stanza))).toMatchObject({ code: "overloaded", executed: "no", retryAfterMs: 1000 });
		await delivered();
		expect(b.stanzas.length).toBe(65_536);
		a.link.send(stanza);
	});

	it("refuses by size, too", async () => {
		const bus = memoryBus({ maxStanzaBytes: 16 * 1024 * 1024 });
		const a = await join(bus, "a@example.org/x");
		const stanza = message({ to: a.jid }, xml("body", NS.client, {}, "x".repeat(15 * 1024 * 1024)));
		for (let n = 0; n < 4; n++) a.link.send(stanza);
		expect(thrown(() => a.link.send(stanza))).toMatchObject({ code: "overloaded" });
		await delivered();
		expect(a.stanzas.length).toBe(4);
	});

	it("goes through its states, and takes nothing once it is closed", async () => {
		const bus = memoryBus();
		const [a, b] = [await join(bus, "a@example.org/x"), await join(bus, "b@example.org/x")];
		b.link.send(ping(a.jid));
		await a.link.close();
		a.link.destroy();
		await delivered();
		expect(a.states).toEqual(["connecting", "online", "closed"]);
		expect(a.stanzas).toEqual([]);
		expect(thrown(() => a.link.send(ping(b.jid)))).toMatchObject({ code: "link-lost", executed: "no" });
		b.link.send(ping(a.jid));
		await delivered();
		expect(b.stanzas.map((stanza) => decodeStanzaError(stanza).condition)).toEqual(["service-unavailable"]);
		await expect(join(bus, "a@example.org/x")).resolves.toBeDefined();
	});

	it("sends what was sent before it closed", async () => {
		const bus = memoryBus();
		const [a, b] = [await join(bus, "a@example.org/x"), await join(bus, "b@example.org/x")];
		a.link.send(ping(b.jid));
		await a.link.close();
		await delivered();
		expect(b.stanzas.length).toBe(1);
	});

	it("survives a listener that throws, and a warning tells of the first time", async () => {
		const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
		onTestFinished(() => warned.mockRestore());
		const a = await join(memoryBus(), "a@example.org/x", () => {
			throw new Error("mine");
		});
		a.link.send(ping(a.jid));
		a.link.send(iq("result", { to: a.jid, id: "2" }));
		await delivered();
		expect(a.stanzas.length).toBe(2);
		expect(warned).toHaveBeenCalledTimes(1);
		expect(warned.mock.calls[0]?.[0]).toContain("a listener of a memory link threw: Error: mine");
	});

	it("is opened once", async () => {
		const a = await join(memoryBus(), "a@example.org/x");
		const again = a.link.open({ onStanza() {}, onState() {} }, { timeoutMs: 1 });
		await expect(again).rejects.toMatchObject({ code: "invalid-argument", message: expect.stringMatching(/once/) });
		expect(a.link.state.state).toBe("online");
	});
});
