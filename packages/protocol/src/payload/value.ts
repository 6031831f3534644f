import { BusError } from "../errors.js";
import { MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../limits.js";

/**
 * What a payload can hold: the values of JSON, and bytes where the encoding is msgpack. Every value that passes here
 * comes out on the other side as it went in.
 *
 * Checked before encoding, because encoders change silently what they do not know (a Map becomes an object, NaN becomes
 * null, an Error an extension), and after decoding.
 *
 * @returns how many object keys there are in all, so that a decoder can tell when duplicates were merged
 * @throws BusError `invalid-argument`, with the path of the culprit
 */
export function checkValue(value: unknown, bytes: "allow" | "refuse"): number {
	const walk = new Walk(bytes);
	walk.visit(value, 0);
	return walk.keys;
}

class Walk {
	keys = 0;
	#items = 0;
	readonly #path: (string | number)[] = [];
	readonly #bytes: "allow" | "refuse";

	constructor(bytes: "allow" | "refuse") {
		this.#bytes = bytes;
	}

	visit(value: unknown, depth: number): void {
		if (++this.#items > MAX_PAYLOAD_ITEMS) this.#refuse(`there are more than ${MAX_PAYLOAD_ITEMS} values`);
		switch (typeof value) {
			case "string":
				if (!value.isWellFormed()) this.#refuse("a string holds half of a surrogate pair");
				return;
			case "number":
				if (!Number.isFinite(value)) this.#refuse(`${value} is not a finite number`);
				return;
			case "boolean":
				return;
			case "object":
				if (value !== null) this.#visitObject(value, depth);
				return;
			default:
				this.#refuse(`a ${typeof value} cannot be sent${typeof value === "bigint" ? "; send it as a string" : ""}`);
		}
	}

	#visitObject(value: object, depth: number): void {
		if (depth >= MAX_PAYLOAD_DEPTH) this.#refuse(`it is nested deeper than ${MAX_PAYLOAD_DEPTH} levels`);
		if (Array.isArray(value)) {
			for (let i = 0; i < value.length; i++) {
				this.#path.push(i);
				this.visit(value[i], depth + 1);
				this.#path.pop();
			}
			return;
		}
		if (value instanceof Uint8Array) {
			if (this.#bytes === "refuse") this.#refuse("bytes cannot be sent as JSON; use msgpack, or a base64 string");
			return;
		}
		const prototype = Object.getPrototypeOf(value);
		if (prototype !== Object.prototype && prototype !== null) {
			this.#refuse(`a ${prototype.constructor?.name ?? "class instance"} cannot be sent; make it a plain object`);
		}
		for (const key of Object.keys(value)) {
			const child = (value as Record<string, unknown>)[key];
			// An absent optional field: left out by both encoders.
			if (child === undefined) continue;
			this.#path.push(key);
			if (key === "__proto__") this.#refuse("the key is reserved");
			if (!key.isWellFormed()) this.#refuse("the key holds half of a surrogate pair");
			this.keys++;
			this.visit(child, depth + 1);
			this.#path.pop();
		}
	}

	#refuse(reason: string): never {
		const path = this.#path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
		throw new BusError("invalid-argument", `payload${path.slice(0, 200)}: ${reason}`);
	}
}
