// Answers over plain @xmpp/client or @xmpp/component: iqCallee.get.
import { xml } from "@xmpp/client";
import { onlineClient, onlineComponent } from "./bare-client.mjs";
import { playRole } from "./role.mjs";

const RPC = "urn:antiphon:rpc:1";
const WORDS = new Map([["stanza", "The unit of meaning in XMPP: an iq, a message or a presence."]]);

playRole(async (options) => {
	const { domain } = options;
	const { entity, close } = await (domain === undefined ? onlineClient(options) : onlineComponent(options));
	entity.iqCallee.get(RPC, "call", ({ element }) => {
		const { word } = JSON.parse(element.text());
		return xml("reply", { xmlns: RPC, enc: "json" }, JSON.stringify({ text: WORDS.get(word) }));
	});
	return { address: domain === undefined ? entity.jid.toString() : `dictionary.define@${domain}`, close };
});
