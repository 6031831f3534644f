import { expect, it } from "vitest";
import { shareGroup } from "./share-group.js";

it.each([
	["alice@example.org", "example.org", "alice@example.org"],
	["alice@elsewhere.example", "example.org", "elsewhere.example"],
	["component.elsewhere.example", "example.org", "component.elsewhere.example"],
	["alice@elsewhere.example", undefined, "alice@elsewhere.example"],
])("%s, where %s is at home, is one of %s", (account, home, group) => {
	expect(shareGroup(account, home)).toBe(group);
});
