export { MemoryDisk } from "../journal/memory-disk.js";
export { MemoryJournal, type MemoryJournalParts } from "../journal/memory-journal.js";
export { decodeRecord, encodeRecord } from "../journal/record.js";
export { journalConformance } from "./conformance.js";
export { LogDisk } from "./log-disk.js";
export { type Random, seeded } from "./random.js";
export type { ConformanceCase, CrashImage, MakeStore, StoreUnderTest } from "./store-under-test.js";
