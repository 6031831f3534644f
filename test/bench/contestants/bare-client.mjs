import { client } from "@xmpp/client";
import { component } from "@xmpp/component";

const STREAM = "http://etherx.jabber.org/streams";
const SM = "urn:xmpp:sm:3";

/** A session of @xmpp/client as it comes, but for stream management and reconnecting. */
export function onlineClient({ url, jid, password }) {
	const [local, rest] = jid.split("@");
	const [domain, resource] = rest.split("/");
	const entity = client({ service: url, domain, resource, username: local, password });
	// With stream management its count of served iqs goes wrong and Prosody ends the session: not on offer here.
	entity.prependListener("element", (element) => {
		if (!element.is("features", STREAM)) return;
		element.children = element.children.filter((child) => typeof child === "string" || !child.is("sm", SM));
	});
	return online(entity);
}

export function onlineComponent({ url, domain, password }) {
	return online(component({ service: url, domain, password }));
}

/** A session that breaks is an error of the benchmark, so it is not mended. */
async function online(entity) {
	entity.reconnect.stop();
	entity.on("error", (error) => console.error(`xmpp.js: ${error.message}`));
	await entity.start();
	let closing = false;
	entity.on("disconnect", () => {
		if (closing) return;
		console.error("xmpp.js: the session was lost");
		process.exit(1);
	});
	return {
		entity,
		async close() {
			closing = true;
			await entity.stop();
		},
	};
}
