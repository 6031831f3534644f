import { BusError } from "antiphon";
import { expect, it } from "vitest";
import { keyFor, notOwn, parseCallKey } from "./call-key.js";

it("A call is named by its number, or by its sender and id", () => {
	expect(parseCallKey("184467")).toEqual({ n: 184_467 });
	expect(parseCallKey("Caller@Example.org/q0wY-_7")).toEqual({ sender: "caller@example.org", id: "q0wY-_7" });
	// An id may be a number.
	expect(parseCallKey("caller@example.org/7")).toEqual({ sender: "caller@example.org", id: "7" });
});

it.each([
	"",
	"0",
	"-1",
	"1.5",
	"1234567890123456",
	"q0wY",
	"caller@example.org",
	"caller@example.org/",
	"a@b/c/d",
	"@/a",
	"q0wY:",
	":words@fn.example.org",
	"q0wY:fn.example.org",
	"q0wY:words.learn@fn.example.org",
	"q0wY:words@fn.example.org/one",
	"q 0:words@fn.example.org",
])("%j names no call", (text) => {
	expect(() => parseCallKey(text)).toThrow(
		"names no durable call: use its number, caller@example.org/ID, or ID:service@domain for one of your own",
	);
});

it("What a caller has names a call of the account that asks, in the domain that keeps it", () => {
	const named = parseCallKey("q0wY-_7:Words@FN.example.org");
	expect(named).toEqual({ id: "q0wY-_7", domain: "fn.example.org" });
	const key = { sender: "me@example.org", id: "q0wY-_7" };
	expect(keyFor(named, "me@example.org", "fn.example.org")).toEqual(key);
	expect(keyFor(key, "boss@example.org", "fn.other")).toBe(key);
	expect(keyFor({ n: 7 }, "boss@example.org", "fn.other")).toEqual({ n: 7 });
	expect(() => keyFor(named, "me@example.org", "fn.other")).toThrow(
		"the call q0wY-_7 is kept in fn.example.org, not in fn.other: say --domain fn.example.org",
	);
});

it("Where it is another account's it is said how to name it", () => {
	const error = new BusError("not-found", "there is no such call");
	expect(notOwn(parseCallKey("q0:words@fn.example.org"), "me@example.org", error).message).toBe(
		"me@example.org has no such call. If another account has made it, say whose it is, caller@example.org/q0; antiphon calls ls and antiphon dead ls show senders",
	);
	expect(notOwn({ n: 7 }, "me@example.org", error)).toBe(error);
	const other = new BusError("forbidden", "may not");
	expect(notOwn(parseCallKey("q0:words@fn.example.org"), "me@example.org", other)).toBe(other);
});
