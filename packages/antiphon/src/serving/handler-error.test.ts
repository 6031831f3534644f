import { BUS_ERROR_CODES, BusError } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { asCallFailure } from "../calls/call-failure.js";
import { handlerError, inputError, outputError, unsentReply } from "./handler-error.js";

const INTERNAL = { code: "internal", message: "internal error", executed: "yes" };
const PASSED_ON = [
	"invalid-argument",
	"not-found",
	"forbidden",
	"unauthenticated",
	"unavailable",
	"overloaded",
	"conflict",
];

/** What a caller is told, and what the log gets. */
function told(of: typeof handlerError, thrown: unknown) {
	const complaints: unknown[] = [];
	const { code, message, executed, retryAfterMs } = of(thrown, (complaint) => complaints.push(complaint));
	return { told: { code, message, executed, retryAfterMs }, complaints };
}

describe("what a caller is told", () => {
	it("of what a handler threw is its code and message where these say something to a caller", () => {
		for (const code of BUS_ERROR_CODES) {
			const thrown = new BusError(code, "the detail", { executed: "no", retryAfterMs: 500, data: "secret" });
			const { told: answer, complaints } = told(handlerError, thrown);
			const isPassedOn = PASSED_ON.includes(code);
			// It ran, whatever the handler claims.
			const passed = { code, message: "the detail", executed: "yes", retryAfterMs: 500 };
			expect(answer).toEqual(isPassedOn ? passed : { ...INTERNAL, retryAfterMs: undefined });
			expect(complaints).toEqual(isPassedOn ? [] : [thrown]);
		}
		expect(told(handlerError, new Error("secret"))).toMatchObject({ told: INTERNAL, complaints: [expect.any(Error)] });
	});

	it("of a call that the handler made itself is nothing", () => {
		const thrown = asCallFailure(new BusError("not-found", "of another service"));
		expect(told(handlerError, thrown)).toMatchObject({ told: INTERNAL, complaints: [thrown] });
	});

	it("of an input is what is wrong with it; that its schema threw is for the log", () => {
		const odd = new BusError("invalid-argument", "input.word: too short", { executed: "unknown" });
		expect(told(inputError, odd)).toMatchObject({ told: { code: "invalid-argument", executed: "no" }, complaints: [] });
		const broken = told(inputError, new Error("secret"));
		expect(broken.told).toMatchObject({ ...INTERNAL, executed: "no" });
		expect(broken.complaints).toHaveLength(1);
	});

	it("of an output is that it was too large, and otherwise nothing", () => {
		const large = told(outputError, new BusError("too-large", "17 MiB"));
		expect(large.told).toMatchObject({ code: "too-large", message: "the reply is too large: 17 MiB", executed: "yes" });
		expect(large.complaints).toHaveLength(1);
		for (const thrown of [new BusError("protocol", "output.text: secret"), new Error("secret"), undefined]) {
			expect(told(outputError, thrown)).toMatchObject({ told: INTERNAL, complaints: [thrown] });
		}
	});

	it("of a reply that could not be sent is why, and what became of the call", () => {
		const answer = (code: BusError["code"], executed: BusError["executed"]) => {
			const error = unsentReply(new BusError(code, "the detail"), executed);
			return [error.code, error.message, error.executed];
		};
		expect(answer("too-large", "yes")).toEqual(["too-large", "the reply is too large: the detail", "yes"]);
		expect(answer("overloaded", "no")).toEqual(["overloaded", "there was no room to send the reply", "no"]);
		expect(answer("invalid-argument", "unknown")).toEqual(["internal", "internal error", "unknown"]);
	});
});
