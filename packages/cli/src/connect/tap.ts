import type { Element, Link } from "antiphon";

type Look = (direction: "sent" | "received", stanza: Element) => void;

/** A link that can be looked into. */
export interface Tapped extends Link {
	/** Starts to keep what passes; what it returns ends that and gives what was kept. */
	record(): () => Element[];
}

/** Stanzas kept in one recording; what comes after them is not. */
const MAX_RECORDED = 100;

/** The same link, with someone looking at every stanza that passes. */
export function tapped(link: Link, look: Look = () => {}): Tapped {
	let kept: Element[] | undefined;
	const see: Look = (direction, stanza) => {
		if (kept !== undefined && kept.length < MAX_RECORDED) kept.push(stanza);
		look(direction, stanza);
	};
	const claim = link.claim?.bind(link);
	return {
		get kind() {
			return link.kind;
		},
		get state() {
			return link.state;
		},
		get maxStanzaBytes() {
			return link.maxStanzaBytes;
		},
		get backlog() {
			return link.backlog;
		},
		get ownedDomain() {
			return link.ownedDomain;
		},
		// Whether a link has this method says what it can do.
		...(claim === undefined ? {} : { claim }),
		open(events, options) {
			const onStanza = (stanza: Element) => {
				see("received", stanza);
				events.onStanza(stanza);
			};
			return link.open(
				{
					onState: (state) => events.onState(state),
					onSkipped: (skipped) => events.onSkipped?.(skipped),
					onStanza,
				},
				options,
			);
		},
		send(stanza) {
			see("sent", stanza);
			link.send(stanza);
		},
		close: () => link.close(),
		destroy: (cause) => link.destroy(cause),
		record() {
			const recording: Element[] = [];
			kept = recording;
			return () => {
				kept = undefined;
				return recording;
			};
		},
	};
}
