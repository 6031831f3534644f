import { HASH, isXmlChar, NAME_BYTE, SEMICOLON } from "./chars.js";
import { Refusal } from "./xml-error.js";

type Phase = "first" | "name" | "number" | "decimal" | "hexadecimal";

const PREDEFINED: Readonly<Record<string, number>> = { amp: 0x26, lt: 0x3c, gt: 0x3e, quot: 0x22, apos: 0x27 };
const LONGEST_PREDEFINED = 4;
const ABOVE_UNICODE = 0x110000;

/** Reads what stands between `&` and `;`, one byte at a time. */
export class Reference {
	#phase: Phase = "first";
	#name = "";
	#length = 0;
	#value = 0;

	begin(): void {
		this.#phase = "first";
		this.#name = "";
		this.#length = 0;
		this.#value = 0;
	}

	/** @returns the code point once `;` has come, before that -1. @throws Refusal */
	next(byte: number, maxNameBytes: number): number {
		switch (this.#phase) {
			case "first":
				if (byte === HASH) this.#phase = "number";
				else {
					if (NAME_BYTE[byte] === 0 || (byte < 0x3a && byte >= 0x2d)) throw malformed();
					this.#phase = "name";
					this.#addToName(byte, maxNameBytes);
				}
				return -1;
			case "name":
				if (byte === SEMICOLON) return this.#predefined();
				if (NAME_BYTE[byte] === 0) throw malformed();
				this.#addToName(byte, maxNameBytes);
				return -1;
			case "number":
				if (byte === 0x78 /* x */) {
					this.#phase = "hexadecimal";
					return -1;
				}
				this.#phase = "decimal";
				return this.#digit(byte, 10);
			case "decimal":
				return this.#digit(byte, 10);
			case "hexadecimal":
				return this.#digit(byte, 16);
		}
	}

	#addToName(byte: number, maxNameBytes: number): void {
		this.#length++;
		if (this.#length > maxNameBytes) throw new Refusal("policy-violation", "the name of an entity is too long");
		if (this.#length <= LONGEST_PREDEFINED) this.#name += String.fromCharCode(byte);
	}

	#predefined(): number {
		const name = this.#name;
		if (this.#length > LONGEST_PREDEFINED || !Object.hasOwn(PREDEFINED, name)) {
			throw new Refusal("restricted-xml", "an entity other than the five of XML itself");
		}
		return PREDEFINED[name] as number;
	}

	#digit(byte: number, radix: number): number {
		if (byte === SEMICOLON) {
			// No digits at all come to 0, which is not allowed either.
			if (!isXmlChar(this.#value))
				throw new Refusal("not-well-formed", "a reference to a character XML does not allow");
			return this.#value;
		}
		const digit = digitOf(byte);
		if (digit < 0 || digit >= radix) throw malformed();
		// Leading zeros are allowed without end, so the value is kept and not the digits.
		this.#value = Math.min(this.#value * radix + digit, ABOVE_UNICODE);
		return -1;
	}
}

function digitOf(byte: number): number {
	if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
	const lower = byte | 0x20;
	return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function malformed(): Refusal {
	return new Refusal("not-well-formed", "& that begins no reference");
}
