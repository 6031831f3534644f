import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Exchange, type ExchangeOptions } from "./exchange.js";

const options: ExchangeOptions = {
	backOff: { firstMs: 100, maxMs: 1_000 },
	answerMs: 5_000,
	inFlight: { count: 100, size: 1_000 },
	inFlightPerPeer: { count: 100, size: 1_000 },
};

const keys = (asks: readonly { readonly key: string }[]) => asks.map(({ key }) => key);

describe("an exchange", () => {
	it("asks at once, and not again while an answer may come", () => {
		const exchange = new Exchange(options);
		exchange.put("a", "peer", 1);
		const [ask] = exchange.take(0);
		expect(ask?.key).toBe("a");
		expect(exchange.take(4_999)).toEqual([]);
		expect(exchange.answered(ask?.request as number)).toBe("a");
		expect(exchange.wakeUp()).toBeUndefined();
	});

	it("asks again after a back-off when no answer has come, and takes the first answer for none", () => {
		const exchange = new Exchange(options);
		exchange.put("a", "peer", 1);
		const [first] = exchange.take(0);
		expect(exchange.wakeUp()).toBe(5_000);
		expect(exchange.take(5_000)).toEqual([]);
		const at = exchange.wakeUp() as number;
		expect(at).toBeGreaterThanOrEqual(5_050);
		expect(at).toBeLessThanOrEqual(5_100);
		const [second] = exchange.take(at);
		expect(second?.key).toBe("a");
		expect(exchange.answered(first?.request as number)).toBeUndefined();
		expect(exchange.answered(second?.request as number)).toBe("a");
		expect(exchange.answered(second?.request as number)).toBeUndefined();
	});

	it("waits longer with each attempt, and at least as long as it was told", () => {
		const exchange = new Exchange(options);
		exchange.put("a", "peer", 1);
		let up = 0;
		const waits: number[] = [];
		for (let i = 0; i < 6; i++) {
			const [ask] = exchange.take(up);
			exchange.answered(ask?.request as number);
			exchange.retry("a", up);
			waits.push((exchange.wakeUp() as number) - up);
			up = exchange.wakeUp() as number;
		}
		waits.forEach((wait, i) => {
			expect(wait).toBeGreaterThanOrEqual(Math.min(1_000, 100 * 2 ** i) / 2);
			expect(wait).toBeLessThanOrEqual(Math.min(1_000, 100 * 2 ** i));
		});
		exchange.take(up);
		exchange.retry("a", up, 7_000);
		expect(exchange.wakeUp()).toBe(up + 7_000);
	});

	it("asks later when it is told when", () => {
		const exchange = new Exchange(options);
		exchange.put("a", "peer", 1);
		exchange.answered(exchange.take(0)[0]?.request as number);
		exchange.later("a", 60_000);
		expect(exchange.take(59_999)).toEqual([]);
		expect(keys(exchange.take(60_000))).toEqual(["a"]);
	});

	it("asks sooner what waits, and leaves alone what is in flight, ready, or due before", () => {
		const exchange = new Exchange({ ...options, inFlight: { count: 1, size: 1_000 } });
		exchange.put("a", "peer", 1);
		exchange.put("b", "peer", 1);
		const [ask] = exchange.take(0);
		exchange.sooner("a", 10);
		exchange.sooner("b", 10);
		exchange.sooner("nothing", 10);
		expect(exchange.wakeUp()).toBe(5_000);
		expect(exchange.answered(ask?.request as number)).toBe("a");
		exchange.sooner("a", 10);
		expect(exchange.wakeUp()).toBeUndefined();
		exchange.later("a", 60_000);
		exchange.sooner("a", 30_000);
		exchange.sooner("a", 40_000);
		expect(keys(exchange.take(1))).toEqual(["b"]);
		exchange.delete("b");
		expect(exchange.take(29_999)).toEqual([]);
		expect(keys(exchange.take(30_000))).toEqual(["a"]);
	});

	it("asks everything anew after a restart, in the order in which it came, and takes no answer from before", () => {
		const exchange = new Exchange(options);
		for (const key of ["c", "a", "b"]) exchange.put(key, "peer", 1);
		const before = exchange.take(0);
		exchange.answered(before[1]?.request as number);
		exchange.retry("a", 0, 60_000);
		exchange.restart();
		expect(exchange.answered(before[0]?.request as number)).toBeUndefined();
		expect(keys(exchange.take(1))).toEqual(["c", "a", "b"]);
	});

	it("starts one peer anew without the others", () => {
		const exchange = new Exchange(options);
		exchange.put("a", "one", 1);
		exchange.put("b", "two", 1);
		exchange.take(0);
		exchange.restart("two");
		expect(keys(exchange.take(1))).toEqual(["b"]);
	});

	it("keeps what is for a peer that cannot be reached", () => {
		const exchange = new Exchange(options);
		exchange.put("a", "one", 1);
		exchange.put("b", "two", 1);
		expect(keys(exchange.take(0, (peer) => peer === "two"))).toEqual(["b"]);
		expect(exchange.wakeUp()).toBe(5_000);
		expect(keys(exchange.take(1))).toEqual(["a"]);
	});

	it("lets peers take turns when there is not room for all", () => {
		const exchange = new Exchange({ ...options, inFlight: { count: 3, size: 1_000 } });
		for (let i = 0; i < 100; i++) exchange.put(`one-${i}`, "one", 1);
		exchange.put("two-0", "two", 1);
		exchange.put("two-1", "two", 1);
		exchange.put("two-2", "two", 1);
		const first = exchange.take(0);
		expect(keys(first)).toEqual(["one-0", "two-0", "one-1"]);
		for (const { request } of first) exchange.delete(exchange.answered(request) as string);
		expect(keys(exchange.take(0))).toEqual(["two-1", "one-2", "two-2"]);
	});

	it("lets one that is larger than the bound go alone", () => {
		const exchange = new Exchange({ ...options, inFlightPerPeer: { count: 9, size: 10 } });
		exchange.put("large", "peer", 11);
		exchange.put("small", "peer", 1);
		const asks = exchange.take(0);
		expect(keys(asks)).toEqual(["large"]);
		exchange.delete(exchange.answered(asks[0]?.request as number) as string);
		expect(keys(exchange.take(0))).toEqual(["small"]);
	});

	it("knows of nothing that was deleted, and of nothing at all when it is cleared, but does not count anew", () => {
		const exchange = new Exchange(options);
		exchange.put("a", "peer", 1);
		const [first] = exchange.take(0);
		exchange.delete("a");
		expect(exchange.answered(first?.request as number)).toBeUndefined();
		exchange.put("b", "peer", 1);
		exchange.clear();
		expect([exchange.size, exchange.take(9_999)]).toEqual([0, []]);
		exchange.put("a", "peer", 1);
		expect(exchange.take(0)[0]?.request).not.toBe(first?.request);
	});

	it("never has more in flight than it may, and asks in the end about all that is there", () => {
		const bounds = { inFlight: { count: 5, size: 40 }, inFlightPerPeer: { count: 3, size: 30 } };
		const step = fc.oneof(
			fc.record({ do: fc.constant("put" as const), key: fc.nat(11), size: fc.integer({ min: 1, max: 30 }) }),
			fc.record({ do: fc.constant("delete" as const), key: fc.nat(11) }),
			fc.record({
				do: fc.constant("answer" as const),
				which: fc.nat(9),
				next: fc.constantFrom("done", "retry", "later"),
			}),
			fc.record({ do: fc.constant("restart" as const) }),
			fc.record({ do: fc.constant("wait" as const), ms: fc.nat(6_000) }),
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
				const exchange = new Exchange({ ...options, ...bounds });
				const sizes = new Map<string, number>();
				let flying = new Map<number, { key: string; until: number }>();
				let up = 0;
				const peerOf = (key: string) => `peer-${Number(key) % 3}`;
				const take = () => {
					for (const [request, { until }] of flying) if (until <= up) flying.delete(request);
					for (const { key, request } of exchange.take(up)) {
						expect([...flying.values()].map((each) => each.key)).not.toContain(key);
						flying.set(request, { key, until: up + options.answerMs });
					}
					for (const peer of [undefined, "peer-0", "peer-1", "peer-2"]) {
						const there = [...flying.values()].filter(({ key }) => peer === undefined || peerOf(key) === peer);
						const { count, size } = peer === undefined ? bounds.inFlight : bounds.inFlightPerPeer;
						expect(there.length).toBeLessThanOrEqual(count);
						expect(there.reduce((sum, { key }) => sum + (sizes.get(key) as number), 0)).toBeLessThanOrEqual(size);
					}
				};
				for (const each of steps) {
					if (each.do === "put") {
						const key = String(each.key);
						sizes.set(key, sizes.get(key) ?? each.size);
						exchange.put(key, peerOf(key), sizes.get(key) as number);
						flying = new Map([...flying].filter(([, flight]) => flight.key !== key));
					} else if (each.do === "delete") {
						exchange.delete(String(each.key));
						flying = new Map([...flying].filter(([, flight]) => flight.key !== String(each.key)));
						sizes.delete(String(each.key));
					} else if (each.do === "answer") {
						const [request, flight] = [...flying][each.which] ?? [];
						if (request === undefined || flight === undefined) continue;
						expect(exchange.answered(request)).toBe(flight.key);
						flying.delete(request);
						if (each.next === "retry") exchange.retry(flight.key, up);
						else if (each.next === "later") exchange.later(flight.key, up + 1_000);
						else {
							exchange.delete(flight.key);
							sizes.delete(flight.key);
						}
					} else if (each.do === "restart") {
						exchange.restart();
						flying.clear();
					} else up += each.ms;
					take();
				}
				// From here on everything is answered, and done with it.
				for (let i = 0; i < 200 && exchange.size > 0; i++) {
					for (const [request, { key }] of flying) {
						if (exchange.answered(request) === key) exchange.delete(key);
						flying.delete(request);
						sizes.delete(key);
					}
					up = Math.max(up, exchange.wakeUp() ?? up);
					take();
				}
				expect(exchange.size).toBe(0);
			}),
		);
	});
});
