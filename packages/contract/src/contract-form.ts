import type { DataForm } from "@antiphon/protocol";
import { legible, NS } from "@antiphon/protocol";
import type { ServiceDescription } from "./description.js";

/** Of a form. The whole summary is in the contract. */
const MAX_SUMMARY_CHARS = 1_024;

/**
 * A service, or one function of it, as an extended disco form (XEP-0128): what any XMPP client can show. The schemas are
 * too large for a form; `<contract/>` has them (docs/protocol.md, "The contract").
 */
export function contractForm(description: ServiceDescription, fn?: string): DataForm {
	const service = {
		service: [description.service],
		version: [description.version],
		fingerprint: [description.fingerprint],
	};
	const described = fn === undefined ? undefined : description.functions[fn];
	if (fn === undefined || described === undefined) {
		return { formType: NS.contract, fields: { ...service, functions: Object.keys(description.functions) } };
	}
	const { kind, delivery, summary, faults } = described;
	return {
		formType: NS.contract,
		fields: {
			...service,
			function: [fn],
			kind: [kind],
			delivery: [delivery],
			...(summary === undefined ? {} : { summary: [legible(summary, MAX_SUMMARY_CHARS)] }),
			faults: Object.keys(faults),
		},
	};
}
