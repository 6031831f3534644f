import { memoryBus } from "@antiphon/link";
import { capabilityHash, decodeDiscoInfo, decodeDiscoItems, decodeStanzaError, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { beforeEach, describe, expect, it, vi } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { SOFTWARE } from "./host/software.js";
import { describe as describeService, fetchContract } from "./index.js";
import { DOMAIN, echoing, failureOf, join, probe, rawLink, type World, world } from "./testing/bus.js";

const SERVICE = `probe@${DOMAIN}`;
const FUNCTION = `probe.echo@${DOMAIN}`;
const QUERIES = {
	ping: xml("ping", NS.ping),
	version: xml("query", NS.version),
	time: xml("time", NS.time),
	last: xml("query", NS.lastActivity),
	info: xml("query", NS.discoInfo),
	items: xml("query", NS.discoItems),
	contract: xml("contract", NS.contract),
};

let raw: Awaited<ReturnType<typeof rawLink>>;
let it_: World;
beforeEach(async () => {
	it_ = await world();
	raw = await rawLink(it_.bus, "raw@example.org/x");
});

const answerTo = async (to: string, query: Element): Promise<Element | undefined> => {
	const answer = await raw.ask("get", to, query);
	expect(answer.attr("type")).toBe("result");
	expect(answer.attr("from")).toBe(to);
	return answer.child();
};

describe("a node that owns a domain", () => {
	it.each([DOMAIN, `${DOMAIN}/anything`, SERVICE, FUNCTION, `${FUNCTION}/one`])("answers at %s", async (to) => {
		expect(await answerTo(to, QUERIES.ping)).toBeUndefined();
		const version = await answerTo(to, QUERIES.version);
		expect(version?.child("version")?.text()).toBe(to.startsWith(DOMAIN) ? SOFTWARE.version : "1.2.0");
		const time = await answerTo(to, QUERIES.time);
		expect(time?.child("tzo")?.text()).toBe("+00:00");
		expect(time?.child("utc")?.text()).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
		const info = decodeDiscoInfo((await answerTo(to, QUERIES.info)) as Element);
		expect(info.identities.length).toBe(1);
		expect(info.features).toEqual(
			expect.arrayContaining([NS.discoInfo, NS.discoItems, NS.ping, NS.rpc, NS.time, NS.version]),
		);
		expect(info.features.includes(NS.contract)).toBe(!to.startsWith(DOMAIN));
	});

	it.each([`nothing@${DOMAIN}`, `probe.nothing@${DOMAIN}`, `${FUNCTION}/two`])("has nothing at %s", async (to) => {
		for (const query of Object.values(QUERIES)) {
			const answer = await raw.ask("get", to, query);
			expect(decodeStanzaError(answer)).toMatchObject({ condition: "item-not-found", type: "cancel" });
			expect(answer.child("error", NS.client)?.child("fault", NS.rpc)).toBeUndefined();
		}
	});

	it("can be browsed from the domain to its services and their functions", async () => {
		const items = async (to: string) => decodeDiscoItems((await answerTo(to, QUERIES.items)) as Element);
		expect(await items(DOMAIN)).toEqual([{ jid: SERVICE, node: undefined, name: "probe 1.2.0" }]);
		expect(await items(SERVICE)).toEqual([
			{ jid: FUNCTION, node: undefined, name: "Gives back what it got" },
			{ jid: `probe.learn@${DOMAIN}`, node: undefined, name: "probe.learn" },
		]);
		expect(await items(FUNCTION)).toEqual([]);
	});

	it("shows contracts as forms, and gives them whole", async () => {
		const description = describeService(probe);
		const info = decodeDiscoInfo((await answerTo(FUNCTION, QUERIES.info)) as Element);
		expect(info.identities).toEqual([
			{ category: "automation", type: "rpc", name: "Gives back what it got", lang: "en" },
		]);
		expect(info.forms[0]).toMatchObject({
			formType: NS.contract,
			fields: { function: ["echo"], kind: ["get"], fingerprint: [description.fingerprint] },
		});
		for (const to of [SERVICE, FUNCTION]) expect(await fetchContract(it_.caller, to)).toEqual(description);
		expect(await fetchContract(it_.caller, DOMAIN, { service: "probe" })).toEqual(description);
		expect(await failureOf(fetchContract(it_.caller, DOMAIN))).toMatchObject({ code: "invalid-argument" });
		expect(await failureOf(fetchContract(it_.caller, DOMAIN, { service: "none" }))).toMatchObject({
			code: "not-found",
		});
	});

	it("makes the answer with a contract once", async () => {
		const stringify = vi.spyOn(JSON, "stringify");
		for (let n = 0; n < 3; n++) expect((await answerTo(SERVICE, QUERIES.contract))?.text()).toContain('"learn"');
		expect(stringify.mock.results.filter(({ value }) => String(value).includes('"learn"')).length).toBe(1);
		stringify.mockRestore();
	});

	it("mirrors the disco node, and knows none at an address of its own", async () => {
		const asked = QUERIES.info.with({ node: "probe.echo" });
		expect((await answerTo(DOMAIN, asked))?.attr("node")).toBe("probe.echo");
		expect(decodeStanzaError(await raw.ask("get", FUNCTION, asked)).condition).toBe("item-not-found");
		const unknown = QUERIES.items.with({ node: "__proto__" });
		expect(decodeStanzaError(await raw.ask("get", DOMAIN, unknown)).condition).toBe("item-not-found");
	});

	it("answers to the capability hash with what has that hash, and to no other (XEP-0115)", async () => {
		for (const to of [DOMAIN, SERVICE, FUNCTION, `${FUNCTION}/one`]) {
			const info = (await answerTo(to, QUERIES.info)) as Element;
			const node = `urn:antiphon#${capabilityHash(info)}`;
			expect(await answerTo(to, QUERIES.info.with({ node }))).toEqual(info.with({ node }));
			const other = await raw.ask("get", to, QUERIES.info.with({ node: "urn:antiphon#AAAA" }));
			expect(decodeStanzaError(other).condition).toBe("item-not-found");
		}
	});

	it("tells how long it is up and how long it has been idle (XEP-0012)", async () => {
		const seconds = async (to: string) => Number((await answerTo(to, QUERIES.last))?.attr("seconds"));
		const clock = vi.spyOn(performance, "now");
		const later = (ms: number) => clock.mockReturnValue(nowMs + ms);
		const nowMs = performance.now();
		later(5_100);
		for (const to of [DOMAIN, `${SERVICE}/one`]) expect(await seconds(to)).toBe(5);
		for (const to of [SERVICE, FUNCTION]) expect(await seconds(to)).toBe(0);
		await it_.caller.client(probe, { to: SERVICE }).learn({ word: "x" });
		later(8_300);
		expect(await seconds(DOMAIN)).toBe(8);
		expect(await seconds(`${FUNCTION}/one`)).toBe(3);
		clock.mockRestore();
	});

	it("says when an answer is too large, in an error without a fault", async () => {
		const bus = memoryBus({ maxStanzaBytes: 600 });
		const small = await join(bus, DOMAIN);
		await small.serve(probe, echoing);
		const asking = await rawLink(bus, "raw@example.org/x");
		const answer = await asking.ask("get", SERVICE, QUERIES.contract);
		expect(decodeStanzaError(answer)).toMatchObject({ condition: "policy-violation", type: "modify" });
		expect(answer.child("error", NS.client)?.child("fault", NS.rpc)).toBeUndefined();
	});
});

describe("a node at an address of its own", () => {
	it("shows its services and functions as disco nodes", async () => {
		const worker = await join(it_.bus, "worker@example.org/x");
		await worker.serve(probe, echoing);
		const info = decodeDiscoInfo((await answerTo(worker.jid, QUERIES.info)) as Element);
		expect(info.identities).toEqual([{ category: "client", type: "bot", name: SOFTWARE.name, lang: "en" }]);
		const items = async (node?: string) =>
			decodeDiscoItems((await answerTo(worker.jid, QUERIES.items.with({ node }))) as Element);
		expect(await items()).toEqual([{ jid: worker.jid, node: "probe", name: "probe 1.2.0" }]);
		expect((await items("probe")).map((item) => item.node)).toEqual(["probe.echo", "probe.learn"]);
		expect(await items("probe.echo")).toEqual([]);
		const form = decodeDiscoInfo((await answerTo(worker.jid, QUERIES.info.with({ node: "probe.learn" }))) as Element);
		expect(form.forms[0]?.fields["kind"]).toEqual(["set"]);
	});
});

describe("what a node tells of itself", () => {
	it("has its capability hash in the presence that a domain gets", async () => {
		const domain = await rawLink(it_.bus, "other.example.org");
		const worker = await join(it_.bus, "worker@example.org/x");
		const serving = worker.serve(probe, echoing, { domain: "other.example.org" }).catch(() => {});
		await expect.poll(() => domain.stanzas.map(({ name }) => name)).toContain("presence");
		const c = domain.stanzas.find(({ name }) => name === "presence")?.child("c", NS.caps);
		const info = (await answerTo(worker.jid, QUERIES.info)) as Element;
		expect([c?.attr("node"), c?.attr("ver")]).toEqual(["urn:antiphon", capabilityHash(info)]);
		await worker.close();
		await serving;
	});

	it("is the name and version of this package, or what it was told to say", async () => {
		expect(SOFTWARE.version).toBe(manifest.version);
		const node = await join(it_.bus, "other@example.org/x", { software: { name: "Mine", version: "9" } });
		const version = await answerTo(node.jid, QUERIES.version);
		expect(version?.child("name")?.text()).toBe("Mine");
		expect(version?.child("version")?.text()).toBe("9");
	});
});
