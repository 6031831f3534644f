/** Who serves something: the server's own domain, or each account on its bare JID. */
export type Where = "server" | "account";

/** The disco#info features that modules announce. */
export class Features {
	readonly #features: Record<Where, Set<string>> = { server: new Set(), account: new Set() };

	add(where: Where, feature: string): () => void {
		this.#features[where].add(feature);
		return () => void this.#features[where].delete(feature);
	}

	/** Sorted, so that answers are the same each time. */
	list(where: Where): readonly string[] {
		return [...this.#features[where]].sort();
	}
}
