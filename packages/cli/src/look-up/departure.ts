import { setTimeout as sleep } from "node:timers/promises";
import type { InstanceName, RegisteredInstance } from "@antiphon/protocol";
import { BusError, type Node } from "antiphon";
import type { Deadline } from "../connect/connection.js";
import { registeredWith } from "./registered.js";

/** How often it is looked whether an instance has left, in milliseconds: first, and at most as seldom as. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1_000;

/**
 * Waits until instances of one name have left a domain, or the time is over. Another node that registers under the same
 * name meanwhile is another instance.
 * @returns those that are still there, as they were last seen. @throws BusError
 */
export async function untilLeft(
	node: Node,
	domain: string,
	leaving: readonly RegisteredInstance[],
	deadline: Deadline,
): Promise<readonly RegisteredInstance[]> {
	let still = leaving;
	for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
		const instance = still[0]?.name;
		if (instance === undefined) return [];
		const there = await inTime(registeredWith(node, domain, { instance }, deadline));
		still = there?.filter((each) => leaving.some((one) => isOf(each, one))) ?? still;
		const leftMs = deadline.remainingMs();
		if (there === undefined || leftMs <= 1) return still;
		if (still.length > 0) await sleep(Math.min(pauseMs, leftMs - 1));
	}
}

/** What a question comes to; `undefined` when the time was over before there was an answer. @throws BusError */
async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
	try {
		return await answer;
	} catch (thrown) {
		const error = BusError.from(thrown);
		if (error.code === "deadline-exceeded") return undefined;
		throw error;
	}
}

function isOf(line: RegisteredInstance, other: RegisteredInstance): boolean {
	return isNamed(line, { service: other.service, instance: other.name }) && line.jid.equals(other.jid);
}

/** Whether a line is about the instance of this name. */
export function isNamed(line: RegisteredInstance, { service, instance }: InstanceName): boolean {
	return line.service === service && line.name === instance;
}
