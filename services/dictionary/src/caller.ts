import { createNode, isFault, linkFromEnv } from "antiphon";
import { dictionary } from "./contract.js";

await using node = await createNode({ link: linkFromEnv() });
const client = node.client(dictionary, { domain: process.env["ANTIPHON_DOMAIN"] ?? "fn.localhost" });

try {
	const { text } = await client.define({ word: process.argv[2] ?? "xmpp" }, { timeoutMs: 2_000 });
	console.log(text);
} catch (error) {
	if (!isFault(error, dictionary.functions.define, "unknown-word")) throw error;
	console.log(`no such word; did you mean ${error.data.near.join(" or ")}?`);
}
