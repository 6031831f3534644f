import { contract } from "./answers/contract.js";
import { discoInfo } from "./answers/disco-info.js";
import { discoItems } from "./answers/disco-items.js";
import { lastActivity } from "./answers/last-activity.js";
import { ping } from "./answers/ping.js";
import { resolve } from "./answers/resolve.js";
import { time } from "./answers/time.js";
import { version } from "./answers/version.js";
import type { NodeModule } from "./host/node-host.js";

/** What every node answers. A new capability is a file in `answers/` and a word here. */
export const ANSWERS: readonly NodeModule[] = [
	ping,
	version,
	time,
	lastActivity,
	discoInfo,
	discoItems,
	contract,
	resolve,
];
