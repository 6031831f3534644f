import { BusError, Jid, NS } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { xml as ltx, component as xmppComponent } from "@xmpp/component";
import { passing } from "../failure.js";
import type { Link } from "../link.js";
import {
	type ComponentLinkOptions,
	type ComponentSettings,
	componentSettings,
	DEFAULT_MAX_STANZA_BYTES,
} from "../options.js";
import { type Session, type SessionEvents, SupervisedLink } from "../supervisor.js";
import { plaintextRefused } from "./client-rules.js";
import { connectFirst } from "./connect.js";
import { type LinkEnvironment, systemEnvironment } from "./environment.js";
import { toBytes } from "./ltx-bridge.js";
import { type NegotiationRules, Negotiator } from "./negotiator.js";
import { StreamSession } from "./session.js";
import { componentTargets } from "./srv.js";
import { streamFailure } from "./stream-errors.js";
import { tlsPolicy } from "./tls.js";

/**
 * A link as a component (XEP-0114): it owns a domain with every JID in it. The handshake shows the server that we know
 * the secret, and shows us nothing: off loopback the server is known by TLS (`xmpps://`), or not at all.
 *
 * As long as it was never online it ends for good, with a cause, on: `unauthenticated` (wrong secret), `conflict`
 * (another process has the domain), `link-lost` (the server does not know the domain), `forbidden` (bad certificate, no
 * TLS). Once it was online it ends for good as a client does; after everything else it reconnects.
 *
 * @param environment for tests: clock, randomness
 * @throws BusError `invalid-argument` for options that cannot be
 */
export function componentLink(options: ComponentLinkOptions, environment: Partial<LinkEnvironment> = {}): Link {
	const settings = componentSettings(options);
	const world = { ...systemEnvironment, ...environment };
	return new SupervisedLink(
		{ kind: "component", ownedDomain: settings.domain },
		{ ...settings, maxStanzaBytes: settings.maxStanzaBytes ?? DEFAULT_MAX_STANZA_BYTES },
		(events, signal) => connectComponent(settings, world, events, signal),
		world.clock,
		world.random,
	);
}

async function connectComponent(
	settings: ComponentSettings,
	environment: LinkEnvironment,
	events: SessionEvents,
	signal: AbortSignal,
): Promise<Session> {
	const contentNs = { from: NS.component, to: NS.client };
	const wire = await connectFirst(componentTargets(settings.url), {
		settings,
		environment,
		signal,
		contentNs,
		onStep: events.onStep,
	});
	const { required } = tlsPolicy({
		loopback: wire.loopback,
		insecure: settings.insecure,
		hasCa: settings.tls.ca !== undefined,
	});
	if (required && !wire.encrypted) {
		const failure = plaintextRefused("a component's stream has no STARTTLS");
		wire.end(failure);
		throw failure;
	}
	wire.endWith(signal);
	events.onStep("waiting for the stream to open");
	const negotiator = new Negotiator(wire);
	const entity = xmppComponent({
		service: negotiator.service,
		domain: settings.domain,
		// It hashes characters as bytes.
		password: toBytes(settings.secret),
	});
	entity.timeout = settings.attemptMs;
	entity.Socket = negotiator.Socket;
	entity.Parser = negotiator.Parser;
	const held = await negotiator.run(entity, settings.domain, componentRules(settings.domain, events.onStep), ltx);
	return new StreamSession({
		wire,
		jid: settings.jid,
		announcedMaxBytes: undefined,
		held,
		prepare: (stanza) => withOwnedFrom(stanza, settings.domain),
		settings,
		environment,
		events,
	});
}

function componentRules(domain: string, onStep: SessionEvents["onStep"]): NegotiationRules {
	return {
		header(header) {
			onStep("waiting for the answer to the handshake");
			const id = header.attr("id");
			if (id === undefined) throw passing("link-lost", "the server opened a component's stream without an id");
			return header.with({ id: toBytes(id) });
		},
		admit(element) {
			if (element.is("error", NS.streams)) throw streamFailure(element, domain);
			return element.is("handshake", NS.client) ? { show: element, last: true } : {};
		},
	};
}

/** Every stanza of a component has from and to, and from is in its domain; a server ends the stream over others (XEP-0114). */
function withOwnedFrom(stanza: Element, domain: string): Element {
	if (stanza.attr("to") === undefined) throw new BusError("invalid-argument", "a component's stanza needs a to");
	const from = stanza.attr("from");
	if (from === undefined) return stanza.with({ from: domain });
	if (Jid.tryParse(from)?.domain === domain) return stanza;
	throw new BusError("invalid-argument", `a stanza from ${from} cannot be sent by the component ${domain}`);
}
