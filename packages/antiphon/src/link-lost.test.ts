import { BusError, Jid } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { FakeLink, fakeNode, keepingLog } from "./testing/bus.js";

it("a node that has lost its link says so, and once that it is online again", async () => {
	const [link, log] = [new FakeLink(), keepingLog()];
	await fakeNode(link, { log });
	expect(log.lines).toEqual([]);
	const cause = new BusError("link-lost", "the server has gone");
	const online = { state: "online", jid: Jid.parse("fake@example.org/y") } as const;
	for (const attempt of [1, 2]) {
		link.become({ state: "waiting", attempt, retryInMs: 1_818, cause });
		link.become({ state: "connecting", attempt: attempt + 1 });
	}
	link.become(online);
	expect(log.lines).toEqual([
		"warn link lost: the server has gone; next attempt in 1818 ms",
		"warn link lost: the server has gone; next attempt in 1818 ms",
		expect.stringMatching(/^info online again as fake@example\.org\/y, after \d+(\.\d)? s$/),
	]);
	link.become(online);
	expect(log.lines).toHaveLength(3);
});
