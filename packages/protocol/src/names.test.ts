import { describe, expect, it } from "vitest";
import { isFaultName, isFunctionName, isQualifiedName, isServiceName, isVersion, MAX_NAME_CHARS } from "./names.js";

const longest = "x".repeat(MAX_NAME_CHARS);

describe("Names", () => {
	it.each(["a", "0", "dictionary", "a-b-2", longest])("%s is a service, a fault and a function", (name) => {
		expect([isServiceName(name), isFaultName(name), isFunctionName(name)]).toEqual([true, true, true]);
		expect(isQualifiedName(`${name}.${name}`)).toBe(true);
	});

	it.each(["lookUp", "look_up", "A", "a_"])("%s is a function only", (name) => {
		expect([isServiceName(name), isFaultName(name), isFunctionName(name)]).toEqual([false, false, true]);
		expect([isQualifiedName(`a.${name}`), isQualifiedName(`${name}.a`)]).toEqual([true, false]);
	});

	it.each(["", "-a", "a-", "_a", "a b", "a.b", "é", "a\n", `${longest}x`])("%j is none", (name) => {
		expect([isServiceName(name), isFaultName(name), isFunctionName(name)]).toEqual([false, false, false]);
		expect([isQualifiedName(`a.${name}`), isQualifiedName(`${name}.a`)]).toEqual([false, false]);
	});

	it.each(["a", "a..b", "a.b.c", ".", ".a", "a."])("%j is not service.function", (name) => {
		expect(isQualifiedName(name)).toBe(false);
	});
});

describe("Versions", () => {
	it.each(["0.0.0", "1.20.300", "999999999.0.1"])("%s is one", (text) => {
		expect(isVersion(text)).toBe(true);
	});

	it.each(["", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.00", "1.0.0-rc", " 1.0.0", "1.0.0\n", "1000000000.0.0"])(
		"%j is none",
		(text) => {
			expect(isVersion(text)).toBe(false);
		},
	);
});
