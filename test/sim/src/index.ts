export { type Delivery, loadDelivery } from "./delivery.js";
export { lineOf } from "./history.js";
export { minimise } from "./minimise.js";
export { type Mutant, withMutant } from "./mutants/mutant.js";
export { MUTANTS } from "./mutants/mutants.js";
export { type Options, optionsOf } from "./options.js";
export { eventsAbout, hashOf, reportOf } from "./report.js";
export { type Outcome, simulate } from "./world.js";
