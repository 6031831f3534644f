import { describe, expect, it } from "vitest";
import { StoreError, type View } from "../journal/journal.js";
import { viewOf } from "../testing/core-bench.js";
import { deliveries, delivery, fault, QueueBench } from "../testing/queue-bench.js";
import { Queue } from "./queue.js";

/** With a call that waits, one that is leased, one that is settled and one that is dead. */
function bench(): QueueBench {
	const made = new QueueBench();
	made.pull({ credit: 1 });
	made.settle(delivery(made.submit("settled").effects));
	made.settle(delivery(made.submit("dead", { retry: { attempts: 1 } }).effects), fault("internal"));
	made.submit("leased");
	made.submit("waiting");
	return made;
}

describe("a queue that starts from a journal", () => {
	it("does not start when a call, a lane, a lease, or what is to be kept or tried again is not there", () => {
		for (const kind of ["c", "l", "a", "e", "z", "m"]) {
			const damaged = bench();
			const key = [...damaged.records.keys()].find((name) => name.startsWith(kind)) as string;
			damaged.records.delete(key);
			expect(() => damaged.make(), kind).toThrow(StoreError);
		}
	});

	it("counts what is there at the start alone, and not after each batch that was not stored", () => {
		const made = bench();
		const counted: string[] = [];
		const view = viewOf(made.records);
		const counting: View = {
			...view,
			count(from, to) {
				counted.push(from[0] as string);
				return view.count(from, to);
			},
		};
		const core = new Queue({ fault: () => "" });
		core.recover(counting, made.now);
		expect(new Set(counted)).toEqual(new Set(["c", "e", "z", "r"]));
		counted.length = 0;
		core.recover(counting, made.now);
		expect(new Set(counted)).toEqual(new Set(["r"]));
	});

	it("does not start from what a newer Antiphon has written", () => {
		const newer = bench();
		const body = newer.records.get("m") as Uint8Array;
		newer.records.set("m", Buffer.from([9, ...body.subarray(1)]));
		expect(() => newer.make()).toThrow("newer Antiphon");
	});

	it("gives nothing else to who has a call that others may have died of, as before", () => {
		const made = new QueueBench();
		made.pull({ credit: 5 });
		made.submit("poison", { retry: { attempts: 10 } });
		const runs = [1, 2].map(() => made.wait(50_000)).flatMap(deliveries);
		expect(made.stateOf("poison")).toBe("leased");
		made.restart();
		made.pull({ credit: 5, held: runs.slice(-1) });
		made.submit("other");
		expect([made.stateOf("poison"), made.stateOf("other")]).toEqual(["leased", "waiting"]);
	});

	it("gives what it finds leased a whole lease, and as long as providers may need to be heard of", () => {
		const made = new QueueBench({ settlingMs: 15_000 });
		made.pull();
		made.submit("a");
		made.wait(44_000);
		made.restart();
		made.wait(59_999);
		expect(made.stateOf("a")).toBe("leased");
		made.wait(1);
		expect(made.stateOf("a")).toBe("delayed");
	});
});
