import { quietLog } from "@antiphon/protocol";
import { expect, it } from "vitest";
import type { DomainHost } from "../host/domain-host.js";
import { denied } from "./denied.js";

it("The log says how many were refused at the end of each minute in which somebody was", () => {
	const lines: string[] = [];
	let count = 0;
	let minuteIsOver = () => {};
	const log = { ...quietLog, info: (line: string) => void lines.push(line) };
	const every = (periodMs: number, action: () => void) => {
		expect(periodMs).toBe(60_000);
		minuteIsOver = action;
	};
	denied({ node: { log, every }, denials: () => count } as unknown as DomainHost);
	minuteIsOver();
	count = 74;
	minuteIsOver();
	minuteIsOver();
	count = 76;
	minuteIsOver();
	expect(lines).toEqual([
		"policy has refused 74 in the last minute, 74 since the start",
		"policy has refused 2 in the last minute, 76 since the start",
	]);
});
