import { NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import type { ServerLimits } from "../limits.js";

/** What a client may do before it has logged in (RFC 6120, sections 5 and 6). */
export function loginFeatures(
	limits: ServerLimits,
	tls: "none" | "optional" | "required",
	mechanisms: readonly string[],
): Element[] {
	const features: Element[] = [];
	if (tls !== "none") {
		features.push(xml("starttls", NS.tls, {}, tls === "required" ? xml("required", NS.tls) : undefined));
	}
	if (mechanisms.length > 0) {
		features.push(xml("mechanisms", NS.sasl, {}, ...mechanisms.map((name) => xml("mechanism", NS.sasl, {}, name))));
	}
	features.push(limitsFeature(limits, Math.min(limits.maxLoginBytes, limits.maxStanzaBytes)));
	return features;
}

/** What is left to do after login (RFC 6120, section 7), and what a client may count on from then on. */
export function bindFeatures(limits: ServerLimits): Element[] {
	return [
		xml("bind", NS.bind),
		xml("session", NS.session, {}, xml("optional", NS.session)),
		limitsFeature(limits, limits.maxStanzaBytes),
	];
}

/** XEP-0478 */
function limitsFeature({ pingAfterMs, pingTimeoutMs }: ServerLimits, maxBytes: number): Element {
	const idleSeconds = Math.ceil((pingAfterMs + pingTimeoutMs) / 1000);
	return xml(
		"limits",
		NS.streamLimits,
		{},
		xml("max-bytes", NS.streamLimits, {}, String(maxBytes)),
		Number.isFinite(idleSeconds) ? xml("idle-seconds", NS.streamLimits, {}, String(idleSeconds)) : undefined,
	);
}
