import { type Journal, type MemoryStoreOptions, memoryStore, type Store, StoreError } from "@antiphon/delivery";

/** A store that outlives a node, and is taken for one that outlives its process. */
export function keptStore(options?: MemoryStoreOptions): Store {
	const store = memoryStore(options);
	return {
		kind: "kept",
		isDurable: true,
		open: async (name): Promise<Journal> => {
			const journal = await store.open(name);
			return {
				isDurable: true,
				view: journal.view,
				write: (writes, done) => journal.write(writes, done),
				usage: () => journal.usage(),
				close: (done) => journal.close(done),
			};
		},
	};
}

/** The same, on a disk that takes nothing. */
export function brokenStore(): Store {
	const store = keptStore();
	const write: Journal["write"] = (_, done) => {
		setImmediate(() => done(new StoreError("failed", "the disk is gone")));
	};
	return { ...store, open: async (name) => ({ ...(await store.open(name)), write }) };
}
