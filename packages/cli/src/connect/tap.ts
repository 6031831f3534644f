import type { Element, Link } from "antiphon";

type Look = (direction: "sent" | "received", stanza: Element) => void;

/** A link that can be looked into. */
export interface Tapped extends Link {
	/**
	 * Starts to keep the requests that are sent and what answers them; what it returns ends that and gives what was kept. What else
	 * comes by meanwhile, such as news of a service, is no part of it.
	 */
	record(): () => Element[];
}

/** Stanzas kept in one recording; what comes after them is not. */
const MAX_RECORDED = 100;

/** The same link, with someone looking at every stanza that passes. */
export function tapped(link: Link, look: Look = () => {}): Tapped {
	let recording: Recording | undefined;
	const see: Look = (direction, stanza) => {
		recording?.see(direction, stanza);
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
			const started = new Recording();
			recording = started;
			return () => {
				recording = undefined;
				return started.kept;
			};
		},
	};
}

/** Requests, each known by whom it was sent to and its id, and their answers. */
class Recording {
	readonly kept: Element[] = [];
	readonly #asked = new Set<string>();

	see: Look = (direction, stanza) => {
		if (stanza.name !== "iq" || this.kept.length === MAX_RECORDED) return;
		const type = stanza.attr("type");
		const [id, to, from] = [stanza.attr("id"), stanza.attr("to"), stanza.attr("from")];
		if (direction === "sent" && (type === "get" || type === "set")) this.#asked.add(`${id} ${to}`);
		else if (direction === "sent" || !this.#asked.delete(`${id} ${from}`)) return;
		this.kept.push(stanza);
	};
}
