import { memoryBus } from "@antiphon/link";
import { BusError, decodeDiscoItems, decodePageEnd, decodeStanzaError, NS } from "@antiphon/protocol";
import { parseElement, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { discoItems, get, service, set } from "./index.js";
import { handleGet, type NodeModule } from "./modules.js";
import { DOMAIN, failureOf, join, rawLink } from "./testing/bus.js";

/** A domain with more than fits into one answer: 600 services, and 200 functions with long summaries in one of them. */
async function crowded() {
	const bus = memoryBus();
	const domain = await join(bus, DOMAIN);
	const names = Array.from({ length: 200 }, (_, i) => `function-${String(i).padStart(3, "0")}`);
	const functions = Object.fromEntries(names.map((name) => [name, set({ summary: "Ψ & ".repeat(40) })]));
	const handlers = Object.fromEntries(names.map((name) => [name, () => {}]));
	for (let i = 0; i < 600; i++) {
		const name = `service-${String((i * 7) % 600).padStart(3, "0")}`;
		await domain.serve(
			service(name, "1.0.0", i === 0 ? functions : { only: get({}) }),
			i === 0 ? handlers : { only: () => {} },
		);
	}
	return { bus, caller: await join(bus, "caller@example.org/x"), raw: await rawLink(bus, "raw@example.org/x") };
}

const items = (...set: Parameters<typeof xml>[3][]) => xml("query", NS.discoItems, {}, ...set);
const page = (inside: string) => items(parseElement(`<set xmlns='${NS.resultSet}'>${inside}</set>`));

describe("a list of items", () => {
	it("is read to its end, however many pages it has, and in the order of names", async () => {
		const { caller } = await crowded();
		const services = await discoItems(caller, DOMAIN);
		const names = Array.from({ length: 600 }, (_, i) => `service-${String(i).padStart(3, "0")}@${DOMAIN}`);
		expect(services.map(({ jid }) => jid)).toEqual(names);
		const functions = await discoItems(caller, `service-000@${DOMAIN}`);
		expect(functions.map(({ jid }) => jid)).toEqual(
			Array.from({ length: 200 }, (_, i) => `service-000.function-${String(i).padStart(3, "0")}@${DOMAIN}`),
		);
	});

	it("never comes in a stanza that a server may not take, and says that there is more", async () => {
		const { raw } = await crowded();
		for (const to of [DOMAIN, `service-000@${DOMAIN}`]) {
			const answer = await raw.ask("get", to, items());
			expect(Buffer.byteLength(serialize(answer))).toBeLessThan(64 * 1024);
			const query = answer.child() ?? items();
			const found = decodeDiscoItems(query);
			if (to === DOMAIN) expect(found).toHaveLength(500);
			expect(found.length).toBeGreaterThan(10);
			expect(decodePageEnd(query, found.length)).toMatchObject({ isEnd: false });
		}
	});

	it("is cut as it was asked for, with the number of all", async () => {
		const { raw } = await crowded();
		const ask = async (inside: string) => {
			const query = (await raw.ask("get", DOMAIN, page(inside))).child() ?? items();
			const [set] = query.elements("set", NS.resultSet);
			const first = set?.child("first");
			return [
				decodeDiscoItems(query).map(({ jid }) => jid.slice(8, 11)),
				first?.attr("index"),
				set?.child("count")?.text(),
			];
		};
		expect(await ask("<max>2</max>")).toEqual([["000", "001"], "0", "600"]);
		expect(await ask("<max>2</max><after>service-397</after>")).toEqual([["398", "399"], "398", "600"]);
		expect(await ask("<max>1</max><before/>")).toEqual([["599"], "599", "600"]);
		expect(await ask("<max>0</max>")).toEqual([[], undefined, "600"]);
		expect((await ask("<max>999999999</max>"))[0]).toHaveLength(500);
		expect(await ask("<after>zzz</after>")).toEqual([[], undefined, "600"]);
	});

	it("is asked for in vain with numbers that are none", async () => {
		const { raw } = await crowded();
		for (const inside of ["<max>-1</max>", "<max>many</max>", "<max/>", "<after>a</after><before/>"]) {
			const answer = await raw.ask("get", DOMAIN, page(inside));
			expect(decodeStanzaError(answer)).toMatchObject({ condition: "bad-request", type: "modify" });
		}
	});

	it("that is short comes as it always did, and one without anything is empty", async () => {
		const bus = memoryBus();
		const domain = await join(bus, DOMAIN);
		const raw = await rawLink(bus, "raw@example.org/x");
		for (const query of [items(), page("<max>5</max>")]) {
			expect((await raw.ask("get", DOMAIN, query)).child()?.children).toEqual([]);
		}
		await domain.serve(service("one", "1.0.0", { only: get({}) }), { only: () => {} });
		expect(
			(await raw.ask("get", DOMAIN, items()))
				.child()
				?.elements()
				.map(({ name }) => name),
		).toEqual(["item"]);
	});
});

describe("a list of pages that somebody else makes", () => {
	const listing = async (answer: (after: string | undefined) => { items: string[]; set: string }) => {
		const bus = memoryBus();
		const module: NodeModule = (host) =>
			handleGet(host, { ns: NS.discoItems, name: "query" }, ({ payload }) => {
				const { items: jids, set: inside } = answer(payload.child("set")?.child("after")?.text());
				const query = page(inside);
				return xml(
					"query",
					NS.discoItems,
					{},
					...jids.map((jid) => xml("item", NS.discoItems, { jid })),
					...query.elements(),
				);
			});
		await join(bus, DOMAIN, { modules: [module] });
		const caller = await join(bus, "caller@example.org/x");
		return (timeoutMs = 5_000) => discoItems(caller, DOMAIN, { timeoutMs });
	};

	it("ends with a page that has nothing, where no numbers tell of the end", async () => {
		const list = await listing((after) =>
			after === "b" ? { items: [], set: "" } : { items: ["b@c"], set: "<first>a</first><last>b</last>" },
		);
		expect((await list()).map(({ jid }) => jid)).toEqual(["b@c"]);
	});

	it("that does not go on, or never ends, is given up", async () => {
		const same = await listing(() => ({
			items: ["b@c"],
			set: "<first index='0'>a</first><last>b</last><count>9</count>",
		}));
		expect(await failureOf(same())).toMatchObject({ code: "protocol", message: expect.stringContaining("same page") });
		let last = 0;
		const many = Array.from({ length: 5_000 }, (_, i) => `i${i}@c`);
		const endless = await listing(() => ({
			items: many,
			set: `<first index='0'>a</first><last>${last++}</last><count>9999999</count>`,
		}));
		expect(await failureOf(endless(60_000))).toMatchObject({ code: "too-large" });
	});

	it("has one time limit for all of its pages", async () => {
		let last = 0;
		const slow = await listing(() => {
			const endMs = performance.now() + 20;
			while (performance.now() < endMs);
			return { items: ["b@c"], set: `<first index='0'>a</first><last>${last++}</last><count>9999999</count>` };
		});
		const error = await failureOf(slow(200));
		expect(error).toBeInstanceOf(BusError);
		expect(error).toMatchObject({ code: "deadline-exceeded" });
		expect(last).toBeLessThan(20);
	});
});
