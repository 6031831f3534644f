/** Words that cannot be the name of a constant in a module of TypeScript, and those that the generated file uses. */
const TAKEN =
	"arguments as await break case catch class const continue debugger default delete do else enum eval export exports extends false finally for function get globalThis if implements import in instanceof interface let module new null package private protected public require return service set static super switch this throw true try typeof undefined var void while with yield z";

const PART = /^[\w-]{1,64}$/;

/** The names of constants in one file: each is given once. */
export class Names {
	readonly #taken = new Set(TAKEN.split(" "));

	/** `["dictionary", "look-up"]` becomes `dictionaryLookUp`, or that with a number. Parts that are no names do not count. */
	take(...parts: readonly string[]): string {
		const words = parts.flatMap((part) => (PART.test(part) ? part.split(/[-_]+/) : []));
		const [first = "", ...rest] = words;
		const joined = first.charAt(0).toLowerCase() + first.slice(1) + rest.map(capitalized).join("");
		const wanted = /^[a-z]/.test(joined) ? joined : `service${joined}`;
		let name = wanted;
		for (let i = 2; this.#taken.has(name); i++) name = `${wanted}${i}`;
		this.#taken.add(name);
		return name;
	}
}

function capitalized(word: string): string {
	return word.charAt(0).toUpperCase() + word.slice(1);
}
