/** What the server tells of itself (XEP-0092). The version is this package's; a test holds the two together. */
export const SOFTWARE = { name: "Antiphon embedded server", version: "0.1.0" } as const;
