import type { KeptName } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { makeProgram } from "../program.js";
import { questionAbout } from "./names.js";

const lab: KeptName = {
	service: "lab",
	owner: "worker@example.org",
	unusedMs: 40 * 86_400_000,
	isFixed: false,
	isServed: false,
};

it("Before a name is given up its owner and its last use are shown", () => {
	const asked = "Give lab in fn.example.org up? worker@example.org owns it";
	expect(questionAbout(lab, "fn.example.org")).toBe(`${asked}, last used 40 d ago.`);
	expect(questionAbout({ ...lab, isServed: true }, "fn.example.org")).toBe(`${asked}, last used now.`);
	expect(questionAbout({ ...lab, unusedMs: undefined }, "fn.example.org")).toBe(`${asked}.`);
	expect(questionAbout({ ...lab, owner: "a\u001b[2J" }, "fn.example.org")).not.toContain("\u001b");
});

it.each([
	[["free", "No-Name", "--yes"], /^No-Name is no name of a service$/],
	[["free", "lab", "--domain", "a@b", "--yes"], /^a@b is no domain/],
	[["free", "lab", "--domain", "fn.example.org"], /^there is no terminal to ask on: add --yes/],
	[["free"], /missing required argument 'name'/],
	[["take", "lab"], /unknown command 'take'/],
])("antiphon names %s says what is wrong", async (args, message) => {
	const program = await makeProgram("names", true);
	await expect(program.parseAsync(["names", ...args], { from: "user" })).rejects.toThrow(message);
});
