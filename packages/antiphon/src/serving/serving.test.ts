import {
	BusError,
	decodeInstanceName,
	decodeRegister,
	decodeRenew,
	encodeGrant,
	encodeRenewed,
	Jid,
	NS,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Denials } from "../bounds/denials.js";
import { Directory } from "../host/directory.js";
import { service } from "../index.js";
import { DOMAIN, echoing, FakeLink, failureOf, gate, keepingLog, probe } from "../testing/bus.js";
import { Serving } from "./serving.js";

const alice = Jid.parse("alice@example.org/x");
const CONNECT_MS = 3_000;
/** Nothing that is served here has calls that are kept. */
const never = () => expect.fail("nobody asked for it");
const NO_INBOX = { serve: never, leave: never, whenIdle: never };

/** What a node serves, and domains that answer as the test says. */
function node() {
	const link = new FakeLink();
	link.become({ state: "online", jid: Jid.parse("worker@example.org/a") });
	const directory = new Directory();
	const log = keepingLog();
	const asked: { readonly domain: string; readonly name: string; readonly payload: Element }[] = [];
	let refuse: (payload: Element) => BusError | undefined = () => undefined;
	let hold: Promise<void> | undefined;
	const serving = new Serving({
		link,
		directory,
		log,
		instance: "own",
		maxCallsIn: 64,
		denials: new Denials(log),
		connectTimeoutMs: CONNECT_MS,
		ask: async (domain, payload) => {
			asked.push({ domain, name: payload.name, payload });
			await hold;
			const error = refuse(payload);
			if (error !== undefined) throw error;
			if (payload.name === "renew") return encodeRenewed([]);
			if (payload.name === "deregister") return undefined;
			return encodeGrant({ leaseMs: 15_000, access: [{ effect: "allow", who: "*@example.org", what: "*" }] });
		},
		from: () => undefined,
		inbox: NO_INBOX,
		capabilities: () => ({ node: "urn:antiphon", ver: "hash" }),
		atMostForDrain: (done) => done,
	});
	return {
		link,
		directory,
		log: log.lines,
		serving,
		names: () => asked.map(({ name }) => name),
		payloads: (name: string) => asked.filter((each) => each.name === name).map(({ payload }) => payload),
		refuses: (how: typeof refuse) => {
			refuse = how;
		},
		/** Holds back what is asked from now on. @returns what lets it go */
		holds: () => {
			const { open, opened } = gate();
			hold = opened;
			return open;
		},
		serve: (options: Parameters<Serving["serve"]>[2] = {}, of = probe) =>
			serving.serve(of, echoing, { domain: DOMAIN, instance: "one", ...options }),
	};
}
const away = () => new BusError("deadline-exceeded", "no answer in time");
const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const codeOf = (call: () => void): string => {
	try {
		call();
		return "none";
	} catch (error) {
		return (error as BusError).code;
	}
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a service of a domain", () => {
	it("shows itself and registers, can be described before that, and is called after it", async () => {
		const made = node();
		const open = made.holds();
		const served = made.serve({ concurrency: 8, labels: { region: "eu" } });
		await passes(0);
		// The domain asks for the contract before it answers.
		const [local] = made.directory.services();
		expect(codeOf(() => local?.requireCaller(alice, "echo"))).toBe("unavailable");
		open();
		expect((await served).instance).toBe("one");
		expect(codeOf(() => local?.requireCaller(alice, "echo"))).toBe("none");
		expect(codeOf(() => local?.requireCaller(Jid.parse("eve@evil.example/x"), "echo"))).toBe("forbidden");
		expect(made.names()).toEqual(["register"]);
		expect(decodeRegister(made.payloads("register")[0] as Element)).toEqual({
			service: "probe",
			version: "1.2.0",
			fingerprint: local?.description.fingerprint,
			instance: "one",
			concurrency: 8,
			labels: Object.assign(Object.create(null), { region: "eu" }),
		});
		const [shown] = made.link.sent;
		expect([shown?.name, shown?.attr("to"), shown?.child("c", NS.caps)?.attr("ver")]).toEqual([
			"presence",
			DOMAIN,
			"hash",
		]);
	});

	it("has the instance and the concurrency of its node where it says nothing", async () => {
		const made = node();
		const { instance } = await made.serving.serve(probe, echoing, { domain: DOMAIN });
		expect(instance).toBe("own");
		expect(decodeRegister(made.payloads("register")[0] as Element).concurrency).toBe(64);
	});

	it("is asked for again while the domain does not answer, of which the log tells once", async () => {
		const made = node();
		made.refuses(away);
		const served = made.serve();
		await passes(1_200);
		expect(made.names()).toHaveLength(3);
		made.refuses(() => undefined);
		await passes(500);
		await served;
		expect(made.log).toEqual(["warn probe is not registered with fn.example.org yet: no answer in time; trying again"]);
	});

	it("is given up after the time to connect, at once when the domain will not have it, and when the node ends", async () => {
		const late = node();
		late.refuses(away);
		const failure = failureOf(late.serve());
		await passes(CONNECT_MS);
		expect(await failure).toMatchObject({ code: "deadline-exceeded" });

		const refused = node();
		refused.refuses(() => new BusError("forbidden", "not here"));
		expect(await failureOf(refused.serve())).toMatchObject({ code: "forbidden" });
		expect(refused.names()).toHaveLength(1);

		const closed = node();
		closed.refuses(away);
		const ended = failureOf(closed.serve());
		await passes(100);
		closed.serving.stop();
		await passes(500);
		expect(await ended).toMatchObject({ code: "deadline-exceeded" });
		// Nothing is left of any of them: the name is free again.
		for (const { directory, serving } of [late, refused, closed]) {
			expect(directory.services()).toEqual([]);
			expect(serving.find({ service: "probe", instance: "one" })).toBeUndefined();
		}
		refused.refuses(() => undefined);
		await refused.serve();
	});

	it("is renewed, says how busy it is, and is registered again when the link is back", async () => {
		const made = node();
		await made.serve();
		const local = made.serving.find({ service: "probe", instance: "one" })?.local;
		local?.admission.enter("alice");
		await passes(5_000);
		const line = { service: "probe", instance: "one", state: "available", running: 1 };
		expect(decodeRenew(made.payloads("renew")[0] as Element)).toEqual([line]);
		made.serving.online();
		await passes(0);
		expect(made.payloads("register")).toHaveLength(2);
		made.serving.stop();
		await passes(60_000);
		expect(made.names()).toEqual(["register", "renew", "register"]);
	});

	it("is drained once: it says so, finishes what runs, deregisters, and leaves its name free", async () => {
		const made = node();
		const served = await made.serve();
		const found = made.serving.find({ service: "probe", instance: "one" });
		const { admission } = found?.local ?? expect.fail();
		admission.enter("alice");
		const drained = served.drain();
		expect(found?.drain()).toBe(drained);
		await passes(0);
		expect(codeOf(() => admission.enter("bob"))).toBe("unavailable");
		const line = { service: "probe", instance: "one", state: "draining", running: 1 };
		expect(decodeRenew(made.payloads("renew")[0] as Element)).toEqual([line]);
		expect(made.payloads("deregister")).toEqual([]);
		expect(made.directory.services()).toHaveLength(1);
		admission.leave("alice");
		await drained;
		await served.drain();
		expect(made.payloads("deregister").map((payload) => decodeInstanceName(payload))).toEqual([
			{ service: "probe", instance: "one" },
		]);
		expect(made.directory.services()).toEqual([]);
		expect(made.serving.find({ service: "probe", instance: "one" })).toBeUndefined();
		await made.serve();
	});

	it("is drained also when the domain cannot be told", async () => {
		const made = node();
		const served = await made.serve();
		made.refuses(away);
		await served[Symbol.asyncDispose]();
		expect(made.directory.services()).toEqual([]);
		expect(made.log).toContain("warn probe could not be deregistered: no answer in time");
	});
});

