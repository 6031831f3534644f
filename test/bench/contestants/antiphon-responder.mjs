// Serves the dictionary on a client or a component link.
import { provideDictionary } from "@antiphon/dictionary";
import { clientLink, componentLink, createNode } from "antiphon";
import { playRole } from "./role.mjs";

playRole(async ({ url, jid, password, domain }) => {
	const link =
		domain === undefined ? clientLink({ url, jid, password }) : componentLink({ url, domain, secret: password });
	const node = await createNode({ link });
	await provideDictionary(node);
	return { address: node.jid, close: () => node.close() };
});
