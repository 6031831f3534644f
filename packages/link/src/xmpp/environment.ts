import { promises as dns } from "node:dns";
import { isLoopback } from "@antiphon/protocol";
import { type Clock, systemClock } from "../clock.js";

export interface SrvRecord {
	readonly name: string;
	readonly port: number;
	readonly priority: number;
	readonly weight: number;
}

/** What a link takes from the world around it. A test hands in its own. */
export interface LinkEnvironment {
	readonly clock: Clock;
	/** Uniform in [0, 1). For back-off and the weights of SRV records, not for secrets. */
	readonly random: () => number;
	/** The SRV records of a name; rejects, or resolves with none, when there are none. Gives up after `timeoutMs`, and when the signal fires. */
	readonly resolveSrv: (name: string, timeoutMs: number, signal: AbortSignal) => Promise<readonly SrvRecord[]>;
	/** Is this address of a peer on this machine? */
	readonly isLoopback: (address: string) => boolean;
}

export const systemEnvironment: LinkEnvironment = {
	clock: systemClock,
	random: Math.random,
	async resolveSrv(name, timeoutMs, signal) {
		const resolver = new dns.Resolver({ timeout: timeoutMs, tries: 1 });
		const cancel = () => resolver.cancel();
		signal.addEventListener("abort", cancel);
		try {
			return await resolver.resolveSrv(name);
		} finally {
			signal.removeEventListener("abort", cancel);
		}
	},
	isLoopback,
};
