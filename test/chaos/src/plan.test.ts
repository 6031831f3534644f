import { describe, expect, it } from "vitest";
import { type Fault, type PlanOptions, planOf } from "./plan.js";

const OPTIONS: PlanOptions = {
	seed: 1,
	totalMs: 120_000,
	everyMs: 1_000,
	callers: ["caller-1", "caller-2"],
	providers: ["provider-1", "provider-2"],
	disk: true,
};

describe("the plan of what breaks", () => {
	it("is decided by the seed", () => {
		expect(planOf(OPTIONS)).toEqual(planOf({ ...OPTIONS }));
		expect(planOf(OPTIONS)).not.toEqual(planOf({ ...OPTIONS, seed: 2 }));
	});

	it("kills and stops every kind of process, spoils links in every way and fills the disk, before anything comes twice", () => {
		for (const seed of [1, 2, 3, 4, 5]) {
			const plan = planOf({ ...OPTIONS, seed });
			const first = plan.slice(0, 13).map(({ kind, target }) => `${kind} ${target.replace(/-\d$/, "")}`);
			for (const role of ["caller", "provider", "domain", "server"]) {
				expect(first).toContain(`kill ${role}`);
				expect(first).toContain(`pause ${role}`);
			}
			const kinds = new Set(plan.slice(0, 13).map(({ kind }) => kind));
			expect([...kinds].sort()).toEqual(["cut", "fill", "hang-up", "kill", "pause", "refuse", "stall"]);
		}
	});

	it("breaks nothing that is broken, and ends in time", () => {
		const wrong: Fault[] = [];
		for (let seed = 1; seed <= 50; seed++) {
			const busy = new Map<string, number>();
			for (const fault of planOf({ ...OPTIONS, seed, everyMs: 200 })) {
				const isOfLink = ["cut", "hang-up", "refuse", "stall"].includes(fault.kind);
				const place = isOfLink ? `link of ${fault.target}` : fault.target;
				const until = fault.at + fault.forMs;
				if (until > OPTIONS.totalMs || fault.at <= (busy.get(place) ?? 0)) wrong.push(fault);
				busy.set(place, until);
			}
		}
		expect(wrong).toEqual([]);
	});

	it("fills no disk that cannot be filled", () => {
		expect(planOf({ ...OPTIONS, disk: false }).filter(({ kind }) => kind === "fill")).toEqual([]);
	});
});
