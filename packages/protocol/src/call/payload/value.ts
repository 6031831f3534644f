import { isUint8Array } from "node:util/types";
import { BusError } from "../../errors.js";
import { MAX_PAYLOAD_CHARS, MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../../limits.js";

/** A copy that is made of nothing but plain values. */
export interface PlainValue {
	readonly value: unknown;
	/** How many object keys there are in all, so that a decoder can tell when duplicates were merged. */
	readonly keys: number;
}

/**
 * Copies what a payload can hold, and refuses everything else: `null`, booleans, finite numbers, well-formed strings,
 * arrays, plain objects, and bytes where the encoding can carry them.
 *
 * Encoders change silently what they do not know (a Map becomes an object, NaN becomes null, an Error an extension),
 * call `toJSON`, and read a getter or a Proxy as often as they like. The copy reads everything once, so that what was
 * checked is what is encoded. Of an object its own enumerable string keys count, without those that are `undefined`;
 * of an array its elements; negative zero is zero.
 *
 * @throws BusError `invalid-argument` with the path of the culprit, `too-large`; and whatever a getter or Proxy throws
 */
export function plainValue(value: unknown, bytes: "allow" | "refuse"): PlainValue {
	const copier = new Copier(bytes);
	return { value: copier.copy(value, 0), keys: copier.keys };
}

class Copier {
	keys = 0;
	#items = 0;
	#chars = 0;
	/** The key or index at each level above the value in hand. */
	readonly #path: (string | number)[] = [];
	readonly #bytes: "allow" | "refuse";

	constructor(bytes: "allow" | "refuse") {
		this.#bytes = bytes;
	}

	copy(value: unknown, depth: number): unknown {
		if (++this.#items > MAX_PAYLOAD_ITEMS) this.#refuse(depth, `there are more than ${MAX_PAYLOAD_ITEMS} values`);
		switch (typeof value) {
			case "string":
				if (!value.isWellFormed()) this.#refuse(depth, "a string holds half of a surrogate pair");
				this.#spend(value.length, depth);
				return value;
			case "number":
				if (!Number.isFinite(value)) this.#refuse(depth, `${value} is not a finite number`);
				// -0 becomes 0, as both encodings would have it.
				return value + 0;
			case "boolean":
				return value;
			case "object":
				return value === null ? null : this.#copyObject(value, depth);
			default:
				return this.#refuse(
					depth,
					`a value of type ${typeof value} cannot be sent${typeof value === "bigint" ? "; send it as a string" : ""}`,
				);
		}
	}

	#copyObject(value: object, depth: number): unknown {
		if (isUint8Array(value)) {
			if (this.#bytes === "refuse")
				this.#refuse(depth, "bytes cannot be sent as JSON; use msgpack, or a base64 string");
			this.#spend(value.byteLength, depth);
			return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
		}
		if (depth >= MAX_PAYLOAD_DEPTH) {
			this.#refuse(depth, `it is nested deeper than ${MAX_PAYLOAD_DEPTH} levels, or holds itself`);
		}
		return Array.isArray(value) ? this.#copyArray(value, depth) : this.#copyPlainObject(value, depth);
	}

	#copyArray(array: readonly unknown[], depth: number): unknown[] {
		const { length } = array;
		const copy: unknown[] = [];
		for (let i = 0; i < length; i++) {
			this.#path[depth] = i;
			copy.push(this.copy(array[i], depth + 1));
		}
		return copy;
	}

	#copyPlainObject(object: object, depth: number): Record<string, unknown> {
		const prototype = Object.getPrototypeOf(object);
		if (prototype !== Object.prototype && prototype !== null) {
			const name = prototype.constructor?.name;
			this.#refuse(
				depth,
				`${typeof name === "string" && name !== "" ? `an instance of ${name.slice(0, 64)}` : "a class instance"} cannot be sent; make it a plain object`,
			);
		}
		const copy: Record<string, unknown> = {};
		for (const key of Object.keys(object)) {
			const child = (object as Record<string, unknown>)[key];
			// An absent optional field.
			if (child === undefined) continue;
			this.#path[depth] = key;
			if (key === "__proto__") this.#refuse(depth + 1, "the key is reserved");
			if (!key.isWellFormed()) this.#refuse(depth + 1, "the key holds half of a surrogate pair");
			this.#spend(key.length, depth + 1);
			this.keys++;
			this.#items++;
			copy[key] = this.copy(child, depth + 1);
		}
		return copy;
	}

	#spend(chars: number, depth: number): void {
		this.#chars += chars;
		if (this.#chars > MAX_PAYLOAD_CHARS) {
			throw new BusError("too-large", `payload${this.#where(depth)}: more than ${MAX_PAYLOAD_CHARS} characters`);
		}
	}

	#refuse(depth: number, reason: string): never {
		throw new BusError("invalid-argument", `payload${this.#where(depth)}: ${reason}`);
	}

	#where(depth: number): string {
		const steps = this.#path.slice(0, depth).map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`));
		return steps.join("").slice(0, 200).toWellFormed();
	}
}
