import { Element, type XmlNode } from "./element.js";
import type { XmlLimits } from "./limits.js";
import { type Name, sameName } from "./name.js";
import { NamespaceScope, XML_NS } from "./namespace-scope.js";
import type { Abandoned } from "./skipper.js";
import type { After, TokenSink } from "./tokenizer.js";
import { OverLimit, Refusal } from "./xml-error.js";

/** Takes the finished elements, and says what is to come after each. */
export interface ElementSink {
	/** The root's start tag, where `rootIsHeader`. */
	header(header: Element): After;
	/** An element that is a child of the header, or the root where there is no header. */
	element(element: Element): After;
	/** The end of the header's element. */
	end(): After;
}

export interface BuilderOptions {
	/** The root is a stream header, given out at once and without its children, which come one by one. */
	readonly rootIsHeader: boolean;
	/** Elements of namespace `from` are read as of `to`. */
	readonly contentNs?: { readonly from: string; readonly to: string } | undefined;
}

const NO_ATTRIBUTES: readonly string[] = Object.freeze([]);
const NO_CHILDREN: readonly XmlNode[] = Object.freeze([]);
/** Up to here every pair of attribute names is compared, above it a set is made. */
const FEW_ATTRIBUTES = 16;
/** What the lists may keep of their size from one stanza to the next. */
const KEPT_NODES = 1024;

interface Open {
	name: Name;
	ns: string;
	attributes: readonly string[];
	firstNode: number;
	scopeMark: number;
	/** The default namespace that was in force outside. */
	outerDefault: string;
}

/**
 * Makes elements of tokens: nesting, namespaces, duplicate attributes, and the limits on depth, attributes and children.
 *
 * The children of all open elements stand in one list, those of the innermost last, so that each element gets an array
 * of just its size when it closes.
 */
export class TreeBuilder implements TokenSink {
	limits: XmlLimits;
	readonly #sink: ElementSink;
	readonly #options: BuilderOptions;
	readonly #scope = new NamespaceScope();
	/** Records of open elements; those at `#depth` and above are free to be used again. */
	readonly #open: Open[] = [];
	#depth = 0;
	#nodes: XmlNode[] = [];
	#nodeCount = 0;
	/** Elements, attributes and texts of the element under way on the first level, or of the header. */
	unitNodes = 0;
	/** What the header declared. */
	#headerMark = 0;
	#headerDefault = "";

	// The start tag under way.
	#tag: Name | undefined;
	#scopeMark = 0;
	#outerDefault = "";
	readonly #names: Name[] = [];
	#nameCount = 0;
	readonly #flat: string[] = [];
	#flatSize = 0;
	/** For each prefixed attribute its name; its place in `#flat` is in `#prefixedAt`. */
	readonly #prefixed: Name[] = [];
	readonly #prefixedAt: number[] = [];
	#manyNames: Set<string> | undefined;

	constructor(sink: ElementSink, limits: XmlLimits, options: BuilderOptions) {
		this.#sink = sink;
		this.limits = limits;
		this.#options = options;
	}

	reset(): void {
		this.#depth = 0;
		this.unitNodes = 0;
		this.#clearNodes(0);
		this.#scope.reset();
	}

	/** Whether there is a header, so that what comes is an element that can be given up. */
	get isInStream(): boolean {
		return this.#options.rootIsHeader && this.#depth > 0;
	}

	/** Gives up the element under way on the first level of the stream, and lets go of what there is of it. */
	abandon(): Abandoned {
		const open = this.#open.slice(1, this.#depth);
		const [first] = open;
		const head = first && new Element(first.name.local, first.ns, first.attributes, NO_CHILDREN);
		const hashes = open.map(({ name }) => name.hash);
		for (const record of open) {
			record.ns = "";
			record.attributes = NO_ATTRIBUTES;
		}
		this.#depth = 1;
		this.unitNodes = 0;
		this.#clearNodes(0);
		this.#flat.length = 0;
		this.#scope.leave(this.#headerMark, this.#headerDefault);
		return { head, open: hashes };
	}

	openTag(name: Name): void {
		const depth = this.#options.rootIsHeader ? this.#depth : this.#depth + 1;
		if (depth > this.limits.maxDepth) throw new OverLimit("maxDepth", "elements are nested too deeply");
		this.unitNodes++;
		this.#tag = name;
		this.#scopeMark = this.#scope.mark;
		this.#outerDefault = this.#scope.defaultNs;
		this.#nameCount = 0;
		this.#flatSize = 0;
		if (this.#prefixed.length > 0) {
			// Setting a length is slow enough to show.
			this.#prefixed.length = 0;
			this.#prefixedAt.length = 0;
		}
		this.#manyNames = undefined;
	}

	attribute(name: Name, value: string): void {
		this.unitNodes++;
		this.#addName(name);
		switch (name.role) {
			case "default-namespace":
				this.#scope.declareDefault(value);
				return;
			case "prefix-declaration":
				this.#scope.declare(name.local, value);
				return;
			case "prefixed":
				this.#prefixed.push(name);
				this.#prefixedAt.push(this.#flatSize);
		}
		this.#flat[this.#flatSize++] = name.local;
		this.#flat[this.#flatSize++] = value;
	}

