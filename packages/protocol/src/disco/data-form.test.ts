import { parseElement, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { NS } from "../namespaces.js";
import { decodeDataForm, encodeDataForm } from "./data-form.js";

const field = (name: string | undefined, ...values: string[]) =>
	xml("field", NS.dataForms, { var: name }, ...values.map((value) => xml("value", NS.dataForms, {}, value)));
const form = (...fields: Parameters<typeof xml>[3][]) => xml("x", NS.dataForms, { type: "result" }, ...fields);

describe("a data form", () => {
	it("arrives as it was sent, its FORM_TYPE hidden and first", () => {
		const sent = { formType: "urn:x", fields: { one: ["1"], many: ["a", "b"], odd: ["<&>", ""] } };
		const element = parseElement(serialize(encodeDataForm(sent), ""));
		expect(element.child()?.attributes).toEqual(["var", "FORM_TYPE", "type", "hidden"]);
		expect(decodeDataForm(element)).toEqual(sent);
	});

	it("is sent without fields that have no value", () => {
		const element = encodeDataForm({ formType: "urn:x", fields: { none: [] } });
		expect(decodeDataForm(element)).toEqual({ formType: "urn:x", fields: {} });
	});

	it("is none without a FORM_TYPE", () => {
		expect(decodeDataForm(form(field("a", "1")))).toBeUndefined();
		expect(decodeDataForm(form(field("FORM_TYPE")))).toBeUndefined();
		expect(decodeDataForm(form())).toBeUndefined();
	});

	it("is read without fields that have no name, and with any name that there is", () => {
		const read = decodeDataForm(
			form(field("FORM_TYPE", "urn:x"), field(undefined, "lost"), field("__proto__", "kept")),
		);
		expect(Object.entries(read?.fields ?? {})).toEqual([["__proto__", ["kept"]]]);
		expect(Object.getPrototypeOf(read?.fields)).toBe(Object.prototype);
	});
});
