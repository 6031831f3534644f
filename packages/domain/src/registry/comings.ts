import { BusError, type Jid } from "@antiphon/protocol";

/** Nodes that are being registered, which takes time: some have gone before it is done. */
export class Comings {
	readonly #coming = new Set<{ readonly node: string; hasGone: boolean }>();

	/**
	 * @param action gets what to ask before the node is taken for there. @throws BusError `unavailable` if it has gone meanwhile
	 */
	async during<T>(node: Jid, action: (requireHere: () => void) => Promise<T>): Promise<T> {
		const coming = { node: node.toString(), hasGone: false };
		this.#coming.add(coming);
		try {
			return await action(() => {
				if (coming.hasGone) throw new BusError("unavailable", `${node} has gone before it was registered`);
			});
		} finally {
			this.#coming.delete(coming);
		}
	}

	gone(node: Jid): void {
		for (const coming of this.#coming) if (coming.node === node.toString()) coming.hasGone = true;
	}
}
