import type { MemoryBus } from "@antiphon/link";
import { BusError } from "@antiphon/protocol";
import { createNode, type Node, type NodeOptions } from "antiphon";
import { onTestFinished } from "vitest";
import { createDomain, type Domain, type DomainOptions } from "../index.js";

export const NAME = "fn.example.org";

/** The same, until the test ends. The last that was opened is closed first. */
export function untilTheEnd<T extends { close(): Promise<void> }>(opened: T): T {
	onTestFinished(() => opened.close());
	return opened;
}

/** A domain on the bus, until the test ends. It takes it for granted at once that nobody was there before. */
export async function host(bus: MemoryBus, options: Partial<DomainOptions> = {}): Promise<Domain> {
	const limits = { settleMs: 1, ...options.limits };
	return untilTheEnd(await createDomain({ link: bus.link(NAME), ...options, limits }));
}

/** A node on the bus, until the test ends. */
export async function join(bus: MemoryBus, jid: string, options: Omit<NodeOptions, "link"> = {}): Promise<Node> {
	return untilTheEnd(await createNode({ link: bus.link(jid), ...options }));
}

/** The BusError that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<BusError> {
	const outcome = await promise.catch((error: unknown) => error);
	if (outcome instanceof BusError) return outcome;
	throw new Error(`a BusError was expected, and came ${String(outcome)}`, { cause: outcome });
}