	openTagEnd(empty: boolean): After {
		const name = this.#tag as Name;
		if (this.#prefixed.length > 0) this.#resolveAttributes();
		const ns = this.#elementNs(name);
		const attributes = this.#takeAttributes();
		const isHeader = this.#depth === 0 && this.#options.rootIsHeader;
		if (empty && !isHeader) {
			this.#scope.leave(this.#scopeMark, this.#outerDefault);
			return this.#finish(new Element(name.local, ns, attributes, NO_CHILDREN));
		}
		this.#push(name, ns, attributes);
		if (!isHeader) return "content";
		this.unitNodes = 0;
		this.#headerMark = this.#scope.mark;
		this.#headerDefault = this.#scope.defaultNs;
		const after = this.#sink.header(new Element(name.local, ns, attributes, NO_CHILDREN));
		return empty && after === "between" ? this.#sink.end() : after;
	}

	closeTag(name: Name): After {
		const open = this.#depth === 0 ? undefined : this.#open[this.#depth - 1];
		if (open === undefined || !sameName(open.name, name)) {
			throw new Refusal("not-well-formed", "an end tag that does not match its start tag");
		}
		this.#depth--;
		this.#scope.leave(open.scopeMark, open.outerDefault);
		if (this.#depth === 0 && this.#options.rootIsHeader) return this.#sink.end();
		const attributes = open.attributes;
		open.attributes = NO_ATTRIBUTES;
		return this.#finish(new Element(open.name.local, open.ns, attributes, this.#takeNodes(open.firstNode)));
	}

	text(text: string): void {
		this.unitNodes++;
		this.#addNode(text);
	}

	/** A finished element goes to its parent, or out. */
	#finish(element: Element): After {
		if (this.#depth > (this.#options.rootIsHeader ? 1 : 0)) {
			this.#addNode(element);
			return "content";
		}
		this.unitNodes = 0;
		return this.#sink.element(element);
	}

	#push(name: Name, ns: string, attributes: readonly string[]): void {
		const free = this.#open[this.#depth];
		const firstNode = this.#nodeCount;
		const scopeMark = this.#scopeMark;
		const outerDefault = this.#outerDefault;
		if (free === undefined) {
			this.#open.push({ name, ns, attributes, firstNode, scopeMark, outerDefault });
		} else {
			free.name = name;
			free.ns = ns;
			free.attributes = attributes;
			free.firstNode = firstNode;
			free.scopeMark = scopeMark;
			free.outerDefault = outerDefault;
		}
		this.#depth++;
	}

	#addNode(node: XmlNode): void {
		const open = this.#open[this.#depth - 1] as Open;
		if (this.#nodeCount - open.firstNode >= this.limits.maxChildren) {
			throw new OverLimit("maxChildren", "an element has too many children");
		}
		this.#nodes[this.#nodeCount++] = node;
	}

	#takeNodes(first: number): readonly XmlNode[] {
		const count = this.#nodeCount - first;
		if (count === 0) return NO_CHILDREN;
		const children = count === 1 ? [this.#nodes[first] as XmlNode] : this.#nodes.slice(first, this.#nodeCount);
		this.#clearNodes(first);
		return children;
	}

	/** Lets go of the nodes from `first` on, and of the list itself if it has become long. */
	#clearNodes(first: number): void {
		if (first === 0 && this.#nodes.length > KEPT_NODES) this.#nodes = [];
		else for (let i = first; i < this.#nodeCount; i++) this.#nodes[i] = "";
		this.#nodeCount = first;
	}

	#addName(name: Name): void {
		const count = this.#nameCount;
		if (count >= this.limits.maxAttributes) throw new OverLimit("maxAttributes", "an element has too many attributes");
		const names = this.#names;
		if (count < FEW_ATTRIBUTES) {
			for (let i = 0; i < count; i++) {
				if (sameName(names[i] as Name, name)) throw duplicate();
			}
			names[count] = name;
		} else {
			this.#manyNames ??= new Set(names.map((known) => known.qname));
			if (this.#manyNames.has(name.qname)) throw duplicate();
			this.#manyNames.add(name.qname);
		}
		this.#nameCount = count + 1;
	}

	/** Gives prefixed attributes their expanded names, once all declarations of the tag are known. */
	#resolveAttributes(): void {
		const prefixed = this.#prefixed;
		const seen = prefixed.length > 1 ? new ExpandedNames() : undefined;
		for (let i = 0; i < prefixed.length; i++) {
			const name = prefixed[i] as Name;
			const ns = this.#scope.resolve(name.prefix);
			// Two prefixes may stand for one namespace.
			if (seen?.add(ns, name.local) === false) throw duplicate();
			this.#flat[this.#prefixedAt[i] as number] = ns === XML_NS ? `xml:${name.local}` : `{${ns}}${name.local}`;
		}
	}

	#elementNs(name: Name): string {
		const ns = name.prefix === "" ? this.#scope.defaultNs : this.#scope.resolve(name.prefix);
		const contentNs = this.#options.contentNs;
		return contentNs !== undefined && ns === contentNs.from ? contentNs.to : ns;
	}

	#takeAttributes(): readonly string[] {
		const size = this.#flatSize;
		if (size === 0) return NO_ATTRIBUTES;
		const attributes = this.#flat.slice(0, size);
		// What is left in the list must not keep long values alive.
		for (let i = 0; i < size; i++) this.#flat[i] = "";
		return attributes;
	}
}

/**
 * Which expanded names a tag has had. A namespace may be as long as a stanza and stand in each of thousands of names, so
 * it counts by a number: names put together as `{namespace}local` are ropes that share it, and comparing or hashing one
 * would copy it whole.
 */
class ExpandedNames {
	readonly #namespaces = new Map<string, number>();
	readonly #names = new Set<string>();

	/** @returns whether it is new */
	add(ns: string, local: string): boolean {
		const number = this.#namespaces.get(ns) ?? this.#namespaces.size;
		this.#namespaces.set(ns, number);
		const before = this.#names.size;
		return this.#names.add(`${number}:${local}`).size > before;
	}
}

function duplicate(): Refusal {
	return new Refusal("not-well-formed", "an attribute that is given twice");
}
