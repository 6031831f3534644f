// A domain host in a process of its own, so that its memory can be told from that of those it serves. With a folder it keeps
// durable calls there.
import { createDomain } from "@antiphon/domain";
import { lmdbStore } from "@antiphon/store";
import { componentLink } from "antiphon";

const [url, domain, secret, folder] = process.argv.slice(2);
const host = await createDomain({
	link: componentLink({ url, domain, secret }),
	...(folder !== undefined && { store: lmdbStore(folder) }),
});
process.on("message", () => {
	globalThis.gc?.();
	process.send({ instances: host.instances, heapMb: process.memoryUsage().heapUsed / 2 ** 20 });
});
process.on("disconnect", () => host.close().then(() => process.exit()));
process.send({ instances: 0, heapMb: process.memoryUsage().heapUsed / 2 ** 20 });
