// A provider of `deeds` in a process of its own; see deed-service.ts.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { lmdbStore } from "@antiphon/store";
import { createNode, linkFromEnv } from "antiphon";
import { deeds } from "./deed-service.js";

const [domain = "", instance = "", notes = "", inbox = ""] = process.argv.slice(2);
const node = await createNode({ link: linkFromEnv(), inbox: lmdbStore(inbox) });
await node.serve(
	deeds,
	{
		act: async ({ n, afterMs }, { callId, attempt }) => {
			appendFileSync(notes, `${JSON.stringify({ n, callId, attempt })}\n`);
			await sleep(afterMs);
			return instance;
		},
	},
	{ domain, instance, concurrency: 4 },
);
process.once("SIGTERM", () => void node.drain());
console.log("serving");
