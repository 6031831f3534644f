import { BusError, createNode, lineLog, linkFromEnv } from "antiphon";
import { dictionary } from "./contract.js";
import { provideDictionary } from "./provider.js";

// A process of its own that serves the dictionary where the environment says: on a component link under the JIDs of its
// domain; on a client link registered with the domain of ANTIPHON_DOMAIN, or without one at the address of the node. It
// says so in one line, and ends on SIGINT or SIGTERM, or when it is drained, once the calls that run are answered.
try {
	let drain: () => void = () => process.exit(1);
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => drain());
	// Started by another process over IPC, it does not outlive that one.
	process.on("disconnect", () => drain());
	process.channel?.unref();
	// #region start
	const node = await createNode({ link: linkFromEnv(), log: lineLog("dictionary", "warn") });
	const domain = process.env["ANTIPHON_COMPONENT"] ?? process.env["ANTIPHON_DOMAIN"];
	const served = await provideDictionary(node, domain === undefined ? {} : { domain });
	served.drained.then(() => node.drain()); // also when an administrator of the domain drains it
	// #endregion
	drain = () => void node.drain();
	const address = domain === undefined || node.jid === domain ? [] : [`as ${node.jid}`];
	const where = domain === undefined ? node.jid : `${dictionary.name}@${domain}`;
	console.log([`serving ${dictionary.name} ${dictionary.version} at ${where}`, ...address].join(" "));
	const cause = await node.closed;
	if (cause !== undefined) throw cause;
} catch (error) {
	console.error(`dictionary: ${BusError.from(error).message}`);
	process.exitCode = 1;
}
