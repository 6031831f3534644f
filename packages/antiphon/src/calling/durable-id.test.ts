import { BusError, Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { parseDurableId } from "./durable-id.js";

const HOME = "lexicon@fn.example.org";
const own = {
	self: () => Jid.parse("me@example.org/desk"),
	addressesOf: (id: string) => (id === "one" ? [HOME] : id === "two" ? [HOME, "lexicon@fn.other"] : []),
};
const parse = (callId: string) => parseDurableId(callId, own);

describe("a durable call", () => {
	it("is named by its id and where it was submitted", () => {
		expect(parse("q0-_:Lexicon@fn.example.org")).toEqual({ id: "q0-_", to: HOME });
	});

	it("is named as its handler sees it, where its own node knows the rest", () => {
		expect(parse("me@example.org/one")).toEqual({ id: "one", to: HOME });
		expect(parse("Me@Example.org/one")).toEqual({ id: "one", to: HOME });
	});

	it.each([
		["me@example.org/none", "me@example.org/none is not the whole name of a call"],
		["me@example.org/none", "pass none:SERVICE@DOMAIN"],
		["me@example.org/two", "pass two:lexicon@fn.example.org or two:lexicon@fn.other"],
		["you@example.org/one", "a call of you@example.org, who alone may ask for it: this node is me@example.org"],
		["fn.example.org/one", "a call of fn.example.org"],
		["me@example.org/desk/one", '"me@example.org/desk/one" names no durable call'],
		["/one", "names no durable call"],
		["one", "names no durable call"],
	])("is not found by %j: %s", (callId, message) => {
		const thrown = () => parse(callId);
		expect(thrown).toThrow(message);
		expect(thrown).toThrow(BusError);
	});
});
