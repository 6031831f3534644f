export { type Log, type LogLevel, lineLog, quietLog } from "@antiphon/protocol";
export { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./limits.js";
export { ListenError } from "./listener.js";
export type { RoutedStanza, ServerOptions } from "./options.js";
export { type EmbeddedServer, type ServerStats, startServer } from "./server.js";
