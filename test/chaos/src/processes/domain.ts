// The host of a domain in a process of its own; see world.ts. `antiphon domain` leaves more of a disk free than there is here.
import { createDomain } from "@antiphon/domain";
import { lmdbStore } from "@antiphon/store";
import { lineLog, linkFromEnv } from "antiphon";

const [store = "", limits = "{}", stateFile = ""] = process.argv.slice(2);
const domain = await createDomain({
	link: linkFromEnv(),
	store: lmdbStore(store, JSON.parse(limits)),
	stateFile,
	log: lineLog("domain", "info"),
});
void domain.closed.then((cause) => {
	if (cause !== undefined) console.error(`domain: ${cause.message}`);
	process.exit(cause === undefined ? 0 : 1);
});
process.once("SIGTERM", () => void domain.close());
console.log(`hosting ${domain.name}`);
