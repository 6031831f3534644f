import { type Element, xml } from "@antiphon/xml";
import { NS } from "../namespaces.js";

/** A data form of type result: values by field, with the FORM_TYPE that says what they mean (XEP-0004, XEP-0068). */
export interface DataForm {
	readonly formType: string;
	readonly fields: Readonly<Record<string, readonly string[]>>;
}

/** A field without values is left out: implementations do not agree on its part in a capability hash (XEP-0115). */
export function encodeDataForm(form: DataForm): Element {
	const field = (name: string, values: readonly string[], type?: string) =>
		xml("field", NS.dataForms, { var: name, type }, ...values.map((value) => xml("value", NS.dataForms, {}, value)));
	return xml(
		"x",
		NS.dataForms,
		{ type: "result" },
		field("FORM_TYPE", [form.formType], "hidden"),
		...Object.entries(form.fields)
			.filter(([, values]) => values.length > 0)
			.map(([name, values]) => field(name, values)),
	);
}

/** Reads a form; `undefined` when it has no FORM_TYPE. Fields without a name are ignored. */
export function decodeDataForm(element: Element): DataForm | undefined {
	const fields = new Map<string, string[]>();
	for (const field of element.elements("field", NS.dataForms)) {
		const name = field.attr("var");
		if (name === undefined) continue;
		fields.set(
			name,
			field.elements("value", NS.dataForms).map((value) => value.text()),
		);
	}
	const formType = fields.get("FORM_TYPE")?.[0];
	if (formType === undefined) return undefined;
	fields.delete("FORM_TYPE");
	return { formType, fields: Object.fromEntries(fields) };
}
