// A provider of `work` in a process of its own; see work-service.ts.
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createNode, linkFromEnv } from "antiphon";
import { work } from "./work-service.js";

const [domain = "", instance = "", notes = ""] = process.argv.slice(2);
const node = await createNode({ link: linkFromEnv() });
await node.serve(
	work,
	{
		read: async ({ afterMs }) => {
			await sleep(afterMs);
			return instance;
		},
		write: async ({ n, afterMs }) => {
			appendFileSync(notes, `${n}\n`);
			await sleep(afterMs);
			return instance;
		},
	},
	{ domain, instance },
);
process.once("SIGTERM", () => void node.drain());
console.log("serving");
