import { encodeResolution, type Instance } from "@antiphon/protocol";
import { BusError, Jid, type QueryRequest } from "antiphon";
import { describe, expect, it } from "vitest";
import { providersOf } from "./providers.js";

const limits = () => ({ timeoutMs: 1_000 });

function instance(version: string, state: Instance["state"] = "available", running = 0): Instance {
	const jid = Jid.parse("worker@example.org/a");
	return { name: "one", jid, version, state, running, concurrency: 2, labels: {} };
}

/** A domain that tells of these, whatever it is asked. */
function domain(instances: readonly Instance[], total?: number) {
	const asked: (string | undefined)[] = [];
	const query = async ({ payload }: QueryRequest) => {
		asked.push(payload.attr("v"));
		return encodeResolution({ service: "work", known: true, watchMs: 0, instances, total });
	};
	return { asked, query };
}

describe("who provides a service", () => {
	it.each([
		["available", [instance("1.0.0", "available", 2), instance("1.2.0")], 2],
		["available", [instance("1.0.0", "draining"), instance("1.2.0")], 2],
		["busy", [instance("1.0.0", "available", 2), instance("1.2.0", "available", 3)], 2],
		["busy", [instance("1.0.0", "draining"), instance("1.2.0", "available", 2)], 2],
		["draining", [instance("1.0.0", "draining", 2), instance("1.2.0", "draining")], 2],
		["unavailable", [instance("2.0.0")], 0],
	])("is %s", async (health, there, instances) => {
		expect(await providersOf(domain(there), "work@fn.example.org", [1], limits)).toEqual([{ instances, health }]);
	});

	it("is asked once for all major versions, and for each where an answer does not hold all", async () => {
		const there = [instance("1.0.0"), instance("2.0.0")];
		const few = domain(there);
		await providersOf(few, "work@fn.example.org", [2, 1], limits);
		expect(few.asked).toEqual([undefined]);
		const many = domain(there, 300);
		const told = await providersOf(many, "work@fn.example.org", [2, 1, 0], limits);
		expect(many.asked).toEqual([undefined, "2.0.0", "1.0.0", "0.0.0"]);
		const available = { instances: 300, health: "available" };
		expect(told).toEqual([available, available, { instances: 0, health: "unavailable" }]);
	});

	it("is not known where it is refused, and asked no further when the link is lost", async () => {
		const failing = (code: "forbidden" | "link-lost") => ({
			query: async () => {
				throw new BusError(code, "no");
			},
		});
		const unknown = { instances: null, health: null };
		expect(await providersOf(failing("forbidden"), "work@fn.example.org", [1, 2], limits)).toEqual([unknown, unknown]);
		await expect(providersOf(failing("link-lost"), "work@fn.example.org", [1], limits)).rejects.toThrow("no");
	});
});
