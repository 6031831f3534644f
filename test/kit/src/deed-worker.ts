// A provider of `deeds` in a process of its own; see deed-service.ts.
import { lmdbStore } from "@antiphon/store";
import { createNode, lineLog, linkFromEnv } from "antiphon";
import { DEED_CONCURRENCY, deedHandlers, deeds } from "./deed-service.js";

const [domain = "", instance = "", notes = "", folder = "", maxBytes] = process.argv.slice(2);
const inbox = lmdbStore(folder, maxBytes === undefined ? {} : { maxBytes: Number(maxBytes) });
const node = await createNode({ link: linkFromEnv(), inbox, log: lineLog(instance, "warn") });
await node.serve(deeds, deedHandlers(instance, notes), { domain, instance, concurrency: DEED_CONCURRENCY });
process.once("SIGTERM", () => void node.drain());
console.log("serving");
