import { type Element, xml } from "@antiphon/xml";
import { BusError } from "../errors.js";

/** What an instance says of itself, for callers to choose by: `{ region: "eu", zone: "eu-1a" }`. */
export type Labels = Readonly<Record<string, string>>;

export const MAX_LABELS = 16;
const MAX_LABEL_CHARS = 128;
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/;

/** @throws BusError `invalid-argument` that names the label */
export function checkedLabels(labels: Labels): Labels {
	const entries = Object.entries<unknown>(labels);
	if (entries.length > MAX_LABELS) throw new BusError("invalid-argument", `at most ${MAX_LABELS} labels`);
	for (const [name, value] of entries) {
		if (!NAME.test(name)) {
			throw new BusError(
				"invalid-argument",
				`label ${JSON.stringify(name)}: use 1 to 64 lower-case letters, digits, hyphens and dots`,
			);
		}
		if (typeof value !== "string" || value === "" || value.length > MAX_LABEL_CHARS) {
			throw new BusError("invalid-argument", `label ${name}: its value must be 1 to ${MAX_LABEL_CHARS} characters`);
		}
	}
	// Without a prototype a label may be called anything.
	return Object.freeze(Object.assign(Object.create(null), labels) as Record<string, string>);
}

/** One `<label name='…'>value</label>` for each. */
export function encodeLabels(labels: Labels, ns: string): Element[] {
	return Object.entries(labels).map(([name, value]) => xml("label", ns, { name }, value));
}

/** The labels among the children of an element. @throws BusError `invalid-argument` */
export function decodeLabels(element: Element): Labels {
	const found = element.elements("label", element.ns);
	if (found.length > MAX_LABELS) throw new BusError("invalid-argument", `at most ${MAX_LABELS} labels`);
	const labels = Object.create(null) as Record<string, string>;
	for (const label of found) labels[label.attr("name") ?? ""] = label.text();
	return checkedLabels(labels);
}
