import { expect, it } from "vitest";
import { FairShare } from "./fair-share.js";

const granted = (share: FairShare, account: string, nowMs: number, asks = 10) =>
	Array.from({ length: asks }, () => share.take(account, nowMs)).filter(Boolean).length;

it("gives each account four answers a second, whatever the others ask for", () => {
	const share = new FairShare();
	expect(granted(share, "flood@example.org", 0, 1_000)).toBe(4);
	expect(granted(share, "honest@example.org", 999)).toBe(4);
	expect(granted(share, "flood@example.org", 999)).toBe(0);
	expect(granted(share, "flood@example.org", 1_000)).toBe(4);
});

it("keeps count of so many accounts and no more; who is known keeps its share", () => {
	const share = new FairShare();
	for (let n = 0; n < 1_024; n++) expect(share.take(`a${n}@example.org`, 0)).toBe(true);
	expect(share.take("one-more@example.org", 0)).toBe(false);
	expect(granted(share, "a0@example.org", 0)).toBe(3);
	expect(share.take("one-more@example.org", 1_000)).toBe(true);
});
