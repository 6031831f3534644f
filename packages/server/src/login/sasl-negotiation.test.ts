import { NS, quietLog, type ScramCredentials } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { expect, it } from "vitest";
import type { Accounts } from "../peers/accounts.js";
import type { XmlStream } from "../streams/xml-stream.js";
import { SaslNegotiation } from "./sasl-negotiation.js";

/** A negotiation on a stream that keeps what is sent, with look-ups that a test ends when it likes. */
function negotiation(maxFailedLogins = 5) {
	const sent: Element[] = [];
	const failed: string[] = [];
	const lookUps: ((credentials: ScramCredentials) => void)[] = [];
	const stream = {
		open: true,
		who: "client",
		peer: "test",
		send: (element: Element) => void sent.push(element),
		fail: (condition: string) => void failed.push(condition),
	};
	const accounts = {
		scram: () => new Promise<ScramCredentials>((resolve) => lookUps.push(resolve)),
		named: () => undefined,
	};
	const sasl = new SaslNegotiation({
		stream: stream as unknown as XmlStream,
		accounts: accounts as unknown as Accounts,
		domain: "localhost",
		log: quietLog,
		maxFailedLogins,
		offered: () => ["SCRAM-SHA-256"],
		onSuccess: () => {},
	});
	const key = Buffer.alloc(32);
	const endLookUp = async () => {
		lookUps.shift()?.({ salt: key, iterations: 4096, storedKey: key, serverKey: key });
		await new Promise((resolve) => setImmediate(resolve));
	};
	return { sasl, sent, failed, lookUps, stream, endLookUp };
}

const AUTH = xml("auth", NS.sasl, { mechanism: "SCRAM-SHA-256" }, Buffer.from("n,,n=a,r=x").toString("base64"));
const ABORT = xml("abort", NS.sasl);

it("A login that is aborted counts as running until its look-up ends: no other begins on that stream before", async () => {
	const { sasl, sent, lookUps, endLookUp } = negotiation();
	expect([sasl.take(AUTH), sasl.take(ABORT)]).toEqual([true, true]);
	expect([sasl.take(AUTH), sasl.take(ABORT)]).toEqual([false, false]);
	expect(lookUps).toHaveLength(1);
	expect(sent).toEqual([]);
	await endLookUp();
	expect(sent.map((element) => element.child()?.name)).toEqual(["aborted"]);
	expect(sasl.take(AUTH)).toBe(true);
	await endLookUp();
	expect(sent[1]?.name).toBe("challenge");
	// Between two messages nothing runs, so an abort is answered at once.
	expect(sasl.take(ABORT)).toBe(true);
	expect(sent[2]?.child()?.name).toBe("aborted");
});

it("An aborted login counts as a failed one", async () => {
	const { sasl, failed, endLookUp } = negotiation(2);
	for (let i = 0; i < 2; i++) {
		sasl.take(AUTH);
		sasl.take(ABORT);
		await endLookUp();
	}
	expect(failed).toEqual(["policy-violation"]);
});

it("A login whose client has gone says nothing more", async () => {
	const { sasl, sent, failed, stream, endLookUp } = negotiation();
	sasl.take(AUTH);
	sasl.take(ABORT);
	stream.open = false;
	await endLookUp();
	expect([sent, failed]).toEqual([[], []]);
});
