import type { DomainModule } from "../host/domain-host.js";
import { handleOrder, requireResult } from "../queueing/orders.js";
import type { QueueRunner } from "../queueing/queue-runner.js";
import { unexpected } from "../queueing/results.js";

/**
 * Administrators have dead letters tried again, as new calls, or taken off their list (docs/protocol.md, "Administration"). They are
 * listed and shown as all other calls are.
 */
export function deadLetters(runner: QueueRunner): DomainModule {
	return (host) => {
		handleOrder(host, runner, {
			order: "redrive",
			what: "redrive dead letters",
			event(n, ask) {
				runner.gate.requireGiving();
				return { type: "redrive", ask, n };
			},
			done(n, result) {
				if (result.is !== "redriven") throw unexpected(result);
				return { n, again: { n: result.n, id: result.id } };
			},
		});
		handleOrder(host, runner, {
			order: "purge",
			what: "purge dead letters",
			event: (n, ask) => ({ type: "purge", ask, n }),
			done: (n, result) => requireResult(n, result, "purged"),
		});
	};
}
