import { isIP } from "node:net";
import { final, passing } from "../failure.js";
import type { ServerUrl } from "../options.js";
import type { LinkEnvironment, SrvRecord } from "./environment.js";

/** Where to connect to. */
export interface Target {
	readonly host: string;
	readonly port: number;
	/** TLS from the first byte, rather than by STARTTLS. */
	readonly directTls: boolean;
}

/** A resolver that does not answer must leave time for the attempt that follows. */
const SRV_TIMEOUT_MS = 3000;
const MAX_TARGETS = 16;

/**
 * The servers of a client URL, in the order in which to try them (RFC 6120 section 3.2, XEP-0368). A URL with a port, an
 * IP address and `localhost` mean themselves. No records, and a resolver that fails, both mean the domain itself.
 * @throws LinkFailure when the domain says that it has no XMPP service, or when the signal fires during the look-up
 */
export async function clientTargets(
	url: ServerUrl,
	environment: LinkEnvironment,
	signal: AbortSignal,
): Promise<Target[]> {
	const { host } = url;
	const itself = [{ host, port: url.port ?? (url.tls ? 5223 : 5222), directTls: url.tls }];
	if (url.port !== undefined || isIP(host) !== 0 || /(?:^|\.)localhost$/i.test(host)) return itself;
	const [direct, starttls] = await Promise.all([
		lookUp(`_xmpps-client._tcp.${host}`, environment, signal),
		url.tls ? [] : lookUp(`_xmpp-client._tcp.${host}`, environment, signal),
	]);
	if (signal.aborted) throw passing("cancelled", "given up during the look-up");
	const records = [
		...direct.map((record) => ({ ...record, directTls: true })),
		...starttls.map((record) => ({ ...record, directTls: false })),
	];
	const usable = records.filter((record) => record.name !== "." && record.name !== "");
	if (usable.length > 0) {
		return orderSrv(usable, environment.random)
			.slice(0, MAX_TARGETS)
			.map(({ name, port, directTls }) => ({ host: name, port, directTls }));
	}
	if (records.length > 0) throw final("link-lost", `DNS says that ${host} has no XMPP service for clients`);
	return url.tls ? itself : [...itself, { host, port: 5223, directTls: true }];
}

export function componentTargets(url: ServerUrl): Target[] {
	return [{ host: url.host, port: url.port ?? 5347, directTls: url.tls }];
}

async function lookUp(name: string, environment: LinkEnvironment, signal: AbortSignal): Promise<readonly SrvRecord[]> {
	let cleanUp = () => {};
	const limit = new Promise<readonly SrvRecord[]>((resolve) => {
		const stop = () => resolve([]);
		const cancel = environment.clock.after(SRV_TIMEOUT_MS, stop);
		signal.addEventListener("abort", stop);
		cleanUp = () => {
			cancel();
			signal.removeEventListener("abort", stop);
		};
	});
	try {
		return await Promise.race([environment.resolveSrv(name, SRV_TIMEOUT_MS, signal), limit]);
	} catch {
		return [];
	} finally {
		cleanUp();
	}
}

/** Lowest priority first; inside one priority, random by weight (RFC 2782). */
export function orderSrv<R extends SrvRecord>(records: readonly R[], random: () => number): R[] {
	const ordered: R[] = [];
	const priorities = [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b);
	for (const priority of priorities) {
		// Weight 0 stands first, so that it has a small chance too.
		const left = records.filter((record) => record.priority === priority).sort((a, b) => a.weight - b.weight);
		while (left.length > 0) {
			const pick = random() * left.reduce((sum, record) => sum + record.weight, 0);
			let running = 0;
			let index = left.findIndex((record) => {
				running += record.weight;
				return running >= pick;
			});
			if (index < 0) index = left.length - 1;
			ordered.push(...left.splice(index, 1));
		}
	}
	return ordered;
}
