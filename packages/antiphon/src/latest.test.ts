import { describe, expect, it } from "vitest";
import { Latest } from "./latest.js";

const value = <T>(value: T) => ({ done: false, value });
const END = { done: true, value: undefined };

describe("Latest", () => {
	it("gives a reader the value of now, then each change", async () => {
		const latest = new Latest(1);
		const reader = latest.read();
		expect(await reader.next()).toEqual(value(1));
		latest.set(2);
		expect(await reader.next()).toEqual(value(2));
		const next = reader.next();
		latest.set(3);
		expect(await next).toEqual(value(3));
	});

	it("gives a slow reader the newest value and not those in between", async () => {
		const latest = new Latest(1);
		const reader = latest.read();
		await reader.next();
		for (let n = 2; n <= 1_000; n++) latest.set(n);
		expect(await reader.next()).toEqual(value(1_000));
	});

	it("gives the last value and ends, for those who read, wait, or come later", async () => {
		const latest = new Latest(1);
		const [early, waiting] = [latest.read(), latest.read()];
		await waiting.next();
		const next = waiting.next();
		latest.set(2);
		latest.end();
		latest.set(3);
		expect(await next).toEqual(value(2));
		expect(await waiting.next()).toEqual(END);
		const seen: number[] = [];
		for await (const each of early) seen.push(each);
		for await (const each of latest.read()) seen.push(each);
		expect(seen).toEqual([2, 2]);
	});

	it("keeps readers apart", async () => {
		const latest = new Latest(1);
		const [a, b] = [latest.read(), latest.read()];
		await a.next();
		const next = a.next();
		expect(await b.next()).toEqual(value(1));
		await b.return?.();
		latest.set(2);
		expect(await next).toEqual(value(2));
	});

	it("ends a waiting next() at once when its reader returns", async () => {
		const latest = new Latest(1);
		const reader = latest.read();
		await reader.next();
		const waiting = [reader.next(), reader.next()];
		expect(await reader.return?.()).toEqual(END);
		expect(await Promise.all(waiting)).toEqual([END, END]);
		expect(await reader.next()).toEqual(END);
		latest.set(2);
		latest.end();
	});

	it("serves several next() of one reader in order, a change for each", async () => {
		const latest = new Latest(1);
		const reader = latest.read();
		const results = [reader.next(), reader.next(), reader.next()];
		latest.set(2);
		latest.set(3);
		expect(await Promise.all(results)).toEqual([value(1), value(2), value(3)]);
	});
});
