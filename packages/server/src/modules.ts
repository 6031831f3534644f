import type { ServerModule } from "./host.js";
import { ping } from "./modules/ping.js";

/** Everything that this server can do beyond routing. A new capability is a file in modules/ and a line here. */
export const MODULES: readonly ServerModule[] = [ping];
