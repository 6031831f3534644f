import { expect, it } from "vitest";
import { nearest } from "./nearest.js";

const NAMES = ["timeoutMs", "signal", "key", "orderKey", "notBefore", "expiresMs", "retry", "delivery", "attempts"];

it.each([
	["expires", "expiresMs"],
	["expireMs", "expiresMs"],
	["EXPIRESMS", "expiresMs"],
	["timeout", "timeoutMs"],
	["notbefor", "notBefore"],
	["attempt", "attempts"],
	["orderkey", "orderKey"],
	["delivry", "delivery"],
	["keys", "key"],
	["tries", undefined],
	["k", undefined],
	["", undefined],
	["store", undefined],
	["toString", undefined],
])("%j is meant to be %j", (name, meant) => {
	expect(nearest(name, NAMES)).toBe(meant);
});

it("what is nearer counts, and nothing is near where there are no names", () => {
	expect(nearest("maxCallIn", ["maxCallsInPerPeer", "maxCallsIn", "maxCallsOut"])).toBe("maxCallsIn");
	expect(nearest("key", [])).toBeUndefined();
});
