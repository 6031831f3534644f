/** What a node tells of itself (XEP-0092). The version is this package's; a test holds the two together. */
export const SOFTWARE = { name: "Antiphon", version: "0.1.0" } as const;

/** What entity capabilities call this software (XEP-0115). */
export const SOFTWARE_URI = "urn:antiphon";
