/** What those need who add a capability to a node (`NodeOptions.modules`). */
export { Admission } from "./admission.js";
export { attempt } from "./attempts.js";
export { BACKLOG } from "./backlog.js";
export { Balancer } from "./balancer.js";
export type { CallAbort } from "./call-abort.js";
export type { AdmittedCall, Outcome } from "./call-outcome.js";
export { cancelMessage } from "./cancel.js";
export { capabilitiesOf } from "./capabilities.js";
export { Departures } from "./departures.js";
export { addressOf, type Directory, isVersionOf, type ServedService, type Subject } from "./directory.js";
export type { Incoming, IncomingPresence, NodeHost, NodeModule, PayloadName, PresenceType } from "./node-host.js";
export { handleCommand, handleQuery, type QueryHandler } from "./query.js";
export type { Route } from "./route.js";
export { Seldom } from "./seldom.js";
