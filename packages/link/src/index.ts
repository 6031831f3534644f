export { abortedError, checkedSignal } from "./aborted.js";
export { CHEAP_BACKLOG } from "./backlog.js";
export { type IqRequest, IqTable, type IqTableOptions } from "./iq-table.js";
export type { Link, LinkEvents, LinkState } from "./link.js";
export { type MemoryBus, type MemoryBusOptions, memoryBus } from "./memory.js";
export type { ClientLinkOptions, ComponentLinkOptions, LinkLimits, LinkTimeouts } from "./options.js";
export { stanzaId } from "./stanza-id.js";
export { clientLink } from "./xmpp/client.js";
export { componentLink } from "./xmpp/component.js";
