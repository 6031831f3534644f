import type { Jid } from "@antiphon/protocol";
import { BusError, NS } from "@antiphon/protocol";
import { type Element, STREAM_END, streamHeader } from "@antiphon/xml";
import { type Entity, type LtxElement, xml as ltx, client as xmppClient } from "@xmpp/client";
import type { Link } from "../link.js";
import { type ClientLinkOptions, type ClientSettings, clientSettings, DEFAULT_MAX_STANZA_BYTES } from "../options.js";
import { stanzaId } from "../stanza-id.js";
import { type Session, type SessionEvents, SupervisedLink } from "../supervisor.js";
import { ClientRules } from "./client-rules.js";
import { connectFirst } from "./connect.js";
import { type LinkEnvironment, systemEnvironment } from "./environment.js";
import { Negotiator } from "./negotiator.js";
import { StreamSession } from "./session.js";
import { clientTargets } from "./srv.js";
import { type TlsPolicy, tlsPolicy } from "./tls.js";
import type { Wire } from "./wire.js";

/**
 * A link as an XMPP client (RFC 6120): TLS, SCRAM-SHA-256 or -1 with the server verified, one resource.
 *
 * As long as it was never online it ends for good, with a cause, on: `unauthenticated` (wrong password, or a server that
 * does not know it), `forbidden` (bad certificate, no TLS), `conflict` (another process has the resource), `link-lost`
 * (the server does not serve the domain). Once it was online it ends for good on a `conflict` that ends the stream, and on a
 * refusal that is sure to be the server's: at once when it ends the stream, at the fifth time in a row when it refuses a
 * login. After everything else it reconnects.
 *
 * @param environment for tests: clock, DNS, randomness
 * @throws BusError `invalid-argument` for options that cannot be
 */
export function clientLink(options: ClientLinkOptions, environment: Partial<LinkEnvironment> = {}): Link {
	const given = clientSettings(options);
	// Chosen here rather than by the server, so that the node has the same address after a reconnect.
	const settings = { ...given, resource: given.resource ?? stanzaId() };
	const world = { ...systemEnvironment, ...environment };
	return new SupervisedLink(
		{ kind: "client", ownedDomain: undefined },
		{ ...settings, maxStanzaBytes: settings.maxStanzaBytes ?? DEFAULT_MAX_STANZA_BYTES },
		(events, signal) => connectClient(settings, world, events, signal),
		world.clock,
		world.random,
	);
}

async function connectClient(
	settings: ClientSettings,
	environment: LinkEnvironment,
	events: SessionEvents,
	signal: AbortSignal,
): Promise<Session> {
	events.onStep(`looking up ${settings.url.host}`);
	const targets = await clientTargets(settings.url, environment, signal);
	const wire = await connectFirst(targets, { settings, environment, signal, onStep: events.onStep });
	const policy = tlsPolicy({
		loopback: wire.loopback,
		insecure: settings.insecure,
		hasCa: settings.tls.ca !== undefined,
	});
	wire.endWith(signal);
	const rules = new ClientRules(settings, policy, wire, events.onStep);
	const negotiator = new Negotiator(wire);
	const entity = createEntity(settings, policy, wire, negotiator, rules, signal);
	const held = await negotiator.run(entity, settings.domain, rules, ltx);
	const jid = rules.jid as Jid;
	return new StreamSession({
		wire,
		jid,
		announcedMaxBytes: rules.announcedMaxBytes,
		held,
		prepare: (stanza) => withOwnFrom(stanza, jid),
		settings,
		environment,
		events,
	});
}

/** xmpp.js with our transport, our mechanisms and our STARTTLS in it. One for each attempt: it remembers too much. */
function createEntity(
	settings: ClientSettings,
	policy: TlsPolicy,
	wire: Wire,
	negotiator: Negotiator,
	rules: ClientRules,
	signal: AbortSignal,
) {
	const entity = xmppClient({
		service: negotiator.service,
		domain: settings.domain,
		resource: settings.resource,
		timeout: settings.attemptMs,
		// The features have been cut down to the one mechanism that was chosen.
		credentials: (authenticate, [mechanism]) => authenticate({}, mechanism as string),
	});
	entity.transports = [createTransport(settings, wire, negotiator)];
	// `use` makes the name known; what is made is ours alone, also for the names that xmpp.js knows already.
	entity.saslFactory.use("SCRAM-SHA-256", {});
	entity.saslFactory.create = () => rules.mechanism ?? null;
	// The STARTTLS of xmpp.js passes on sockets that are not of node:net; then it is our turn.
	entity.streamFeatures.use("starttls", NS.tls, async () => {
		await entity.sendReceive(ltx("starttls", { xmlns: NS.tls }));
		await wire.startTls({ ...settings.tls, verify: policy.verify }, signal);
		await entity.restart();
	});
	return entity;
}

/** What xmpp.js asks of a transport. It calls the methods on the prototype, some with the entity as `this`. */
function createTransport(settings: ClientSettings, wire: Wire, negotiator: Negotiator) {
	class Transport {
		socketParameters(): object {
			return {};
		}
		headerElement(): LtxElement {
			return ltx("stream:stream", {});
		}
		header(): string {
			// Who we are is nobody's business before TLS (RFC 6120 section 4.7.1).
			const from = wire.encrypted ? settings.jid.toString() : undefined;
			return streamHeader(NS.client, { to: settings.domain, from, version: "1.0", "xml:lang": "en" });
		}
		footerElement(): void {}
		footer(): string {
			return STREAM_END;
		}
		send(this: Entity, element: LtxElement): Promise<void> {
			return this.write(element.toString());
		}
	}
	Object.assign(Transport.prototype, { Socket: negotiator.Socket, Parser: negotiator.Parser });
	return Transport;
}

/** A server ends the stream of a client that sends in the name of another (RFC 6120 section 4.9.3.9). */
function withOwnFrom(stanza: Element, jid: Jid): Element {
	const from = stanza.attr("from");
	if (from === undefined || from === jid.toString() || from === jid.bare().toString()) return stanza;
	throw new BusError("invalid-argument", `a stanza from ${from} cannot be sent by ${jid}`);
}
