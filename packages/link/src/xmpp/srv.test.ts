import { describe, expect, it } from "vitest";
import type { ServerUrl } from "../options.js";
import { ManualClock } from "../testing/manual-clock.js";
import { type LinkEnvironment, type SrvRecord, systemEnvironment } from "./environment.js";
import { clientTargets, orderSrv } from "./srv.js";

const url = (host: string, more: Partial<ServerUrl> = {}): ServerUrl => ({
	tls: false,
	host,
	port: undefined,
	...more,
});
const srv = (name: string, priority: number, weight: number, port = 5222): SrvRecord => ({
	name,
	priority,
	weight,
	port,
});

/** Nobody gives the attempt up. */
const never = new AbortController().signal;

/** DNS with these records and no others. */
function dns(records: Record<string, SrvRecord[]>): LinkEnvironment & { readonly asked: string[] } {
	const asked: string[] = [];
	return {
		...systemEnvironment,
		random: () => 0.5,
		asked,
		async resolveSrv(name) {
			asked.push(name);
			const found = records[name];
			if (found === undefined) throw Object.assign(new Error("queryTxt ENOTFOUND"), { code: "ENOTFOUND" });
			return found;
		},
	};
}

describe("The servers of a client URL", () => {
	it("are its own host and port when it has a port, without asking DNS", async () => {
		const world = dns({});
		expect(await clientTargets(url("example.org", { port: 99 }), world, never)).toEqual([
			{ host: "example.org", port: 99, directTls: false },
		]);
		expect(await clientTargets(url("127.0.0.1"), world, never)).toEqual([
			{ host: "127.0.0.1", port: 5222, directTls: false },
		]);
		expect(await clientTargets(url("localhost", { tls: true }), world, never)).toEqual([
			{ host: "localhost", port: 5223, directTls: true },
		]);
		expect(world.asked).toEqual([]);
	});

	it("are those of both SRV records, by priority, each with its kind of TLS", async () => {
		const world = dns({
			"_xmpp-client._tcp.example.org": [srv("b.example.org", 20, 0), srv("a.example.org", 5, 0)],
			"_xmpps-client._tcp.example.org": [srv("c.example.org", 10, 0, 443)],
		});
		expect(await clientTargets(url("example.org"), world, never)).toEqual([
			{ host: "a.example.org", port: 5222, directTls: false },
			{ host: "c.example.org", port: 443, directTls: true },
			{ host: "b.example.org", port: 5222, directTls: false },
		]);
	});

	it("are never ones without TLS from the first byte for xmpps", async () => {
		const world = dns({ "_xmpp-client._tcp.example.org": [srv("a.example.org", 5, 0)] });
		expect(await clientTargets(url("example.org", { tls: true }), world, never)).toEqual([
			{ host: "example.org", port: 5223, directTls: true },
		]);
		expect(world.asked).toEqual(["_xmpps-client._tcp.example.org"]);
	});

	it("are the domain itself when there are no records, and when DNS fails", async () => {
		expect(await clientTargets(url("example.org"), dns({}), never)).toEqual([
			{ host: "example.org", port: 5222, directTls: false },
			{ host: "example.org", port: 5223, directTls: true },
		]);
	});

	it("are the domain itself when DNS does not answer in time", async () => {
		const clock = new ManualClock();
		const mute = { ...systemEnvironment, clock, resolveSrv: () => new Promise<never>(() => {}) };
		const found = clientTargets(url("example.org"), mute, never);
		clock.advance(3000);
		expect((await found)[0]).toEqual({ host: "example.org", port: 5222, directTls: false });
		expect(clock.pending).toBe(0);
	});

	it("are not waited for when the attempt is given up, and no timer is left", async () => {
		const clock = new ManualClock();
		const mute = { ...systemEnvironment, clock, resolveSrv: () => new Promise<never>(() => {}) };
		const attempt = new AbortController();
		const found = clientTargets(url("example.org"), mute, attempt.signal);
		attempt.abort();
		await expect(found).rejects.toMatchObject({ final: false, error: { code: "cancelled" } });
		expect(clock.pending).toBe(0);
	});

	it("are none when the domain says that it has no XMPP service", async () => {
		const world = dns({ "_xmpp-client._tcp.example.org": [srv(".", 0, 0)] });
		await expect(clientTargets(url("example.org"), world, never)).rejects.toMatchObject({
			final: true,
			error: { code: "link-lost" },
		});
	});
});

describe("The order of SRV records", () => {
	it("is by weight inside a priority, in the proportion of the weights", () => {
		const records = [srv("light", 1, 10), srv("heavy", 1, 90), srv("spare", 2, 100)];
		let heavyFirst = 0;
		for (let i = 0; i < 100; i++) {
			const order = orderSrv(records, () => (i + 0.5) / 100).map((record) => record.name);
			expect(order[2]).toBe("spare");
			if (order[0] === "heavy") heavyFirst += 1;
		}
		expect(heavyFirst).toBe(90);
	});

	it("keeps every record once, whatever the weights", () => {
		for (const random of [0, 0.5, 0.999999]) {
			const order = orderSrv([srv("a", 0, 0), srv("b", 0, 0), srv("c", 0, 1)], () => random);
			expect(order.map((record) => record.name).sort()).toEqual(["a", "b", "c"]);
		}
	});
});
