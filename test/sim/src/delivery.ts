import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type {
	Core,
	InboxEffect,
	InboxEvent,
	OutboxEffect,
	OutboxEvent,
	QueueEffect,
	QueueEvent,
} from "@antiphon/delivery";

const DIST = "../../../packages/delivery/dist";

/** The parts of the package that are run: from this checkout, or from a folder where something has been broken on purpose. */
export interface Delivery {
	readonly Engine: typeof import("../../../packages/delivery/dist/engine/engine.js").Engine;
	readonly Overlay: typeof import("../../../packages/delivery/dist/engine/overlay.js").Overlay;
	readonly JournalClock: typeof import("../../../packages/delivery/dist/journal/journal-clock.js").JournalClock;
	readonly MemoryDisk: typeof import("../../../packages/delivery/dist/journal/memory-disk.js").MemoryDisk;
	readonly StoreError: typeof import("../../../packages/delivery/dist/journal/journal.js").StoreError;
	readonly encodeBatch: typeof import("../../../packages/delivery/dist/journal/batch.js").encodeBatch;
	readonly decodeRecord: typeof import("../../../packages/delivery/dist/journal/record.js").decodeRecord;
	readonly inspectQueue: typeof import("../../../packages/delivery/dist/queue/inspect.js").inspectQueue;
	readonly callIn: typeof import("../../../packages/delivery/dist/queue/kept-calls.js").callIn;
	readonly callsIn: typeof import("../../../packages/delivery/dist/queue/kept-calls.js").callsIn;
	queue(): Core<QueueEvent, QueueEffect>;
	outbox(settings: { readonly isDurable: boolean }): Core<OutboxEvent, OutboxEffect>;
	inbox(settings: { readonly isDurable: boolean; readonly session: string }): Core<InboxEvent, InboxEffect>;
}

/** @param folder of the built files; default: those of this checkout */
export async function loadDelivery(folder: string = fileURLToPath(new URL(DIST, import.meta.url))): Promise<Delivery> {
	const load = (file: string) => import(pathToFileURL(join(folder, file)).href);
	const { Engine } = await load("engine/engine.js");
	const { Overlay } = await load("engine/overlay.js");
	const { JournalClock } = await load("journal/journal-clock.js");
	const { MemoryDisk } = await load("journal/memory-disk.js");
	const { StoreError } = await load("journal/journal.js");
	const { encodeBatch } = await load("journal/batch.js");
	const { decodeRecord } = await load("journal/record.js");
	const { callIn, callsIn } = await load("queue/kept-calls.js");
	const { Queue } = await load("queue/queue.js");
	const { inspectQueue } = await load("queue/inspect.js");
	const { Outbox } = await load("outbox/outbox.js");
	const { Inbox } = await load("inbox/inbox.js");
	return {
		Engine,
		Overlay,
		JournalClock,
		MemoryDisk,
		StoreError,
		encodeBatch,
		decodeRecord,
		inspectQueue,
		callIn,
		callsIn,
		queue: () => new Queue({ fault: writeFault, fits: (wanted: string, served: string) => wanted <= served }),
		outbox: (settings) => new Outbox({ ...settings, fault: writeFault }),
		inbox: (settings) => new Inbox({ ...settings, fault: writeFault }),
	};
}

/** As no fault of a handler is: those have the number of their run. */
function writeFault(code: string, executed: string, message: string): string {
	return `<fault code='${code}' executed='${executed}'>${message}</fault>`;
}
