import { z } from "zod";
import { type Client, get, type Handlers, isFault, service, set } from "./index.js";

const dictionary = service("dictionary", "1.0.0", {
	define: get({
		summary: "Look a word up",
		input: z.object({ word: z.string().min(1) }),
		output: z.object({ text: z.string() }),
		faults: { "unknown-word": z.object({ near: z.array(z.string()) }) },
	}),
	learn: set({
		input: z.object({ word: z.string().min(1), text: z.string(), at: z.coerce.date().default(new Date(0)) }),
		output: z.object({ words: z.number().int() }),
	}),
	count: get({ output: z.number() }),
	forget: set({}),
});

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>) => undefined;

declare const client: Client<typeof dictionary.functions>;

// The plain types of a client.
same<ReturnType<typeof client.define>, Promise<{ text: string }>>(true);
same<Parameters<typeof client.define>[0], { word: string }>(true);
same<Awaited<ReturnType<typeof client.count>>, number>(true);
same<Awaited<ReturnType<typeof client.forget>>, undefined>(true);
client.count();
client.forget(undefined, { timeoutMs: 1 });
client.define({ word: "xmpp" }, { timeoutMs: 500 });

// @ts-expect-error wrong input
client.define({ word: 1 });
// @ts-expect-error missing input
client.define();
// @ts-expect-error a field too many
client.define({ word: "a", more: 1 });
// @ts-expect-error no such function
client.defin({ word: "a" });
// @ts-expect-error takes nothing
client.count({ word: "a" });

const good: Handlers<typeof dictionary.functions> = {
	define: async ({ word }, ctx) => (word === "xmpp" ? { text: "…" } : ctx.fail("unknown-word", { near: [word] })),
	learn: ({ word, at }) => {
		same<typeof at, Date>(true);
		return { words: word.length };
	},
	count: () => 3,
	forget: () => undefined,
};
void good;

const wrong: Handlers<typeof dictionary.functions> = {
	// @ts-expect-error wrong output
	define: async () => ({ txt: "…" }),
	learn: (_, ctx) => {
		// @ts-expect-error a fault that this function does not declare
		ctx.fail("unknown-word", { near: [] });
		return { words: 1 };
	},
	// @ts-expect-error wrong output of a function without input
	count: () => "3",
	forget: () => undefined,
};
void wrong;

// @ts-expect-error a handler is missing
const missing: Handlers<typeof dictionary.functions> = {
	define: () => ({ text: "" }),
	count: () => 1,
	forget: () => undefined,
};
void missing;

const wrongFault: Handlers<typeof dictionary.functions>["define"] = (_, ctx) =>
	// @ts-expect-error the fault's data has another shape
	ctx.fail("unknown-word", { near: "x" });
void wrongFault;

declare const error: unknown;
if (isFault(error, dictionary.functions.define, "unknown-word")) {
	same<typeof error.data, { near: string[] }>(true);
	same<typeof error.name, "unknown-word">(true);
}
// @ts-expect-error not declared
isFault(error, dictionary.functions.learn, "unknown-word");
