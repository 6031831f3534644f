import { Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { MAX_OUTCOME_PLACES, OutcomePlaces } from "./outcome-places.js";

const KIB = 1024;

function world() {
	const lost: object[] = [];
	const places = new OutcomePlaces<object>("example.org", (told) => void lost.push(told));
	/** Takes a place for each of these addresses. @returns how many got one */
	const fill = (addresses: readonly string[]) =>
		addresses.filter((address) => places.take({ address }, Jid.parse(address), 1)).length;
	return { places, lost, fill };
}

const addresses = (many: number, make: (n: number) => string) => Array.from({ length: many }, (_, n) => make(n));

describe("The places of outcomes that are being told", () => {
	it("are one for each 16 KiB that have begun, and free again when it is over", () => {
		const { places } = world();
		const [told, to] = [{}, Jid.parse("caller@example.org/desk")];
		expect([places.take(told, to, 1), places.size]).toEqual([true, 1]);
		expect([places.take(told, to, 16 * KIB), places.size]).toEqual([true, 1]);
		expect([places.take(told, to, 33 * KIB), places.size]).toEqual([true, 3]);
		places.leave(told);
		places.leave(told);
		expect(places.size).toBe(0);
	});

	it("are bounded for an address, and what finds too few has what it had; the largest alone finds all", () => {
		const { places } = world();
		const to = Jid.parse("caller@example.org/desk");
		const [large, small] = [{}, {}];
		expect([places.take(large, to, 10_000 * KIB), places.size]).toEqual([true, 64]);
		expect([places.take(small, to, 1), places.size]).toEqual([false, 64]);
		places.leave(large);
		expect(places.take(small, to, 63 * 16 * KIB)).toBe(true);
		expect([places.take(large, to, 16 * KIB), places.take(large, to, 17 * KIB), places.size]).toEqual([
			true,
			false,
			64,
		]);
		expect(places.take(small, to, 64 * 16 * KIB)).toBe(false);
		places.leave(large);
		expect(places.take(small, to, 64 * 16 * KIB)).toBe(true);
	});

	it.each([
		["an account", 256, (n: number) => `evil@example.org/${n}`],
		["a foreign domain", 256, (n: number) => `evil${n}@example.net/x`],
		["all foreign domains", 512, (n: number) => `evil@example${n}.net/x`],
		["all", MAX_OUTCOME_PLACES, (n: number) => `evil${n}@example.org/x`],
	])("are bounded for %s: %d", (_, most, make) => {
		const { places, fill } = world();
		expect(fill(addresses(most + 100, make))).toBe(most);
		expect(places.size).toBe(most);
	});

	it("go from who has most to who has fewer, with all that the same has", () => {
		const { places, lost, fill } = world();
		const accounts = addresses(4, (n) => `evil${n}@example.org`);
		const all = accounts.flatMap((account) => addresses(4, (n) => `${account}/${n}`));
		for (const address of all) {
			for (let n = 0; n < 16; n++) expect(places.take({ address }, Jid.parse(address), 4 * 16 * KIB)).toBe(true);
		}
		expect([places.size, fill(["caller@example.org/desk"])]).toEqual([MAX_OUTCOME_PLACES, 1]);
		expect(lost).toEqual([{ address: expect.stringMatching(/^evil\d@example\.org\/3$/) }]);
		expect(places.size).toBe(MAX_OUTCOME_PLACES - 3);
		// Who has most has no more than it had.
		expect(fill(all)).toBeLessThan(all.length);
		expect(lost).toHaveLength(1);
	});
});
