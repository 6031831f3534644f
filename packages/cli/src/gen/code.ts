/**
 * Code that is laid out when it is printed: a text, parts that follow each other, or a list in brackets that takes one
 * line where it fits and a line for each item where it does not.
 */
export type Code = string | readonly Code[] | Bracketed;

interface Bracketed {
	readonly open: string;
	readonly items: readonly Code[];
	readonly close: string;
	/** What a line ends with when each item has its own; on one line only commas are needed. */
	readonly end: "," | ";";
	/** Inside of the brackets, on one line. */
	readonly padding: "" | " ";
	readonly isBroken: boolean;
}

const LINE_WIDTH = 120;
const TAB_WIDTH = 2;

/** `name(…)`. A single object or list begins on the line of the name. */
export function call(name: string, ...args: readonly Code[]): Code {
	const [only] = args;
	if (args.length === 1 && isBracketed(only) && /^[{[]$/.test(only.open)) return [`${name}(`, only, ")"];
	return { open: `${name}(`, items: args, close: ")", end: ",", padding: "", isBroken: false };
}

/** `{ … }`. @param isBroken a line for each member, even where one would do */
export function object(members: readonly Code[], isBroken = false): Code {
	if (members.length === 0) return "{}";
	return { open: "{", items: members, close: "}", end: ",", padding: " ", isBroken };
}

/** `[ … ]` */
export function list(items: readonly Code[]): Code {
	if (items.length === 0) return "[]";
	return { open: "[", items, close: "]", end: ",", padding: "", isBroken: false };
}

/** `get name() { return …; }` */
export function getter(name: string, value: Code): Code {
	return {
		open: `get ${name}() {`,
		items: [["return ", value]],
		close: "}",
		end: ";",
		padding: " ",
		isBroken: true,
	};
}

/** Lays the code out, with tabs. */
export function print(code: Code): string {
	const printer = new Printer();
	printer.print(code, 0);
	return printer.text();
}

function isBracketed(code: Code | undefined): code is Bracketed {
	return typeof code === "object" && !Array.isArray(code);
}

class Printer {
	readonly #out: string[] = [];
	#column = 0;
	#indent = 0;
	/** Each width is asked for once for each level around it. */
	readonly #widths = new WeakMap<object, number>();

	text(): string {
		return this.#out.join("");
	}

	/** @param after columns that what follows on the same line takes */
	print(code: Code, after: number): void {
		if (typeof code === "string") this.#put(code);
		else if (!isBracketed(code)) this.#printParts(code, after);
		else if (this.#column + this.#width(code) + after <= LINE_WIDTH) this.#printFlat(code);
		else this.#printBroken(code);
	}

	#printParts(parts: readonly Code[], after: number): void {
		let rest = parts.reduce((sum: number, part) => sum + this.#width(part), after);
		for (const part of parts) {
			rest -= this.#width(part);
			// What breaks itself does not lengthen this line.
			this.print(part, Number.isFinite(rest) ? rest : 0);
		}
	}

	#printFlat(code: Code): void {
		if (typeof code === "string") this.#put(code);
		else if (!isBracketed(code)) for (const part of code) this.#printFlat(part);
		else {
			this.#put(code.open + code.padding);
			for (const [i, item] of code.items.entries()) {
				if (i > 0) this.#put(", ");
				this.#printFlat(item);
			}
			this.#put(code.padding + code.close);
		}
	}

	#printBroken({ open, items, close, end }: Bracketed): void {
		this.#put(open);
		this.#indent++;
		for (const item of items) {
			this.#newLine();
			this.print(item, end.length);
			this.#put(end);
		}
		this.#indent--;
		this.#newLine();
		this.#put(close);
	}

	#put(text: string): void {
		this.#out.push(text);
		this.#column += text.length;
	}

	#newLine(): void {
		this.#out.push(`\n${"\t".repeat(this.#indent)}`);
		this.#column = this.#indent * TAB_WIDTH;
	}

	/** On one line; infinite for what never is. */
	#width(code: Code): number {
		if (typeof code === "string") return code.length;
		const known = this.#widths.get(code);
		if (known !== undefined) return known;
		const width = this.#measure(code);
		this.#widths.set(code, width);
		return width;
	}

	#measure(code: readonly Code[] | Bracketed): number {
		const sum = (codes: readonly Code[]) => codes.reduce((total: number, each) => total + this.#width(each), 0);
		if (!isBracketed(code)) return sum(code);
		if (code.isBroken) return Number.POSITIVE_INFINITY;
		const commas = Math.max(0, code.items.length - 1) * ", ".length;
		return code.open.length + sum(code.items) + commas + 2 * code.padding.length + code.close.length;
	}
}
