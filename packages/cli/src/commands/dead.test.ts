import { expect, it } from "vitest";
import { makeProgram } from "../program.js";
import { cancelQuestion } from "./calls.js";
import { questionAbout } from "./dead.js";

it("Before dead letters are purged it is said which, and what is lost", () => {
	expect(questionAbout([7], "fn.example.org")).toBe(
		"Purge 1 dead letter in fn.example.org (7)? They cannot be tried again then.",
	);
	expect(questionAbout([1, 2, 3, 4, 5, 6, 7], "fn.example.org")).toBe(
		"Purge 7 dead letters in fn.example.org (1, 2, 3, 4, 5 and 2 more)? They cannot be tried again then.",
	);
});

it("Before calls are cancelled together it is said how many, of whom, and what that does", () => {
	expect(cancelQuestion(20_000, "fn.example.org", { function: "words.learn", state: "waiting" })).toBe(
		"Cancel 20000 calls without an outcome in fn.example.org (of words.learn, waiting now)? Their callers are told so, and what an instance has may have run.",
	);
	expect(cancelQuestion(1, "fn.example.org", {})).toMatch(/^Cancel 1 call without an outcome in fn\.example\.org\? /);
});

it.each([
	[["dead", "purge", "7", "--domain", "fn.example.org"], /^there is no terminal to ask on: add --yes/],
	[["dead", "purge", "--yes", "--domain", "fn.example.org"], /^which dead letters\? Name them, or say --all$/],
	[["dead", "redrive", "7", "--all", "--domain", "fn.example.org"], /^which dead letters\?/],
	[["dead", "redrive", "7", "--from", "a@b", "--domain", "fn.example.org"], /^--function and --from go with --all/],
	[["dead", "redrive", "--all", "--function", "learn", "--domain", "fn.example.org"], /^--function learn: use a name/],
	[["dead", "ls", "fn.example.org", "--from", "a@b/c"], /^--from a@b\/c: use an account/],
	[["dead", "show", "x", "--domain", "fn.example.org"], /^x names no durable call/],
	[["calls", "ls", "fn.example.org", "--limit", "0"], /^--limit 0: use 1 to 100000$/],
	[["calls", "ls", "fn.example.org", "--state", "lost"], /Allowed choices are open, waiting/],
	[["calls", "cancel", "--domain", "fn.example.org"], /^which calls\? Name them, or say --all$/],
	[["calls", "cancel", "7", "--all", "--domain", "fn.example.org"], /^which calls\?/],
	[["calls", "cancel", "7", "--state", "waiting", "--domain", "fn.example.org"], /^--function, --from and --state go/],
	[["calls", "cancel", "--all", "--domain", "fn.example.org"], /^there is no terminal to ask on: add --yes to cancel/],
	[["calls", "cancel", "--all", "--yes", "--function", "x", "--domain", "fn.example.org"], /^--function x: use a name/],
	[["calls", "cancel", "--all", "--state", "dead", "--domain", "fn.example.org"], /Allowed choices are open, waiting/],
	[["calls", "retry", "--domain", "fn.example.org"], /missing required argument 'call'/],
	[["domain", "--config", "none.yaml", "--json"], /^--json goes with --check-store alone$/],
	[["domain", "--config", "none.yaml", "--check", "--check-store"], /^--check and --check-store are two checks/],
	[["queues", "fn.example.org", "--service", "No Name"], /^No Name is no name of a service$/],
])("antiphon %s says what is wrong", async (args, message) => {
	const program = await makeProgram(args[0], true);
	await expect(program.parseAsync(args, { from: "user" })).rejects.toThrow(message);
});
