export { type IqRequest, IqTable, type IqTableOptions } from "./iq-table.js";
export type { Link, LinkEvents, LinkState } from "./link.js";
export { type MemoryBus, type MemoryBusOptions, memoryBus } from "./memory.js";
export { stanzaId } from "./stanza-id.js";
