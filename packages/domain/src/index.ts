export { createDomain, type Domain, type DomainOptions } from "./create-domain.js";
export type { DomainLimits } from "./limits.js";
export type { AccessEntry, AccessOptions } from "./policy.js";
