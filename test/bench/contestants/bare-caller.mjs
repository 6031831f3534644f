// Asks the same over plain @xmpp/client: iqCaller.request, with the payload as JSON.
import { xml } from "@xmpp/client";
import { onlineClient } from "./bare-client.mjs";
import { playRole } from "./role.mjs";

const TEXT = /^The unit of meaning in XMPP/;
const RPC = "urn:antiphon:rpc:1";

playRole(async (options) => {
	const { target } = options;
	const { entity, close } = await onlineClient(options);
	return {
		async call() {
			const attributes = { xmlns: RPC, fn: "dictionary.define", v: "1.0.0", ttl: "10000", enc: "json" };
			const call = xml("call", attributes, JSON.stringify({ word: "stanza" }));
			const reply = await entity.iqCaller.request(xml("iq", { type: "get", to: target }, call));
			const { text } = JSON.parse(reply.getChildText("reply", RPC));
			if (!TEXT.test(text)) throw new Error(`the reply was ${text}`);
		},
		close,
	};
});
