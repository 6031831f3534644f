export { journalFile, type LmdbStoreOptions, lmdbStore } from "./lmdb-store.js";
