import { OverLimit, Refusal } from "./xml-error.js";

export const XML_NS = "http://www.w3.org/XML/1998/namespace";
export const XMLNS_NS = "http://www.w3.org/2000/xmlns/";

/**
 * The namespaces in force at a point of the document (Namespaces in XML 1.0). A declaration notes what it hides, so that
 * looking a prefix up takes the same time however many are declared.
 */
export class NamespaceScope {
	defaultNs = "";
	readonly #prefixes = new Map<string, string>();
	/** Flat: prefix, and the namespace that it had before, or undefined. */
	readonly #hidden: (string | undefined)[] = [];

	/** Where `leave` is to return to. */
	get mark(): number {
		return this.#hidden.length;
	}

	/** @throws Refusal */
	declareDefault(ns: string): void {
		const problem = "a reserved namespace as default namespace";
		if (ns === XML_NS) throw new OverLimit("xmlNamespace", problem);
		if (ns === XMLNS_NS) throw badPrefix(problem);
		this.defaultNs = ns;
	}

	/** @throws Refusal */
	declare(prefix: string, ns: string): void {
		if (prefix === "xmlns") throw badPrefix("a declaration of the prefix xmlns");
		if ((prefix === "xml") !== (ns === XML_NS)) throw badPrefix("the prefix xml and its namespace belong together");
		if (ns === XMLNS_NS) throw badPrefix("a prefix for the namespace of xmlns");
		if (ns === "") throw badPrefix("a prefix for no namespace");
		if (prefix === "xml") return;
		this.#hidden.push(prefix, this.#prefixes.get(prefix));
		this.#prefixes.set(prefix, ns);
	}

	/** @throws Refusal when the prefix is not bound */
	resolve(prefix: string): string {
		const ns = prefix === "xml" ? XML_NS : this.#prefixes.get(prefix);
		if (ns === undefined) throw badPrefix("a prefix that is not declared");
		return ns;
	}

	leave(mark: number, defaultNs: string): void {
		this.defaultNs = defaultNs;
		while (this.#hidden.length > mark) {
			const ns = this.#hidden.pop();
			const prefix = this.#hidden.pop() as string;
			if (ns === undefined) this.#prefixes.delete(prefix);
			else this.#prefixes.set(prefix, ns);
		}
	}

	reset(): void {
		this.leave(0, "");
	}
}

function badPrefix(problem: string): Refusal {
	return new Refusal("bad-namespace-prefix", problem);
}
