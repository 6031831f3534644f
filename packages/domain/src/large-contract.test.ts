import { type Link, memoryBus } from "@antiphon/link";
import { lineLog } from "@antiphon/protocol";
import { discoItems, fetchContract, service, set } from "antiphon";
import { describe, expect, it } from "vitest";
import { failure, host, join, NAME } from "./testing/bus.js";

const MAX_STANZA_BYTES = 64 * 1024;

/** A service of so many functions, each with some 250 characters of contract. */
function wordy(count: number) {
	const names = Array.from({ length: count }, (_, i) => `function-${i}`);
	const fn = set({ summary: "s".repeat(160) });
	return {
		contract: service("wordy", "1.0.0", Object.fromEntries(names.map((name) => [name, fn]))),
		handlers: Object.fromEntries(names.map((name) => [name, () => {}])),
	};
}

/** A link that takes less than the bus does. */
function narrow(link: Link): Link {
	return new Proxy(link, {
		get(target, name) {
			if (name === "maxStanzaBytes") return MAX_STANZA_BYTES;
			const value = Reflect.get(target, name, target);
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}

const ADVICE = /the contract of wordy 1\.0\.0 is too large: .*65536.*Make several services of it, or shorten/;

describe("a contract that is larger than a stanza", () => {
	it("is refused where it is registered, and the service is not there by halves", async () => {
		const bus = memoryBus({ maxStanzaBytes: MAX_STANZA_BYTES });
		const domain = await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		const { contract, handlers } = wordy(400);
		const error = await failure(worker.serve(contract, handlers, { domain: NAME }));
		expect(error).toMatchObject({ code: "too-large", message: expect.stringMatching(ADVICE) });
		expect(domain.instances).toBe(0);
		const small = wordy(20);
		await worker.serve(small.contract, small.handlers, { domain: NAME });
		expect(await fetchContract(await join(bus, "caller@example.org/x"), `wordy@${NAME}`)).toMatchObject({
			service: "wordy",
		});
	});

	it("is refused by a domain that could be sent it and could not send it on", async () => {
		const bus = memoryBus({ maxStanzaBytes: 4 * MAX_STANZA_BYTES });
		const domain = await host(bus, { link: narrow(bus.link(NAME)) });
		const worker = await join(bus, "worker@example.org/a");
		const { contract, handlers } = wordy(400);
		const error = await failure(worker.serve(contract, handlers, { domain: NAME }));
		expect(error).toMatchObject({ code: "too-large", message: expect.stringMatching(ADVICE) });
		expect(domain.instances).toBe(0);
	});

	it("is told of in the log of a node that owns its domain, whose functions can be called and listed", async () => {
		const bus = memoryBus({ maxStanzaBytes: MAX_STANZA_BYTES });
		const lines: string[] = [];
		const owner = await join(bus, NAME, { log: { ...lineLog("x", "error"), warn: (line) => void lines.push(line) } });
		const { contract, handlers } = wordy(400);
		await owner.serve(contract, handlers);
		expect(lines).toEqual([expect.stringMatching(ADVICE)]);
		const caller = await join(bus, "caller@example.org/x");
		await caller.client(contract, { domain: NAME })["function-7"]?.();
		expect(await discoItems(caller, `wordy@${NAME}`)).toHaveLength(400);
	});
});
