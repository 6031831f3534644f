/** What those need who add a capability to a node (`NodeOptions.modules`). */

export { capabilitiesOf } from "./answers/capabilities.js";
export { Admission } from "./bounds/admission.js";
export { BACKLOG } from "./bounds/backlog.js";
export { Denials } from "./bounds/denials.js";
export { Places } from "./bounds/places.js";
export { Seldom } from "./bounds/seldom.js";
export { attempt, type GiveUpOn } from "./calling/attempts.js";
export { InstancePool } from "./calling/instance-pool.js";
export type { Route } from "./calling/route.js";
export type { CallAbort } from "./calls/call-abort.js";
export type { AdmittedCall, Outcome } from "./calls/call-outcome.js";
export { cancelMessage } from "./calls/cancel.js";
export { keptElement } from "./calls/kept-element.js";
export { ENVELOPE_BYTES, errorOfRefusal, faultText, outcomeFrom, readOutcomeText } from "./calls/outcome-text.js";
export { isRunning } from "./calls/running.js";
export { type Batch, batches, goesAlong, itemBytes } from "./host/batches.js";
export { contractTooLarge, whyNotShown } from "./host/contract-answer.js";
export { addressOf, type Directory, isVersionOf, type ServedService, type Subject } from "./host/directory.js";
export { handleGet, handleSet, type IqHandler } from "./host/handle-iq.js";
export { runOnJournal } from "./host/journal-engine.js";
export type { Incoming, IncomingPresence, NodeHost, NodeModule, PayloadName, PresenceType } from "./host/node-host.js";
