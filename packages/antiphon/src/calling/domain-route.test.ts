import { type BusError, type Instance, Jid, type Resolution } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { addressOf } from "../host/directory.js";
import { DomainRoute } from "./domain-route.js";
import { ServiceView } from "./service-view.js";

const DOMAIN = "fn.example.org";
const NOWHERE: ReadonlySet<string> = new Set();

function instance(name: string, more: Partial<Instance> = {}): Instance {
	const jid = Jid.parse(`worker@example.org/${name}`);
	return { name, jid, version: "1.2.0", state: "available", running: 0, concurrency: 8, labels: {}, ...more };
}

function route(instances: readonly Instance[], { version = "1.0.0", pinned = "", ...told }: Told = {}) {
	const resolution = { service: "s", known: true, watchMs: 60_000, instances, ...told };
	const resolve = async () => resolution;
	const view = new ServiceView({ resolve, look: resolve, now: () => 1_000_000, timeoutMs: 1_000 });
	view.update(resolution);
	const at = pinned === "" ? undefined : pinned;
	return new DomainRoute({
		view,
		address: `s@${DOMAIN}`,
		version,
		instance: at,
		labels: undefined,
		addressOf: (fn) => addressOf(DOMAIN, "s", fn, at),
	});
}
type Told = Partial<Omit<Resolution, "instances">> & { version?: string; pinned?: string };

const goesTo = async (made: DomainRoute, tried = NOWHERE) => (await made.next("f", tried))?.to.toString();
const failureOf = async (made: DomainRoute) => {
	try {
		await made.next("f", NOWHERE);
	} catch (error) {
		return error as BusError;
	}
	throw new Error("it did not fail");
};

describe("the way of a call in a domain", () => {
	it("goes to an instance that serves the version, and not to one where it has been", async () => {
		const made = route([instance("old", { version: "0.9.0" }), instance("a"), instance("b", { state: "draining" })]);
		const first = await made.next("f", NOWHERE);
		expect(first?.to.toString()).toBe("worker@example.org/a");
		expect(await goesTo(made, new Set([first?.key as string]))).toBeUndefined();
	});

	it("goes to the function's own address where the node owns the domain", async () => {
		const made = route([instance("own", { jid: Jid.parse(`s@${DOMAIN}/own`) })]);
		expect(await goesTo(made)).toBe(`s.f@${DOMAIN}`);
		expect((await made.next("f", NOWHERE))?.isNamed).toBe(false);
	});

	it("says apart why there is nowhere to go", async () => {
		expect(await failureOf(route([], { known: false }))).toMatchObject({ code: "not-found" });
		expect(await failureOf(route([]))).toMatchObject({
			code: "unavailable",
			message: expect.stringContaining("nobody"),
		});
		const newer = await failureOf(route([instance("a")], { version: "1.3.0" }));
		expect(newer).toMatchObject({ code: "unimplemented", message: expect.stringMatching(/1\.3\.0.*1\.2\.0/) });
		expect((await failureOf(route([instance("a")], { pinned: "b" }))).message).toMatch(/no instance b/);
		expect((await failureOf(route([instance("a", { state: "draining" })]))).message).toMatch(/draining/);
	});

	it("is asked for once more before it is given up, but not with every call", async () => {
		let asked = 0;
		const told = (instances: readonly Instance[]) => ({ service: "s", known: true, watchMs: 60_000, instances });
		const answers = [told([]), told([]), told([instance("back")])];
		const clock = { nowMs: 1_000_000 };
		const resolve = async () => answers[asked++] as Resolution;
		const view = new ServiceView({ resolve, look: resolve, now: () => clock.nowMs, timeoutMs: 1_000 });
		await view.refresh();
		const made = new DomainRoute({
			view,
			address: `s@${DOMAIN}`,
			version: "1.0.0",
			instance: undefined,
			labels: undefined,
			addressOf: (fn) => addressOf(DOMAIN, "s", fn),
		});
		for (let i = 0; i < 3; i++) expect(await failureOf(made)).toMatchObject({ code: "unavailable" });
		expect(asked).toBe(1);
		clock.nowMs += 1_000;
		for (let i = 0; i < 3; i++) expect(await failureOf(made)).toMatchObject({ code: "unavailable" });
		expect(asked).toBe(2);
		clock.nowMs += 1_000;
		expect(await goesTo(made)).toBe("worker@example.org/back");
	});

	it("goes through the domain, once, where it was told only of some and none of these will do", async () => {
		const pinned = route([instance("a")], { pinned: "far", total: 200 });
		expect(await goesTo(pinned)).toBe(`s.f@${DOMAIN}/far`);
		expect(await goesTo(pinned, new Set([`s.f@${DOMAIN}/far`]))).toBeUndefined();
		const newer = route([instance("a")], { version: "1.3.0", total: 200 });
		expect(await goesTo(newer)).toBe(`s.f@${DOMAIN}`);
	});

	it("pays for a second question with ten calls", async () => {
		const made = route([instance("a"), instance("b")]);
		expect(made.canHedge()).toBe(true);
		expect(made.spendHedge()).toBe(true);
		expect(made.spendHedge()).toBe(false);
		for (let i = 0; i < 10; i++) await made.next("f", NOWHERE);
		expect(made.spendHedge()).toBe(true);
		expect(made.spendHedge()).toBe(false);
		for (let i = 0; i < 10_000; i++) await made.next("f", NOWHERE);
		let saved = 0;
		while (made.spendHedge()) saved++;
		expect(saved).toBe(10);
		expect(route([instance("a"), instance("b")], { pinned: "a" }).canHedge()).toBe(false);
	});
});
