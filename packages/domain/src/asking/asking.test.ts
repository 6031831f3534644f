import { Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Asking } from "./asking.js";

const never = () => new Promise<never>(() => {});
/** Until it has lost its place. */
const silent = (signal: AbortSignal) =>
	new Promise<never>((_, reject) => void signal.addEventListener("abort", () => reject(new Error("aborted"))));
const at = (name: string, domain = "example.org") => Jid.parse(`${name}@${domain}/x`);

describe("questions under way", () => {
	it("are asked once for all who want to know, and again afterwards", async () => {
		const asking = new Asking(8);
		let asked = 0;
		const ask = async () => ++asked;
		const same = ["alice", "alice", "bob"].map((account) => asking.once("q", ask, at(account)));
		await expect(Promise.all(same)).resolves.toEqual([1, 1, 1]);
		await expect(asking.once("q", ask)).resolves.toBe(2);
	});

	it("fail for all who want to know, and make room", async () => {
		const asking = new Asking(1);
		const fail = () => Promise.reject(new Error("gone"));
		const both = [asking.once("q", fail, at("alice")), asking.once("q", fail, at("alice"))];
		for (const each of both) await expect(each).rejects.toThrow("gone");
		await expect(asking.once("q", async () => 1, at("alice"))).resolves.toBe(1);
	});

	it("are bounded, in all and for each account", async () => {
		const asking = new Asking(8);
		for (const account of ["mallory", "trudy", "eve", "grace"]) {
			void asking.once(`${account} 1`, never, at(account));
			void asking.once(`${account} 2`, never, at(account));
			const third = asking.once(`${account} 3`, never, at(account));
			await expect(third).rejects.toMatchObject({ code: "overloaded", retryAfterMs: 500 });
		}
		// That of nobody in particular takes no place of others.
		await expect(asking.once("anybody's", never)).rejects.toMatchObject({ code: "overloaded" });
	});

	it("make room for an account that has fewer, as long as one has more than a fair share", async () => {
		const asking = new Asking(8);
		const lost: string[] = [];
		const keep = (name: string, i: number) =>
			asking.once(`${name} ${i}`, silent, at(name)).catch((error: { code: string }) => {
				lost.push(`${name} ${i} ${error.code}`);
			});
		for (const name of ["a", "b", "c", "d"]) for (const i of [1, 2]) void keep(name, i);
		for (const name of ["e", "f", "g", "h"]) void keep(name, 1);
		await new Promise((resolve) => setImmediate(resolve));
		expect(lost).toEqual(["a", "b", "c", "d"].map((name) => `${name} 2 overloaded`));
		// Each has one now.
		await expect(asking.once("i", silent, at("i"))).rejects.toMatchObject({ code: "overloaded" });
		await expect(asking.once("a 3", silent, at("a"))).rejects.toMatchObject({ code: "overloaded" });
		expect(lost).toHaveLength(4);
	});

	it("are shared out among domains first: one has as many accounts as it likes", async () => {
		const asking = new Asking(8);
		let lost = 0;
		for (let i = 0; i < 8; i++) asking.once(`${i}`, silent, at(`u${i}`, "evil.example")).catch(() => lost++);
		for (let i = 0; i < 4; i++) await expect(asking.once(`good ${i}`, async () => i, at(`g${i}`))).resolves.toBe(i);
		for (let i = 0; i < 4; i++) asking.once(`held ${i}`, silent, at(`g${i}`)).catch(() => {});
		await new Promise((resolve) => setImmediate(resolve));
		expect(lost).toBe(4);
		await expect(asking.once("good", silent, at("g4"))).rejects.toMatchObject({ code: "overloaded" });
	});
});
