import { type MemoryBus, memoryBus } from "@antiphon/link";
import { vi } from "vitest";
import { DOMAIN, turn } from "./bus.js";
import { QueueDomain } from "./queue-domain.js";

/** A bus with a domain that keeps calls, where time passes when the test says so: until `vi.useRealTimers()`. */
export async function queueWorld(): Promise<{ readonly bus: MemoryBus; readonly domain: QueueDomain }> {
	vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"] });
	const bus = memoryBus();
	return { bus, domain: await new QueueDomain(bus, DOMAIN).open() };
}

/** Lets everything happen that is ready to, and what is due within this time. */
export async function pass(ms = 0): Promise<void> {
	await turn(12);
	for (let left = ms; left > 0; left -= 500) {
		await vi.advanceTimersByTimeAsync(Math.min(left, 500));
		await turn(8);
	}
}
