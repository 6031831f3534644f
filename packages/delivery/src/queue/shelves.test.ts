import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fits } from "../testing/queue-bench.js";
import { Instances } from "./instances.js";
import type { Lane } from "./lane.js";
import { Shelf } from "./shelf.js";
import { Shelves } from "./shelves.js";

function laneOf(version: string, sender = "alice@example.org", fn = "dictionary.learn"): Lane {
	return { hash: `${fn} ${version} ${sender}`, fn, version, sender, open: 1, waiting: 1, window: [] };
}

/** Shelves, and instances that come and go. */
class World {
	readonly instances = new Instances();
	/** How often it was asked who serves what. */
	asked = 0;
	readonly shelves = new Shelves(this.instances, (wanted, served) => {
		this.asked++;
		return fits(wanted, served);
	});

	come(version: string, instance = version): void {
		const pull = { session: "s", number: 1, inbox: "memory" as const, credit: 1, held: [] };
		const known = this.instances.ensure("dictionary", instance);
		this.instances.open(known, { ...pull, type: "pull", ask: 1, service: "dictionary", instance, version, node: "w" });
	}

	go(instance: string): void {
		const known = this.instances.get("dictionary", instance);
		if (known !== undefined) this.instances.close(known);
	}

	/** Which versions wait for which instances. */
	get waiting(): string[] {
		const versions = (shelf: Shelf) => [...shelf].map(({ version }) => version).sort();
		const of = this.shelves.of("dictionary").map((shelf) => `${[...shelf.servedBy].sort()}: ${versions(shelf)}`);
		return of.sort();
	}
}

describe("who serves what waits", () => {
	it("is found anew when a version comes or goes", () => {
		const world = new World();
		for (const version of ["1.1.7", "1.2.0", "1.2.1", "2.0.0"]) world.shelves.add(laneOf(version));
		expect(world.waiting).toEqual([]);
		world.come("1.2.0");
		expect(world.waiting).toEqual(["1.2.0: 1.1.7,1.2.0"]);
		world.come("1.1.9");
		world.come("2.0.0");
		expect(world.waiting).toEqual(["1.1.9,1.2.0: 1.1.7", "1.2.0: 1.2.0", "2.0.0: 2.0.0"]);
		world.go("1.2.0");
		expect(world.waiting).toEqual(["1.1.9: 1.1.7", "2.0.0: 2.0.0"]);
		world.come("1.3.0");
		world.go("1.1.9");
		expect(world.waiting).toEqual(["1.3.0: 1.1.7,1.2.0,1.2.1", "2.0.0: 2.0.0"]);
	});

	it("is not asked again for an instance that has left and comes back, nor for another one of its version", () => {
		const world = new World();
		world.come("1.9.0");
		for (let i = 0; i < 100; i++) world.shelves.add(laneOf(`1.${i % 20}.${i}`));
		expect(world.waiting).toHaveLength(1);
		world.asked = 0;
		world.come("1.9.0", "other");
		world.go("1.9.0");
		world.go("other");
		expect(world.waiting).toEqual([]);
		world.come("1.9.0");
		expect(world.waiting).toHaveLength(1);
		expect(world.asked).toBe(0);
	});

	it("is right whatever waits, comes and goes", () => {
		const command = fc.record({
			is: fc.constantFrom("add", "add", "delete", "come", "come", "go", "turn", "look", "look"),
			version: fc.constantFrom("1.0.0", "1.1.0", "1.2.0", "2.0.0"),
			sender: fc.constantFrom("a@example.org", "b@example.org"),
			fn: fc.constantFrom("dictionary.learn", "dictionary.define"),
		});
		fc.assert(
			fc.property(fc.array(command, { minLength: 20, maxLength: 60 }), (commands) => {
				const world = new World();
				const lanes = new Map<string, Lane>();
				for (const { is, version, sender, fn } of commands) {
					const { hash } = laneOf(version, sender, fn);
					const lane = lanes.get(hash) ?? laneOf(version, sender, fn);
					if (is === "come") world.come(version);
					else if (is === "go") world.go(version);
					else if (is === "turn") world.shelves.hasHadTurn(lane);
					else if (is === "look") look(world, [...lanes.values()]);
					else if (is === "delete") {
						world.shelves.delete(lane);
						lanes.delete(hash);
					} else {
						world.shelves.add(lane);
						lanes.set(hash, lane);
					}
				}
			}),
			{ numRuns: 200 },
		);
	});
});

/** Each of these lanes is on the one shelf of those who serve it, if there are any. */
function look({ instances, shelves }: World, lanes: readonly Lane[]): void {
	const versions = [...instances.versions("dictionary")].sort();
	const expected = lanes.map(({ hash, version }) => [hash, versions.filter((each) => fits(version, each)).join()]);
	const found = shelves.of("dictionary");
	const nameOf = ({ servedBy }: Shelf) => [...servedBy].sort().join();
	const placed = found.flatMap((shelf) => [...shelf].map(({ hash }) => [hash, nameOf(shelf)]));
	expect(placed.sort()).toEqual(expected.filter(([, servedBy]) => servedBy !== "").sort());
	expect(new Set(found.map(nameOf)).size).toBe(found.length);
	expect(found.map(({ size }) => size)).toEqual(found.map((shelf) => [...shelf].length));
}

describe("whose turn it is", () => {
	/** Who is given calls, one after the other, of lanes in which there are always more. */
	const turns = (world: World, count: number) =>
		Array.from({ length: count }, () => {
			const [shelf] = world.shelves.of("dictionary").sort(Shelf.inTurn);
			const [lane] = shelf ?? [];
			if (lane === undefined) throw new Error("nothing waits");
			world.shelves.hasHadTurn(lane);
			return lane;
		});

	it("is in turn between functions, then between senders, then between versions", () => {
		const world = new World();
		world.come("1.9.0");
		for (const minor of [1, 2, 3]) world.shelves.add(laneOf(`1.${minor}.0`, "many"));
		world.shelves.add(laneOf("1.1.0", "few"));
		world.shelves.add(laneOf("1.1.0", "few", "dictionary.define"));
		const names = turns(world, 12).map(({ fn, sender, version }) => `${fn.slice(11)} ${sender} ${version}`);
		expect(names.filter((_, i) => i % 2 === 1)).toEqual(Array.from({ length: 6 }, () => "define few 1.1.0"));
		expect(names.filter((_, i) => i % 2 === 0)).toEqual([
			"learn many 1.1.0",
			"learn few 1.1.0",
			"learn many 1.2.0",
			"learn few 1.1.0",
			"learn many 1.3.0",
			"learn few 1.1.0",
		]);
	});

	it("is one for a sender, also while different instances serve its versions", () => {
		const world = new World();
		for (const version of ["1.1.0", "1.2.0", "1.3.0", "2.0.0"]) {
			world.come(version);
			world.shelves.add(laneOf(version, "many"));
		}
		world.shelves.add(laneOf("1.2.0", "few"));
		expect(world.waiting).toHaveLength(4);
		const senders = turns(world, 20).map(({ sender }) => sender);
		expect(senders.filter((sender) => sender === "few").length).toBeGreaterThanOrEqual(9);
	});
});
