import { describe, expect, it } from "vitest";
import { Admission } from "./admission.js";

describe("Admission", () => {
	it("bounds what runs in all and for each key, and gives places back", () => {
		const admission = new Admission("probe", 3, 2);
		admission.enter("a");
		admission.enter("a");
		const refused = { code: "overloaded", executed: "no", retryAfterMs: 100 };
		expect(() => admission.enter("a")).toThrow(
			expect.objectContaining({ ...refused, message: "probe is at its limit of 2 calls from one caller" }),
		);
		admission.enter("b");
		expect(() => admission.enter("c")).toThrow(
			expect.objectContaining({ ...refused, message: "probe is at its limit of 3 calls" }),
		);
		admission.leave("a");
		admission.enter("c");
		expect(admission.running).toBe(3);
	});

	it("refuses with unavailable once it was told to, while what runs goes on", async () => {
		const admission = new Admission("probe", 3);
		admission.enter("a");
		admission.refuse();
		expect(() => admission.enter("b")).toThrow(
			expect.objectContaining({ code: "unavailable", executed: "no", message: "probe is draining" }),
		);
		const idle = admission.whenIdle();
		admission.leave("a");
		await idle;
		await admission.whenIdle();
		expect(admission.running).toBe(0);
	});
});
