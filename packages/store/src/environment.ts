import * as lmdb from "lmdb";

/** Keys as they are: their characters are their bytes. */
const keyEncoder = {
	writeKey: (key: string, target: Buffer, at: number) => at + target.write(key, at, "latin1"),
	readKey: (source: Buffer, from: number, to: number) => source.toString("latin1", from, to),
};

type Root = lmdb.RootDatabase<Buffer, string>;

/**
 * The databases in a file. In `journal` are what this package has to know of it, with versions, so that a batch can be made
 * to depend on one; in `records` the records.
 */
export interface Environment {
	readonly root: Root;
	readonly journal: lmdb.Database<Buffer, string>;
	readonly records: lmdb.Database<Buffer, string>;
}

/** Of `lmdb.h`, and lmdb-js' own `MDB_OVERLAPPINGSYNC`: each lets a commit come back before it is on disk. */
const NOT_FLUSHED = {
	overlappingSync: 0x1000,
	noSync: 0x10000,
	noMetaSync: 0x40000,
	useWritemap: 0x80000,
	mapAsync: 0x100000,
};

/**
 * Opens a file, or makes it.
 * @param maxBytes about how large it may get
 * @throws Error when it cannot be read or written
 */
export function openEnvironment(file: string, maxBytes: number): Environment {
	const options = {
		path: file,
		name: null,
		noSubdir: true,
		maxDbs: 2,
		encoding: "binary",
		keyEncoder,
		permissionsMode: 0o600,
		// By default a promise is resolved at the commit, before the flush.
		overlappingSync: false,
		// One batch is one transaction, begun at once and not when the turn ends.
		eventTurnBatching: false,
		// Mapped once: a map that has become too small is kept beside the next one.
		mapSize: mapSize(maxBytes),
	};
	const root: Root = lmdb.open(options as unknown as lmdb.RootDatabaseOptionsWithPath);
	const databaseOptions = { encoding: "binary", keyEncoder } as const;
	const journal = root.openDB("journal", { ...databaseOptions, useVersions: true });
	const records = root.openDB("records", databaseOptions);
	const lax = laxFlags(root);
	if (lax.length > 0) throw new Error(`it is open with ${lax.join(", ")}`);
	return { root, journal, records };
}

/** Those of the flags under which a commit is not on disk when it comes back: there must be none. */
export function laxFlags(root: Root): string[] {
	const { env } = root as unknown as { readonly env: { readonly address: number } };
	const { nativeAddon } = lmdb as unknown as { readonly nativeAddon: { getEnvFlags(address: number): number } };
	const flags = nativeAddon.getEnvFlags(env.address);
	return Object.entries(NOT_FLUSHED).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]));
}

/** Where addresses are short, the library finds its way with small maps. */
function mapSize(maxBytes: number): number | undefined {
	return /64$/.test(process.arch) ? maxBytes + 64 * 1024 * 1024 : undefined;
}
