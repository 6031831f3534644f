import type { Link } from "../link.js";
import type { ClientLinkOptions, ComponentLinkOptions, LinkTimeouts } from "../options.js";
import { clientLink } from "../xmpp/client.js";
import { componentLink } from "../xmpp/component.js";
import type { LinkEnvironment } from "../xmpp/environment.js";
import type { FakeServer } from "./fake-server.js";

/** Short enough that a test need not wait; what a test is not about stays out of its way. */
const QUICK: LinkTimeouts = { minBackoffMs: 5, maxBackoffMs: 20, closeMs: 500 };

/** A client link of `user@example.org`, password `pw`, to the fake server. */
export function clientTo(
	server: Pick<FakeServer, "port">,
	options: Partial<ClientLinkOptions> = {},
	environment: Partial<LinkEnvironment> = {},
): Link {
	const { timeouts, ...others } = options;
	return clientLink(
		{
			url: `xmpp://127.0.0.1:${server.port}`,
			jid: "user@example.org",
			password: "pw",
			timeouts: { ...QUICK, ...timeouts },
			...others,
		},
		environment,
	);
}

/** A component link of `fn.example.org`, secret `secret`, to the fake server. */
export function componentTo(
	server: Pick<FakeServer, "port">,
	options: Partial<ComponentLinkOptions> = {},
	environment: Partial<LinkEnvironment> = {},
): Link {
	const { timeouts, ...others } = options;
	return componentLink(
		{
			url: `xmpp://127.0.0.1:${server.port}`,
			domain: "fn.example.org",
			secret: "secret",
			timeouts: { ...QUICK, ...timeouts },
			...others,
		},
		environment,
	);
}
