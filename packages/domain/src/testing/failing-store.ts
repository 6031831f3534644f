import { type Journal, memoryStore, type Store, StoreError, type StoreErrorKind } from "@antiphon/delivery";

/** What a disk is told, and what it has come to. */
export interface DiskControl {
	/** What becomes of batches; `undefined`: they are stored. */
	fails: StoreErrorKind | undefined;
	/** Batches that were stored, and that were not. */
	stored: number;
	refused: number;
}

/** A store in memory that is taken for one on disk, outlives who uses it, and fails as it is told. */
export function failingStore(): { readonly control: DiskControl; readonly store: Store } {
	const store = memoryStore();
	const control: DiskControl = { fails: undefined, stored: 0, refused: 0 };
	const open = async (name: string): Promise<Journal> => {
		const journal = await store.open(name);
		const write: Journal["write"] = (writes, done) => {
			const { fails } = control;
			if (fails === undefined) {
				control.stored++;
				journal.write(writes, done);
				return;
			}
			control.refused++;
			queueMicrotask(() => done(new StoreError(fails, "the disk is on fire")));
		};
		return {
			isDurable: true,
			view: journal.view,
			write,
			usage: () => journal.usage(),
			close: (done) => journal.close(done),
		};
	};
	return { control, store: { kind: "a test", isDurable: true, open } };
}
