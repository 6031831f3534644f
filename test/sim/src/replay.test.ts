import { expect, it } from "vitest";
import { loadDelivery } from "./delivery.js";
import { hashOf } from "./report.js";
import { simulate } from "./world.js";

it("the same seed is the same world, to the last event", async () => {
	const delivery = await loadDelivery();
	for (let seed = 1; seed <= 20; seed++) {
		const [one, other] = [simulate(delivery, seed), simulate(await loadDelivery(), seed)];
		expect(one.history.events.length, `seed ${seed}`).toBeGreaterThan(10);
		expect(hashOf(other), `seed ${seed}`).toBe(hashOf(one));
	}
});
