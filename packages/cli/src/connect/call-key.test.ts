import { expect, it } from "vitest";
import { parseCallKey } from "./call-key.js";

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
])("%j names no call", (text) => {
	expect(() => parseCallKey(text)).toThrow("names no durable call: use its number, or caller@example.org/ID");
});
