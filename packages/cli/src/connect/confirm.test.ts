import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { canAsk, confirmed } from "./confirm.js";

function terminal() {
	const [input, output] = [new PassThrough(), new PassThrough()];
	return { input, output, shown: () => String(output.read() ?? "") };
}

describe("a question", () => {
	it.each(["y\n", "Yes\n", " yes \r\n"])("is answered with yes by %j", async (text) => {
		const { input, output, shown } = terminal();
		const answer = confirmed("Go on?", { input, output });
		input.write(text);
		expect(await answer).toBe(true);
		expect(shown()).toBe("Go on? [y/N] ");
	});

	it.each(["\n", "n\n", "yesterday\n", "ye\n", "what?\nyes\n"])("is not by %j", async (text) => {
		const { input, output } = terminal();
		const answer = confirmed("Go on?", { input, output });
		input.write(text);
		expect(await answer).toBe(false);
	});

	it("is answered with no where nothing comes any more, or somebody ends the process", async () => {
		const ended = terminal();
		const answer = confirmed("Go on?", ended);
		ended.input.end();
		expect(await answer).toBe(false);
		const listeners = process.listeners("SIGTERM");
		const cut = confirmed("Go on?", terminal());
		const [added] = process.listeners("SIGTERM").filter((each) => !listeners.includes(each));
		added?.("SIGTERM");
		expect(await cut).toBe(false);
	});

	it("is asked of a terminal alone", () => {
		const { input, output } = terminal();
		expect(canAsk({ input, output })).toBe(false);
		expect(canAsk({ input: Object.assign(input, { isTTY: true }), output })).toBe(true);
	});
});
