import { describe, expect, it } from "vitest";
import { Asking } from "./asking.js";

const never = () => new Promise<never>(() => {});

describe("questions under way", () => {
	it("are asked once for all who want to know, and again afterwards", async () => {
		const asking = new Asking(8);
		let asked = 0;
		const ask = async () => ++asked;
		const same = ["alice", "alice", "bob"].map((account) => asking.once("q", ask, account));
		await expect(Promise.all(same)).resolves.toEqual([1, 1, 1]);
		await expect(asking.once("q", ask)).resolves.toBe(2);
	});

	it("fail for all who want to know, and make room", async () => {
		const asking = new Asking(1);
		const fail = () => Promise.reject(new Error("gone"));
		const both = [asking.once("q", fail, "alice"), asking.once("q", fail, "alice")];
		for (const each of both) await expect(each).rejects.toThrow("gone");
		await expect(asking.once("q", async () => 1, "alice")).resolves.toBe(1);
	});

	it("are bounded, and one account that does not answer leaves room for the others", async () => {
		const asking = new Asking(8);
		for (const account of ["mallory", "trudy", "eve"]) {
			void asking.once(`${account} 1`, never, account);
			void asking.once(`${account} 2`, never, account);
			const third = asking.once(`${account} 3`, never, account);
			await expect(third).rejects.toMatchObject({ code: "overloaded", retryAfterMs: 500 });
		}
		await expect(asking.once("alice", async () => 1, "alice")).resolves.toBe(1);
		void asking.once("grace 1", never, "grace");
		void asking.once("anybody's", never);
		await expect(asking.once("alice", async () => 1, "alice")).rejects.toMatchObject({ code: "overloaded" });
	});
});
