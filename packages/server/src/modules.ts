import type { ServerModule } from "./host/host.js";
import { bind } from "./modules/bind.js";
import { disco } from "./modules/disco.js";
import { legacySession } from "./modules/legacy-session.js";
import { liveness } from "./modules/liveness.js";
import { message } from "./modules/message.js";
import { ping } from "./modules/ping.js";
import { presence } from "./modules/presence.js";
import { probe } from "./modules/probe.js";
import { roster } from "./modules/roster.js";
import { stalled } from "./modules/stalled.js";
import { subscriptions } from "./modules/subscriptions.js";
import { time } from "./modules/time.js";
import { unfinished } from "./modules/unfinished.js";
import { version } from "./modules/version.js";

/** Everything that this server can do beyond routing. A new capability is a file in modules/ and a line here. */
export const MODULES: readonly ServerModule[] = [
	bind,
	disco,
	legacySession,
	liveness,
	message,
	ping,
	presence,
	probe,
	roster,
	stalled,
	subscriptions,
	time,
	unfinished,
	version,
];
