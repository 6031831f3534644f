import { beforeAll } from "vitest";
import type { ServerKind, XmppServer } from "#kit";
import { describeWith } from "#kit/vitest";
import { testDomainFaults } from "./domain-faults.js";
import { testDurableCalls } from "./durable.js";

const START_LIMIT_MS = 60_000;
const OPTIONS = {
	users: { alice: "alice's password", bob: "bob's password" },
	components: { "fn.localhost": "secret" },
};

/** All that dies around a domain, over one server. A file for each server runs it, since most of it is waiting. */
export function runDomainOver({ name, start, needs }: ServerKind): void {
	describeWith(needs, `over ${name}`, () => {
		let server: XmppServer;
		beforeAll(async () => {
			server = await start(OPTIONS);
			return () => server.stop();
		}, START_LIMIT_MS);
		testDurableCalls(() => server);
		testDomainFaults(() => server);
	});
}
