import type { DomainModule } from "./domain-host.js";
import { forwarded } from "./modules/forwarded.js";
import { presence } from "./modules/presence.js";
import { register } from "./modules/register.js";
import { resolve } from "./modules/resolve.js";

/** What a domain does. A new capability is a file in `modules/` and a word here. */
export const MODULES: readonly DomainModule[] = [forwarded, register, resolve, presence];
