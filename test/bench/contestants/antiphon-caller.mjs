// Calls dictionary.define through the typed client, as an application does.
import { dictionary } from "@antiphon/dictionary";
import { clientLink, createNode } from "antiphon";
import { defineCall } from "./define-call.mjs";
import { playRole } from "./role.mjs";

playRole(async ({ url, jid, password, target }) => {
	const node = await createNode({ link: clientLink({ url, jid, password }) });
	return { call: defineCall(node.client(dictionary, target)), close: () => node.close() };
});
