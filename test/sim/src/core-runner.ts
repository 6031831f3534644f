import type { Core, JournalTime, StoreError, View } from "@antiphon/delivery";
import type { Delivery } from "./delivery.js";
import type { Disk } from "./disk.js";
import type { Process } from "./machine.js";
import type { Schedule } from "./schedule.js";

export interface RunnerParts<Event, Effect> {
	readonly delivery: Delivery;
	readonly schedule: Schedule;
	readonly process: Process;
	readonly disk: Disk;
	readonly core: Core<Event, Effect>;
	release(effects: readonly Effect[]): void;
	refuse(events: readonly Event[], error: StoreError): void;
	keeps(event: Event): boolean;
	readonly mayComeLast?: (event: Event) => boolean;
	ended(error: StoreError): void;
}

/** A core on a disk, run by the engine with the clocks of its machine. @throws what the engine throws at its start */
export function runCore<Event, Effect>(parts: RunnerParts<Event, Effect>) {
	const { delivery, schedule, process, disk, core } = parts;
	const journal = disk.open(process);
	const time = new delivery.JournalClock(journal.view, { monotonic: process.clock.now, wall: process.wall });
	const engine = new delivery.Engine<Event, Effect>({
		core,
		journal,
		time,
		clock: process.clock,
		soon: (action) => schedule.after(0, () => process.run(action)),
		release: parts.release,
		refuse: parts.refuse,
		keeps: parts.keeps,
		mayComeLast: parts.mayComeLast,
		ended: parts.ended,
	});
	return {
		take: (event: Event) => engine.take(event),
		/** What is on the disk as it is now. */
		look: <Seen>(read: (view: View, now: JournalTime) => Seen): Seen => read(disk.flushed, time.now()),
		/** What a core that starts from the disk as it is now says to these events. It is thrown away with all that it decides. */
		shadow(another: Core<Event, Effect>, events: readonly Event[]): readonly Effect[] {
			const [view, now] = [disk.flushed, time.now()];
			another.recover(view, now);
			return another.step(events, now, new delivery.Overlay(view));
		},
	};
}
