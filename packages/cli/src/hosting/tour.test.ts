import { dictionary, provideDictionary } from "@antiphon/dictionary";
import { createNode, memoryBus, type Node } from "antiphon";
import { afterEach, expect, it } from "vitest";
import { tourSteps } from "./tour.js";

const DOMAIN = "fn.localhost";
const nodes: Node[] = [];
afterEach(async () => {
	await Promise.all(nodes.splice(0).map((node) => node.close()));
});

/** How each step of the tour ends beside what this provider serves: its outcome, or why it failed. */
async function outcomes(provide: (provider: Node) => Promise<unknown>): Promise<string[]> {
	const bus = memoryBus();
	const provider = await createNode({ link: bus.link(DOMAIN) });
	const caller = await createNode({ link: bus.link("me@localhost") });
	nodes.push(caller, provider);
	await provide(provider);
	const ends: string[] = [];
	for (const { run } of tourSteps(caller, DOMAIN)) {
		ends.push(
			await run().then(
				(outcome) => `✓ ${outcome}`,
				(error: Error) => `✗ ${error.message}`,
			),
		);
	}
	return ends;
}

it("every step of the tour passes beside the dictionary", async () => {
	expect(await outcomes(provideDictionary)).toEqual([
		expect.stringMatching(/^✓ .*Messaging/),
		expect.stringMatching(/^✓ unknown-word; did you mean stanza/),
		expect.stringMatching(/^✓ invalid-argument: /),
		expect.stringMatching(/^✓ An XMPP address/),
	]);
});

it("a step fails on another text than it should get, and on a reply where a fault is due", async () => {
	const wrong = (provider: Node) =>
		provider.serve(dictionary, { define: () => ({ text: "nonsense" }), learn: () => ({ words: 0 }) });
	expect(await outcomes(wrong)).toEqual([
		"✗ an unexpected text: nonsense",
		expect.stringMatching(/^✗ this should have failed, and got .*nonsense/),
		expect.stringMatching(/^✓ invalid-argument: /),
		"✓ nonsense",
	]);
});

it("every step fails, also one that expects an error, when it gets another error", async () => {
	expect(await outcomes(async () => {})).toEqual([
		expect.stringMatching(/^✗ /),
		expect.stringMatching(/^✗ /),
		expect.stringMatching(/^✗ /),
		expect.stringMatching(/^✗ /),
	]);
});
