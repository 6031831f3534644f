import { z } from "zod";
import { type Client, type Delivery, get, type Handlers, isFault, service, set, type untyped } from "./index.js";

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

// Both sides of a schema: a caller passes the input side and gets the output side, a handler the other way round.
const sides = service("sides", "1.0.0", {
	f: get({
		input: z.object({ n: z.string().transform(Number), at: z.string().default("now"), c: z.coerce.number<string>() }),
		output: z.object({ n: z.string().transform(Number), at: z.string().default("now") }),
		faults: { no: z.object({ n: z.string().transform(Number), at: z.string().default("now") }) },
	}),
	optional: get({ input: z.object({ limit: z.number() }).optional(), output: z.array(z.string()) }),
	nullable: get({ input: z.string().nullable(), output: z.string().nullish() }),
	anything: set({ input: z.unknown(), output: z.unknown() }),
	union: set({ input: z.union([z.object({ a: z.string() }), z.object({ b: z.number() })]) }),
});
declare const sidesClient: Client<typeof sides.functions>;
type SidesHandlers = Handlers<typeof sides.functions>;

same<Parameters<typeof sidesClient.f>[0], { n: string; at?: string | undefined; c: string }>(true);
same<Awaited<ReturnType<typeof sidesClient.f>>, { n: number; at: string }>(true);
same<Parameters<SidesHandlers["f"]>[0], { n: number; at: string; c: number }>(true);
same<Awaited<ReturnType<SidesHandlers["f"]>>, { n: string; at?: string | undefined }>(true);
const fail: SidesHandlers["f"] = (_, ctx) => ctx.fail("no", { n: "7" });
void fail;
// @ts-expect-error a handler passes the input side of a fault's data, too
const failWrong: SidesHandlers["f"] = (_, ctx) => ctx.fail("no", { n: 7, at: "now" });
void failWrong;
if (isFault(error, sides.functions.f, "no")) same<typeof error.data, { n: number; at: string }>(true);

// Optional input may be left out; what may be null may not.
sidesClient.optional();
sidesClient.optional({ limit: 3 });
sidesClient.optional(undefined, { timeoutMs: 5 });
sidesClient.nullable(null);
// @ts-expect-error
sidesClient.nullable();
sidesClient.union({ a: "x" });
// @ts-expect-error neither of the two
sidesClient.union({ c: true });
same<Awaited<ReturnType<typeof sidesClient.nullable>>, string | null | undefined>(true);

// A schema that lets everything pass is `unknown` to its users.
const loose = service("loose", "1.0.0", { f: get({ input: z.any(), output: z.any(), faults: { no: z.any() } }) });
declare const looseClient: Client<typeof loose.functions>;
looseClient.f({ a: 1 }, { timeoutMs: 5 });
same<Awaited<ReturnType<typeof looseClient.f>>, unknown>(true);
same<Parameters<Handlers<typeof loose.functions>["f"]>[0], unknown>(true);

// A function without output: the handler returns nothing, and nothing else will do.
const nothing: Handlers<typeof dictionary.functions>["forget"][] = [
	() => undefined,
	() => {},
	async () => {},
	async () => undefined,
	// @ts-expect-error
	() => 5,
	// @ts-expect-error
	async () => 5,
];
void nothing;

// Literals, tuples and members of unions need no `as const`.
const choices = service("choices", "1.0.0", {
	word: get({ input: z.string(), output: z.enum(["a", "b"]) }),
	pair: get({ output: z.tuple([z.string(), z.number()]) }),
	literal: get({ output: z.object({ kind: z.literal("a") }) }),
	door: get({
		input: z.boolean(),
		output: z.discriminatedUnion("kind", [
			z.object({ kind: z.literal("open") }),
			z.object({ kind: z.literal("closed"), why: z.string() }),
		]),
	}),
});
type Choices = Handlers<typeof choices.functions>;
const choicesHandlers: Choices[] = [
	{
		word: () => "a",
		pair: () => ["a", 1],
		literal: () => ({ kind: "a" }),
		door: (open) => (open ? { kind: "open" } : { kind: "closed", why: "late" }),
	},
	{
		word: async (word) => (word === "" ? "a" : "b"),
		pair: async () => ["a", 1],
		literal: async () => ({ kind: "a" }),
		door: async (open) => (open ? { kind: "open" } : { kind: "closed", why: "late" }),
	},
];
void choicesHandlers;
const words: Choices["word"][] = [
	async () => "a" as const,
	() => Promise.resolve("a"),
	// @ts-expect-error the compiler's exception, see Handler: when this passes, it can go
	async () => "a",
	// @ts-expect-error
	() => "c",
	// @ts-expect-error
	async (word) => (word === "" ? "a" : "c"),
];
void words;

// Handlers may be the methods of a class.
class Dictionary implements Handlers<typeof dictionary.functions> {
	readonly words = new Map<string, string>();
	define({ word }: { word: string }) {
		return { text: this.words.get(word) ?? "" };
	}
	learn() {
		return { words: this.words.size };
	}
	count() {
		return this.words.size;
	}
	forget() {}
}
const instance: Handlers<typeof dictionary.functions> = new Dictionary();
void instance;

// get and set are told apart.
same<(typeof dictionary.functions.define)["kind"], "get">(true);
same<(typeof dictionary.functions.learn)["kind"], "set">(true);

