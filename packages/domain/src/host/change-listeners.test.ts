import { quietLog } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { ChangeListeners } from "./change-listeners.js";

it("A listener that fails keeps nobody from being told, and is in the log, not each time", () => {
	const lines: string[] = [];
	const told: string[] = [];
	const listeners = new ChangeListeners({ ...quietLog, error: (line) => void lines.push(line) });
	listeners.add((service) => void told.push(`first ${service}`));
	listeners.add(() => {
		throw new Error("broken");
	});
	listeners.add((service) => void told.push(`last ${service}`));
	for (let i = 0; i < 100; i++) listeners.tell("dictionary", "other");
	expect(told).toHaveLength(200);
	expect(told.slice(0, 2)).toEqual(["first dictionary", "last dictionary"]);
	expect(lines).toEqual(["a change of dictionary could not be dealt with: broken"]);
});
