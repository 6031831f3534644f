// A provider of `work` in a process of its own; see work-service.ts.
import { createNode, linkFromEnv } from "antiphon";
import { work, workHandlers } from "./work-service.js";

const [domain = "", instance = "", notes = ""] = process.argv.slice(2);
const node = await createNode({ link: linkFromEnv() });
await node.serve(work, workHandlers(instance, notes), { domain, instance });
process.once("SIGTERM", () => void node.drain());
console.log("serving");
