import { BusError, get, type Handlers, service, set } from "antiphon";
import { z } from "zod";

/** A service made to be called in every way that matters. */
export const probe = service("probe", "1.2.0", {
	echo: get({ input: z.object({ value: z.unknown() }), output: z.object({ value: z.unknown() }) }),
	add: set({
		input: z.object({ by: z.number().int().default(1) }),
		output: z.object({ total: z.number().int() }),
	}),
	refuse: get({
		input: z.object({ reason: z.string() }),
		faults: { refused: z.object({ reason: z.string() }) },
	}),
	/** Answers when its caller gives up, or when `release` is called. */
	hang: get({ output: z.string() }),
	crash: get({ output: z.string() }),
	lie: get({ output: z.object({ n: z.number() }) }),
	whoami: get({ output: z.string() }),
});

export interface ProbeControl {
	readonly handlers: Handlers<typeof probe.functions>;
	/** How often `add` ran. */
	readonly total: () => number;
	/** Calls of `hang` that have started. */
	readonly hanging: () => number;
	/** Those of them whose signal has aborted. */
	readonly aborted: () => number;
	/** Lets every `hang` answer. */
	release(): void;
}

export function makeProbe(): ProbeControl {
	let total = 0;
	let hanging = 0;
	let aborted = 0;
	let waiting: (() => void)[] = [];
	return {
		total: () => total,
		hanging: () => hanging,
		aborted: () => aborted,
		release() {
			for (const resolve of waiting.splice(0)) resolve();
			waiting = [];
		},
		handlers: {
			echo: ({ value }) => ({ value }),
			add: ({ by }) => {
				total += by;
				return { total };
			},
			refuse: ({ reason }, ctx) => ctx.fail("refused", { reason }),
			hang: async (_, ctx) => {
				hanging++;
				await new Promise<void>((resolve) => {
					waiting.push(resolve);
					const onAbort = () => {
						aborted++;
						resolve();
					};
					ctx.signal.addEventListener("abort", onAbort, { once: true });
				});
				return "released";
			},
			crash: () => {
				throw new Error("the secret detail");
			},
			lie: () => ({ n: "three" }) as unknown as { n: number },
			whoami: (_, ctx) => ctx.from,
		},
	};
}

/** The BusError that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<BusError> {
	const outcome = await promise.catch((error: unknown) => error);
	if (outcome instanceof BusError) return outcome;
	throw new Error(`a BusError was expected, and came ${String(outcome)}`, { cause: outcome });
}
