import { BusError, clientLink, createNode } from "antiphon";
import type { CallerLine, Outcome } from "./history.js";
import type { World } from "./world.js";

const AT_ONCE = 64;
const WAIT_MS = 20_000;
const TRIES = 3;

/** Asks the domain for the outcome of every call that was accepted, as callers that have kept nothing themselves. */
export async function audit(
	{ server, callers }: World,
	lines: ReadonlyMap<string, readonly CallerLine[]>,
): Promise<Map<string, Outcome | undefined>> {
	const answers = new Map<string, Outcome | undefined>();
	for (const name of callers) {
		const jid = `${name}@${server.domain}`;
		const url = `xmpp://${server.host}:${server.c2sPort}`;
		const node = await createNode({ link: clientLink({ url, jid, password: server.users[name] ?? "" }) });
		const ids = (lines.get(name) ?? []).flatMap((line) => (line.is === "accepted" ? [line.callId] : []));
		const next = async () => {
			for (let id = ids.pop(); id !== undefined; id = ids.pop()) answers.set(id, await outcomeOf(node, id));
		};
		try {
			await Promise.all(Array.from({ length: AT_ONCE }, next));
		} finally {
			await node.close();
		}
	}
	return answers;
}

type Asking = Pick<Awaited<ReturnType<typeof createNode>>, "outcome">;

/** @returns undefined when the domain does not know the call, or says to the end that it has no outcome */
async function outcomeOf(node: Asking, id: string): Promise<Outcome | undefined> {
	for (let tries = 0; tries < TRIES; tries++) {
		try {
			return { is: "ok", value: String(await node.outcome(id, { timeoutMs: WAIT_MS })) };
		} catch (thrown) {
			const { code, executed, goesOn } = BusError.from(thrown);
			if (code === "not-found") return undefined;
			const isOfWaiting = goesOn || code === "link-lost" || code === "overloaded";
			if (!isOfWaiting) return { is: "error", code, executed };
		}
	}
	return undefined;
}
