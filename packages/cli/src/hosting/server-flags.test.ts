import { describe, expect, it } from "vitest";
import { UsageError } from "../command-error.js";
import { makeProgram } from "../program.js";
import { component, domain, port, user } from "./server-flags.js";

describe("a port", () => {
	it.each(["0", "5222", "65535"])("may be %s", (text) => expect(port("--port")(text)).toBe(Number(text)));
	it.each(["", "x", "-1", "65536", "1e3", "5222 "])("%j is refused by the name of its flag", (text) => {
		expect(() => port("--tls-port")(text)).toThrow(UsageError);
		expect(() => port("--tls-port")(text)).toThrow(/^--tls-port .*0 \(any free one\) to 65535/);
	});
});

it("a domain is read as JIDs write it, and refused by the name of its flag", () => {
	expect(domain("--domain")("FN.localhost")).toBe("fn.localhost");
	for (const text of ["", "a@b", "a/b"])
		expect(() => domain("--domain")(text)).toThrow(/^--domain .*such as localhost/);
});

describe("a repeated flag", () => {
	it("gathers names and secrets; a secret may hold colons", () => {
		expect(user("Me:pass:word", { a: "b" })).toEqual({ a: "b", me: "pass:word" });
		expect(component("FN.localhost:s", {})).toEqual({ "fn.localhost": "s" });
	});

	it.each(["secret", ":secret", "secret:", ""])(
		"%j is refused with the form, and without what may be a secret",
		(text) => {
			expect(() => user(text, {})).toThrow("--user: use --user NAME:PASSWORD, such as --user me:secret");
			expect(() => component(text, {})).toThrow(/^--component: use --component DOMAIN:SECRET, such as /);
		},
	);

	it("is refused for a name that stands there already, in whatever case", () => {
		expect(() => user("ME:x", { me: "y" })).toThrow("--user me:… is given twice");
		expect(() => component("fn.LOCALHOST:x", { "fn.localhost": "y" })).toThrow("is given twice");
	});

	it("is refused for what is no account's name or no domain", () => {
		for (const name of ["a@localhost", "a b", "a/b"])
			expect(() => user(`${name}:pw`, {})).toThrow(/^--user .*before the @/);
		expect(() => component("a@b:pw", {})).toThrow(/^--component a@b: no domain/);
	});
});

it("the help of a command says nothing of what stands for nothing given", async () => {
	const program = await makeProgram("server");
	expect(program.commands[0]?.helpInformation()).not.toMatch(/\{\}|\[object/);
});
