export { checkStore, type StoreReport } from "./check-store.js";
export { createDomain, type Domain, type DomainOptions } from "./create-domain.js";
export { type DomainLimits, resolveLimits as domainLimits } from "./limits.js";
export { checkedOwners } from "./policy/names.js";
export { type AccessEntry, type AccessOptions, Policy } from "./policy/policy.js";
export { checkStateFile } from "./state-file.js";