describe("what a node serves", () => {
	const second = service("probe", "2.0.0", probe.functions);

	it("is found by service and instance", async () => {
		const made = node();
		await made.serve();
		await made.serve({ instance: "two" }, second as unknown as typeof probe);
		const versionOf = (name: string, instance: string) =>
			made.serving.find({ service: name, instance })?.local.service.version;
		expect([versionOf("probe", "one"), versionOf("probe", "two")]).toEqual(["1.2.0", "2.0.0"]);
		expect([versionOf("probe", "three"), versionOf("other", "one")]).toEqual([undefined, undefined]);
	});

	it("is shown to a domain once, and renewed there all together", async () => {
		const made = node();
		await made.serve();
		await made.serve({ instance: "two" }, second as unknown as typeof probe);
		await passes(5_000);
		expect(made.payloads("renew").map((payload) => decodeRenew(payload).map(({ instance }) => instance))).toEqual([
			["one", "two"],
		]);
		expect(made.link.sent).toHaveLength(1);
	});

	it("is refused all at once, of which every domain is told, and then taken out of each", async () => {
		const made = node();
		await made.serve();
		await made.serve({ instance: "two", domain: "other.example.org" }, second as unknown as typeof probe);
		made.serving.refuse();
		await passes(0);
		expect(
			made
				.payloads("renew")
				.flatMap(decodeRenew)
				.map(({ instance, state }) => [instance, state]),
		).toEqual([
			["one", "draining"],
			["two", "draining"],
		]);
		made.refuses((payload) => (payload.attr("instance") === "one" ? away() : undefined));
		await made.serving.deregisterAll();
		expect(made.payloads("deregister").map((payload) => decodeInstanceName(payload).instance)).toEqual(["one", "two"]);
	});

	it("needs no registration in a domain that is its link's own, or becomes so", async () => {
		const claimed: string[] = [];
		const link = Object.assign(new FakeLink(), {
			claim: (domain: string) => {
				claimed.push(domain);
				return true;
			},
		});
		const made = node();
		const log = keepingLog();
		const denials = new Denials(log);
		const parts = { link, directory: made.directory, log, denials, instance: "own", maxCallsIn: 8 };
		const serving = new Serving({
			...parts,
			connectTimeoutMs: CONNECT_MS,
			ask: never,
			from: () => undefined,
			inbox: NO_INBOX,
			capabilities: never,
			atMostForDrain: (done) => done,
		});
		const served = await serving.serve(probe, echoing, { domain: DOMAIN });
		expect(claimed).toEqual([DOMAIN]);
		serving.online();
		serving.refuse();
		await serving.deregisterAll();
		await served.drain();
		expect(made.directory.services()).toEqual([]);
	});
});
