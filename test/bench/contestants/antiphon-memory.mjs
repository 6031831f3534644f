// Caller and provider in one process, over the memory bus, which writes and reads every stanza all the same.
import { dictionary, provideDictionary } from "@antiphon/dictionary";
import { createNode, memoryBus } from "antiphon";
import { defineCall } from "./define-call.mjs";
import { playRole } from "./role.mjs";

playRole(async () => {
	const bus = memoryBus();
	const provider = await createNode({ link: bus.link("fn.localhost") });
	await provideDictionary(provider);
	const caller = await createNode({ link: bus.link("caller@localhost") });
	return {
		call: defineCall(caller.client(dictionary, { domain: "fn.localhost" })),
		async close() {
			await caller.close();
			await provider.close();
		},
	};
});
