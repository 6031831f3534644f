import { escaped } from "@antiphon/protocol";

// Everything of a description that comes into the generated file comes through here, and leaves as one literal.

/** A string literal that means this text. Nothing in it ends the literal, or hides or turns the code around it. */
export function stringLiteral(text: string): string {
	return escaped(JSON.stringify(text));
}

/** Text inside of a comment: it is on one line and cannot end the comment. */
export function commentText(text: string): string {
	return stringLiteral(text).slice(1, -1).replaceAll("*/", "* /");
}

/** `undefined` for what no literal says: JSON may hold 1e999. */
export function numberLiteral(value: unknown): string | undefined {
	return typeof value === "number" && Number.isFinite(value) ? JSON.stringify(value) : undefined;
}

/** A string, number, boolean or null; `undefined` for everything else. */
export function literal(value: unknown): string | undefined {
	if (typeof value === "string") return stringLiteral(value);
	if (value === null || typeof value === "boolean") return String(value);
	return numberLiteral(value);
}

/** The name of a member of an object literal. `__proto__` has no meaning of its own there when it is computed. */
export function memberName(name: string): string {
	if (name === "__proto__") return '["__proto__"]';
	return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringLiteral(name);
}
