import type { DomainModule } from "./host/domain-host.js";
import { callContents } from "./modules/call-contents.js";
import { deadLetters } from "./modules/dead-letters.js";
import { denied } from "./modules/denied.js";
import { drain } from "./modules/drain.js";
import { forwarded } from "./modules/forwarded.js";
import { keptCalls } from "./modules/kept-calls.js";
import { leases } from "./modules/leases.js";
import { names } from "./modules/names.js";
import { nodes } from "./modules/nodes.js";
import { presence } from "./modules/presence.js";
import { queue } from "./modules/queue.js";
import { register } from "./modules/register.js";
import { resolve } from "./modules/resolve.js";
import { stats } from "./modules/stats.js";
import { wake } from "./modules/wake.js";
import type { QueueRunner } from "./queueing/queue-runner.js";

/**
 * What a domain does. A new capability is a file in `modules/` and a word here. They hear of a change in this
 * order: what is registered has its JIDs (`forwarded`) before callers are told of it (`resolve`).
 */
export const MODULES: readonly DomainModule[] = [
	forwarded,
	register,
	resolve,
	presence,
	names,
	nodes,
	stats,
	drain,
	denied,
	wake,
];

/** What a domain that keeps durable calls does besides. */
export const QUEUE_MODULES: readonly ((runner: QueueRunner) => DomainModule)[] = [
	queue,
	leases,
	keptCalls,
	deadLetters,
	callContents,
];
