import { BusError, type Instance, isServiceName } from "@antiphon/protocol";
import { type Node, ping } from "antiphon";
import { type ConnectionFlags, type Deadline, environmentOf } from "../connect/connection.js";
import { resolved } from "./resolved.js";

/** An instance, and how it answered. */
export type Pinged = { readonly instance: string; readonly jid: string } & (
	| { readonly ms: number }
	| { readonly error: BusError }
);

/** The service that a word may stand for: a name without dots, in the domain of the connection. */
export function serviceIn(text: string, flags: ConnectionFlags): { service: string; domain: string } | undefined {
	const domain = environmentOf(flags)["ANTIPHON_DOMAIN"];
	return domain && isServiceName(text) ? { service: text, domain } : undefined;
}

/**
 * Asks all instances of a service, as the domain names them, for a sign of life.
 * @returns in the order of names; why there is no such service, when the domain says so or nobody is there to say it.
 * @throws BusError
 */
export async function pingService(
	node: Node,
	{ service, domain }: { readonly service: string; readonly domain: string },
	deadline: Deadline,
): Promise<Pinged[] | string> {
	const instances = await instancesOf(node, { service, domain }, deadline);
	if (typeof instances === "string") return instances;
	if (instances.length === 0) {
		throw new BusError("unavailable", `nobody serves ${service}@${domain} at the moment`, { executed: "no" });
	}
	// At most MAX_INSTANCES, each at an address of its own.
	const asked = instances.map(async ({ name: instance, jid }): Promise<Pinged> => {
		const address = { instance, jid: jid.toString() };
		try {
			return { ...address, ms: await ping(node, address.jid, { timeoutMs: deadline.remainingMs() }) };
		} catch (error) {
			return { ...address, error: BusError.from(error) };
		}
	});
	return (await Promise.all(asked)).sort((a, b) => (a.instance < b.instance ? -1 : 1));
}

/** How often a host that has just started is asked again, in milliseconds. */
const ASK_AGAIN_MS = 500;
/** What servers answer where no domain host does; everything else is an error. */
const NO_SERVICE: ReadonlySet<string> = new Set(["not-found", "unimplemented", "unavailable"]);

async function instancesOf(
	node: Node,
	{ service, domain }: { readonly service: string; readonly domain: string },
	deadline: Deadline,
): Promise<readonly Instance[] | string> {
	const to = `${service}@${domain}`;
	try {
		for (;;) {
			const timeoutMs = deadline.remainingMs();
			const { known, instances, settlingMs } = await resolved(node, to, undefined, { timeoutMs });
			const isOpen = instances.length === 0 && settlingMs !== undefined && timeoutMs > ASK_AGAIN_MS;
			if (!isOpen) return known ? instances : `${domain} knows of no service ${service}`;
			// A host that has just started does not know yet.
			await new Promise((resolve) => setTimeout(resolve, Math.min(ASK_AGAIN_MS, settlingMs)));
		}
	} catch (thrown) {
		const { code, message } = BusError.from(thrown);
		if (NO_SERVICE.has(code)) return `${domain} could not be asked for a service ${service}: ${message}`;
		throw thrown;
	}
}
