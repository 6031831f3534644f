import { describe, expect, it } from "vitest";
import { inCommandWords, settingProblem } from "./wording.js";

describe("an error of the library", () => {
	it.each([
		["Use xmpps://, or insecure: true if you must", "Use xmpps://, or --insecure (ANTIPHON_INSECURE=1) if you must"],
		["Give the authority that signed it as ca", "Give the authority that signed it with --ca (ANTIPHON_CA)"],
		["Use xmpps:// or give ca", "Use xmpps:// or give --ca (ANTIPHON_CA)"],
		["Check the domain, or give the name that it bears as servername", "Check the domain"],
		["Check the domain, or servername", "Check the domain"],
		["a local host has no account", "a local host has no account"],
	])("%j names flags and variables instead of options", (library, command) => {
		expect(inCommandWords(library)).toBe(command);
	});
});

describe("a problem with the settings of the link", () => {
	it.each([
		["jid has no user part: x", { jid: "x" }, "--jid has no user part: x"],
		["jid has no user part: x", {}, "ANTIPHON_JID has no user part: x"],
		["url must be xmpp://host:port", { url: "y" }, "--url must be xmpp://host:port"],
		["ANTIPHON_CA: no file", { ca: "f" }, "--ca: no file"],
		["ANTIPHON_CA: no file", {}, "ANTIPHON_CA: no file"],
		["not a domain: a@b", { component: "a@b" }, "--component is not a domain: a@b"],
		["domain: empty", {}, "ANTIPHON_COMPONENT: empty"],
	])("%j, with the flags %j, is named as it was given", (message, given, said) => {
		expect(settingProblem(message, given)).toBe(said);
	});

	it("that is missing is named both ways", () => {
		expect(settingProblem("set ANTIPHON_URL: the server", {})).toBe("set ANTIPHON_URL or --url: the server");
	});
});