// What a function promises of its delivery is in its type: what only durable functions have can be on them alone.
const durable = service("durable", "1.0.0", {
	look: get({}),
	plain: set({ delivery: "at-most-once", input: z.string() }),
	often: set({ delivery: "at-least-once", input: z.string(), output: z.number() }),
	once: set({
		delivery: "effectively-once",
		input: z.object({ word: z.string() }),
		faults: { busy: z.null(), full: z.object({ words: z.number() }) },
		retry: { attempts: 3, faults: ["busy"] },
	}),
});
same<(typeof durable.functions.look)["delivery"], "at-most-once">(true);
same<(typeof durable.functions.plain)["delivery"], "at-most-once">(true);
same<(typeof durable.functions.often)["delivery"], "at-least-once">(true);
same<(typeof durable.functions.once)["delivery"], "effectively-once">(true);
declare const durableClient: Client<typeof durable.functions>;
same<ReturnType<typeof durableClient.often.send>, Promise<string>>(true);
durableClient.often.send("word", { key: "order-7", orderKey: "customer-3", notBefore: new Date(0), expiresMs: 1 });
durableClient.once.send({ word: "xmpp" }, { retry: { attempts: 1 }, delivery: "at-least-once" });
// @ts-expect-error wrong input
durableClient.often.send(7);
// @ts-expect-error no input
durableClient.often.send();
// @ts-expect-error a plain call is not sent
durableClient.often.send("word", { delivery: "at-most-once" });
// @ts-expect-error which faults are tried again is the contract's
durableClient.once.send({ word: "xmpp" }, { retry: { faults: ["busy"] } });
// @ts-expect-error at most once
durableClient.plain.send("word");
// @ts-expect-error at most once, as nothing is said
durableClient.look.send();
// Beside that a durable function is one as any other, but for what may be said of its call.
durableClient.often("word", { key: "order-7", timeoutMs: 5, delivery: "at-most-once" });
// @ts-expect-error at most once
durableClient.plain("word", { key: "order-7" });
same<Awaited<ReturnType<typeof durableClient.often>>, number>(true);
same<Parameters<typeof durableClient.once>[0], { word: string }>(true);
declare const delivery: Delivery;
same<ReturnType<typeof ofAny>["delivery"], Delivery>(true);
const ofAny = () => set({ delivery, input: z.string() });

// A function is tried again after the faults that it declares.
// @ts-expect-error not declared
set({ delivery: "at-least-once", faults: { busy: z.null() }, retry: { faults: ["bussy"] } });
// @ts-expect-error none is declared
set({ delivery: "at-least-once", retry: { faults: ["busy"] } });
// @ts-expect-error no such setting
set({ delivery: "at-least-once", retry: { attempt: 3 } });

// What a contract cannot be.
// @ts-expect-error not a schema
get({ input: { word: "string" } });
// @ts-expect-error no such delivery
set({ delivery: "exactly-once" });
// @ts-expect-error no such member
get({ inputs: z.string() });

// No `any` reaches the user.
type IsAny<T> = 0 extends 1 & T ? true : false;
/** Is there an `any` in this type, a few levels down? What the platform's own types hold is not ours. */
type HasAny<T, Depth extends 0[] = []> =
	IsAny<T> extends true
		? true
		: Depth["length"] extends 6
			? false
			: T extends AbortSignal | readonly []
				? false
				: T extends (...args: infer Args) => infer Result
					? HasAny<Args, [...Depth, 0]> extends true
						? true
						: HasAny<Result, [...Depth, 0]>
					: T extends Promise<infer Result>
						? HasAny<Result, [...Depth, 0]>
						: T extends readonly (infer Item)[]
							? HasAny<Item, [...Depth, 0]>
							: T extends object
								? true extends { [Key in keyof T]-?: HasAny<T[Key], [...Depth, 0]> }[keyof T]
									? true
									: false
								: false;
// It finds what it looks for.
type Any = ReturnType<typeof JSON.parse>;
same<HasAny<{ a: { b: Any }[] }>, true>(true);
same<HasAny<(a: Any) => string>, true>(true);
same<HasAny<() => Promise<{ a: Any }>>, true>(true);
same<HasAny<{ a: { b: unknown }[]; c: (d: string) => Promise<number> }>, false>(true);
same<HasAny<typeof client>, false>(true);
same<HasAny<typeof sidesClient>, false>(true);
same<HasAny<Handlers<typeof dictionary.functions>>, false>(true);
same<HasAny<typeof durableClient>, false>(true);
same<HasAny<SidesHandlers>, false>(true);
same<HasAny<Parameters<Handlers<typeof dictionary.functions>["define"]>[1]["from"]>, false>(true);
same<HasAny<ReturnType<typeof untyped>["functions"]>, false>(true);
declare const anyClient: Client<ReturnType<typeof untyped>["functions"]>;
// Of whom only the description is known, it may be durable.
anyClient["any"]?.send({ word: 1 });
same<HasAny<NonNullable<(typeof anyClient)[string]>>, false>(true);
same<Awaited<ReturnType<NonNullable<(typeof anyClient)[string]>>>, unknown>(true);
if (isFault(error, dictionary.functions.define, "unknown-word")) same<HasAny<typeof error.data>, false>(true);
