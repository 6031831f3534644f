import { memoryBus } from "@antiphon/link";
import { NS } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { createNode, get, service } from "antiphon";
import { expect, it } from "vitest";
import { z } from "zod";
import { host, NAME, untilTheEnd } from "../testing/bus.js";

const greeter = service("greeter", "1.0.0", { greet: get({ output: z.string() }) });

it("callers are told of an instance when its provider knows that it is registered, and not before", async () => {
	const bus = memoryBus();
	await host(bus);
	const heard: string[] = [];
	const link = bus.link("worker@example.org/a");
	const note = (stanza: Element) => {
		const payload = stanza.child();
		if (payload?.is("registered", NS.registry)) heard.push("registered");
		// That the host has settled is told, too.
		if (stanza.name === "message" && payload?.child("instance", NS.resolve) !== undefined) heard.push("told");
	};
	const open = link.open.bind(link);
	link.open = (events, options) =>
		open(
			{
				...events,
				onStanza: (stanza) => {
					note(stanza);
					events.onStanza(stanza);
				},
			},
			options,
		);
	// Provider and caller in one: what it hears is in the order in which the domain has sent it.
	const both = untilTheEnd(await createNode({ link }));
	const client = both.client(greeter, { domain: NAME });
	expect(await client.$instances()).toEqual([]);
	await both.serve(greeter, { greet: () => "hello" }, { domain: NAME });
	await expect.poll(() => heard.length).toBeGreaterThan(1);
	expect(heard.slice(0, 2)).toEqual(["registered", "told"]);
});
