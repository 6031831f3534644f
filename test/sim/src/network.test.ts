import { describe, expect, it } from "vitest";
import { Machine } from "./machine.js";
import { Network, type Stanza } from "./network.js";
import { Random } from "./random.js";
import { Schedule } from "./schedule.js";

const PERFECT = { loss: 0, copies: 0, late: 0, latestMs: 1, usualMs: 10, bounces: 1 };

function world(habits: Partial<typeof PERFECT> = {}) {
	const schedule = new Schedule();
	const random = new Random(7);
	const network = new Network<string>(schedule, random, { ...PERFECT, ...habits }, () => false);
	const attach = (address: string) => {
		const seen: Stanza<string>[] = [];
		const process = new Machine(address, schedule, random, 0).start(() => {});
		network.attach(address, { process, receive: (stanza) => seen.push(stanza), closed: () => {} });
		return seen;
	};
	const send = (from: string, to: string, body: string) => network.send({ kind: "set", id: body, from, to, body });
	const run = () => {
		const end = schedule.now + 1_000_000;
		while (schedule.step(end));
	};
	return { network, attach, send, run };
}

describe("the network", () => {
	it("brings a stanza to a session, and to a component under all its names", () => {
		const { attach, send, run } = world();
		const [one, component] = [attach("a@example.org/one.1"), attach("fn.example.org")];
		send("fn.example.org", "a@example.org/one.1", "hello");
		send("a@example.org/one.1", "words@fn.example.org", "there");
		run();
		expect(one.map(({ body }) => body)).toEqual(["hello"]);
		expect(component.map(({ body }) => body)).toEqual(["there"]);
	});

	it("answers for who is not there, and says that what was delivered as a copy may have been read", () => {
		const { attach, send, run } = world();
		const one = attach("a@example.org/one.1");
		for (let i = 0; i < 20; i++) send("a@example.org/one.1", "b@example.org/two.1", `${i}`);
		run();
		expect(new Set(one.map(({ kind }) => kind))).toEqual(new Set(["error"]));
		expect(new Set(one.map(({ executed }) => executed))).toEqual(new Set(["no", "unknown"]));
	});

	it("loses, copies and delays", () => {
		const { attach, send, run } = world({ loss: 0.2, copies: 0.2, late: 0.1, latestMs: 60_000 });
		const seen = attach("fn.example.org");
		for (let i = 0; i < 100; i++) send("a@example.org/one.1", "fn.example.org", `${i}`);
		run();
		const bodies = seen.map(({ body }) => Number(body));
		const different = new Set(bodies);
		expect(different.size).toBeLessThan(100);
		expect(bodies.length).toBeGreaterThan(different.size);
		expect(bodies).not.toEqual(bodies.toSorted((a, b) => a - b));
	});

	it("is cut in one direction, and healed", () => {
		const { network, attach, send, run } = world();
		const [one, component] = [attach("a@example.org/one.1"), attach("fn.example.org")];
		network.cut("one", { out: true, in: false });
		send("a@example.org/one.1", "fn.example.org", "lost");
		send("fn.example.org", "a@example.org/one.1", "there");
		run();
		network.heal("one");
		send("a@example.org/one.1", "fn.example.org", "again");
		run();
		expect(one.map(({ body }) => body)).toEqual(["there"]);
		expect(component.map(({ body }) => body)).toEqual(["again"]);
	});

	it("forgets what is on its way when the server starts again", () => {
		const { network, attach, send, run } = world();
		const seen = attach("fn.example.org");
		send("a@example.org/one.1", "fn.example.org", "lost");
		network.restart(1_000);
		run();
		expect(seen).toEqual([]);
	});
});
