/** How long the name of a service, a function or a fault may be, in characters. */
export const MAX_NAME_CHARS = 64;

const INSIDE = MAX_NAME_CHARS - 2;
const LOWER = `[a-z0-9](?:[a-z0-9-]{0,${INSIDE}}[a-z0-9])?`;
const MIXED = `[a-zA-Z0-9](?:[a-zA-Z0-9_-]{0,${INSIDE}}[a-zA-Z0-9_])?`;
const NUMBER = "(?:0|[1-9][0-9]{0,8})";

const LOWER_NAME = new RegExp(`^${LOWER}$`);
const FUNCTION_NAME = new RegExp(`^${MIXED}$`);
const QUALIFIED_NAME = new RegExp(`^${LOWER}\\.${MIXED}$`);
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}$`);

/** 1 to 64 lower-case letters, digits and hyphens, no hyphen at either end: the local part of the service's JID. */
export function isServiceName(text: string): boolean {
	return LOWER_NAME.test(text);
}

/** 1 to 64 letters, digits, `_` and `-`; neither `_` nor `-` at the beginning, no `-` at the end. */
export function isFunctionName(text: string): boolean {
	return FUNCTION_NAME.test(text);
}

/** `service.function`, as `fn` of a call and as local part of the function's JID. */
export function isQualifiedName(text: string): boolean {
	return QUALIFIED_NAME.test(text);
}

/** As the name of a service. */
export function isFaultName(text: string): boolean {
	return LOWER_NAME.test(text);
}

/** `major.minor.patch`, each below a billion and without leading zeros. */
export function isVersion(text: string): boolean {
	return VERSION.test(text);
}
