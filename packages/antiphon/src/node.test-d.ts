import { type Client, type Functions, get, type Handlers, type Service, service } from "@antiphon/contract";
import { z } from "zod";
import type { Node } from "./node.js";

declare const node: Node;

const door = service("door", "1.0.0", {
	word: get({ input: z.string(), output: z.enum(["a", "b"]), faults: { jammed: z.object({ since: z.number() }) } }),
	pair: get({ output: z.tuple([z.string(), z.number()]) }),
	literal: get({ output: z.object({ kind: z.literal("a") }) }),
	state: get({
		input: z.boolean(),
		output: z.discriminatedUnion("kind", [
			z.object({ kind: z.literal("open") }),
			z.object({ kind: z.literal("closed"), why: z.string() }),
		]),
	}),
	knock: get({}),
});

// Handlers written in place return literals, tuples and members of unions as they are.
node.serve(door, {
	word: () => "a",
	pair: () => ["a", 1],
	literal: () => ({ kind: "a" }),
	state: (open) => (open ? { kind: "open" } : { kind: "closed", why: "late" }),
	knock() {},
});
node.serve(door, {
	word: async (word, ctx) => {
		if (word === "") return ctx.fail("jammed", { since: 1 });
		return word === "x" ? "a" : "b";
	},
	pair: async () => ["a", 1],
	literal: async () => ({ kind: "a" }),
	state: async (open) => {
		if (open) return { kind: "open" };
		return { kind: "closed", why: "late" };
	},
	knock: async () => {},
});
node.serve(
	door,
	{
		word: async () => "a" as const,
		pair: () => Promise.resolve(["a", 1]),
		literal: () => ({ kind: "a" }),
		state: (_, ctx) => {
			if (ctx.from === "") throw new Error("nobody");
			return { kind: "open" };
		},
		knock: () => undefined,
	},
	{ concurrency: 1 },
);

// What does not fit is refused.
declare const others: Omit<Handlers<typeof door.functions>, "word">;
node.serve(door, { ...others, word: () => "b" });
// @ts-expect-error wrong output
node.serve(door, { ...others, word: () => "c" });
// @ts-expect-error wrong output, later
node.serve(door, { ...others, word: async (word) => (word === "" ? "a" : "c") });
// @ts-expect-error wrong tuple
node.serve(door, { ...others, word: () => "a", pair: async () => ["a", "b"] });
// @ts-expect-error wrong literal
node.serve(door, { ...others, word: () => "a", literal: () => ({ kind: "b" }) });
// @ts-expect-error no member of the union
node.serve(door, { ...others, word: () => "a", state: () => ({ kind: "closed" }) });
// @ts-expect-error an output where none is declared
node.serve(door, { ...others, word: () => "a", knock: () => 5 });
// @ts-expect-error a handler is missing
node.serve(door, others);
// @ts-expect-error a handler too many
node.serve(door, { ...others, word: () => "a", knok: () => undefined });
// @ts-expect-error wrong type of input
node.serve(door, { ...others, word: (word: number) => (word ? "a" : "b") });
// @ts-expect-error a fault that is not declared
node.serve(door, { ...others, word: (_, ctx) => ctx.fail("stuck", { since: 1 }) });
// @ts-expect-error wrong data of a fault
node.serve(door, { ...others, word: (_, ctx) => ctx.fail("jammed", { since: "noon" }) });

// By way of functions that do not know which service it is.
export function serveAny<F extends Functions>(service: Service<F>, handlers: Handlers<F>) {
	return node.serve(service, handlers);
}
export function clientOf<F extends Functions>(service: Service<F>): Client<F> {
	return node.client(service, { domain: "x.example" });
}
const word: Promise<"a" | "b"> = clientOf(door).word("x");
void word;
declare const unknownService: Service;
node.serve(unknownService, { anything: () => 1 });

// One address leaves nothing to choose.
node.client(door, { to: "worker@example.org/desk", encoding: "json" });
node.client(door, { domain: "x.example", instance: "a", labels: { region: "eu" } });
// @ts-expect-error
node.client(door, { to: "worker@example.org/desk", labels: { region: "eu" } });
// @ts-expect-error
node.client(door, { to: "worker@example.org/desk", instance: "a" });
// @ts-expect-error
node.client(door, { to: "worker@example.org/desk", domain: "x.example" });
