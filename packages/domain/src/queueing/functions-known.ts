import { majorOf, type Retry, type ServiceDescription } from "@antiphon/contract";
import type { Core, Desk, JournalTime, Key, QueueEffect, QueueEvent, View } from "@antiphon/delivery";
import { writtenByNewer } from "@antiphon/delivery";

/** Versions of one service that are remembered; then the lowest is forgotten. */
const MAX_MAJORS = 8;
/** Services and their major versions. Above that new ones are not remembered, which is said: they have no queue while nobody serves them. */
const MAX_RECORDS = 65_536;
const PREFIX = "f";
const VERSION = 1;

/** What the queue goes by, of a durable function. */
export interface DurableFunction {
	/** As it is declared. */
	readonly name: string;
	/** As far as the contract says it. */
	readonly retry?: Retry | undefined;
}

/** The durable functions of a major version, of the last contract that was seen. */
export interface DurableService {
	readonly service: string;
	readonly version: string;
	readonly functions: readonly DurableFunction[];
}

/** A contract was seen. */
export interface KnowEvent extends DurableService {
	readonly type: "know";
}

/** What there is no room for: it is not remembered. */
export interface UnknownEffect {
	readonly type: "unknown";
	readonly service: string;
	readonly version: string;
	/** How many are remembered. */
	readonly most: number;
}

export const isOfQueue = (event: QueueEvent | KnowEvent): event is QueueEvent => event.type !== "know";

export function durableIn({ service, version, functions }: ServiceDescription): DurableService {
	const durable = Object.entries(functions).filter(([, { delivery }]) => delivery !== "at-most-once");
	return { service, version, functions: durable.map(([name, { retry }]) => ({ name, retry })) };
}

/**
 * Which functions are durable is kept beside the queue, in its journal: calls are accepted while nobody is registered who
 * could say. It is a core around that of the queue, as a journal has one writer.
 */
export class FunctionsKnown implements Core<QueueEvent | KnowEvent, QueueEffect | UnknownEffect> {
	readonly #queue: Core<QueueEvent, QueueEffect>;
	readonly #most: number;

	/** @param most services and their major versions that are remembered */
	constructor(queue: Core<QueueEvent, QueueEffect>, most = MAX_RECORDS) {
		this.#queue = queue;
		this.#most = most;
	}

	step(
		events: readonly (QueueEvent | KnowEvent)[],
		now: JournalTime,
		desk: Desk,
	): readonly (QueueEffect | UnknownEffect)[] {
		const unknown: UnknownEffect[] = [];
		for (const event of events) {
			if (event.type !== "know" || know(event, desk, this.#most)) continue;
			const { service, version } = event;
			unknown.push({ type: "unknown", service, version, most: this.#most });
		}
		const effects = this.#queue.step(events.filter(isOfQueue), now, desk);
		return unknown.length === 0 ? effects : [...effects, ...unknown];
	}

	wakeUp(): number | undefined {
		return this.#queue.wakeUp();
	}

	recover(view: View, now: JournalTime): void {
		this.#queue.recover(view, now);
	}
}

/**
 * Reads a record of these.
 * @returns whether it is one
 * @throws StoreError when it cannot be read
 */
export function readsAsKnown(key: Key, body: Uint8Array): boolean {
	if (!key.startsWith(PREFIX)) return false;
	read(body);
	return true;
}

/** What was kept of a service, the newest major version first. @throws StoreError when it cannot be read */
export function functionsKept(view: View, service: string): DurableService[] {
	return majorsOf(view, service).map((major) => read(view.get(keyOf(service, major)) as Uint8Array));
}

/** @returns whether there is room for it */
function know({ service, version, functions }: KnowEvent, desk: Desk, most: number): boolean {
	const major = majorOf(version);
	const key = keyOf(service, major);
	const known = desk.get(key);
	if (functions.length === 0) {
		if (known !== undefined) desk.delete(key);
		return true;
	}
	const body = Buffer.from(`${String.fromCharCode(VERSION)}${JSON.stringify({ service, version, functions })}`);
	if (known !== undefined && body.equals(known)) return true;
	if (known === undefined) {
		const lowest = majorsOf(desk, service)[MAX_MAJORS - 1];
		if (lowest !== undefined) desk.delete(keyOf(service, lowest));
		else if (desk.count(PREFIX, after(PREFIX)) >= most) return false;
	}
	desk.put(key, body);
	return true;
}

function majorsOf(view: View, service: string): number[] {
	const prefix = `${PREFIX}${service} `;
	const keys = view.keys(prefix, after(prefix), MAX_MAJORS);
	return keys.map((key) => Number(key.slice(prefix.length))).sort((a, b) => b - a);
}

function keyOf(service: string, major: number): Key {
	return `${PREFIX}${service} ${major}`;
}

/** The first key behind all that begin with these letters. */
const after = (prefix: string): Key =>
	prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

function read(body: Uint8Array): DurableService {
	if (body[0] !== VERSION) throw writtenByNewer("what is known of functions", body[0], VERSION);
	return JSON.parse(Buffer.from(body.subarray(1)).toString()) as DurableService;
}
