import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyCharacter } from "../../../test/kit/src/any-character.js";
import { Jid, JidError } from "./jid.js";

const text = (jid: string) => Jid.parse(jid).toString();

describe("Jid.parse", () => {
	it("takes an address apart and puts it together again", () => {
		const jid = Jid.parse("dictionary.define@fn.example.org/worker-7");
		expect(jid.local).toBe("dictionary.define");
		expect(jid.domain).toBe("fn.example.org");
		expect(jid.resource).toBe("worker-7");
		expect(jid.toString()).toBe("dictionary.define@fn.example.org/worker-7");
		expect(jid.bare().toString()).toBe("dictionary.define@fn.example.org");
		const bare = jid.bare();
		expect(bare.bare()).toBe(bare);
		expect(jid.bare().withResource("x").toString()).toBe("dictionary.define@fn.example.org/x");
	});

	it("knows a domain alone, and a domain with a resource", () => {
		expect(Jid.parse("localhost")).toMatchObject({ local: undefined, domain: "localhost", resource: undefined });
		expect(Jid.parse("example.org/a")).toMatchObject({ local: undefined, domain: "example.org", resource: "a" });
	});

	it("cuts the resource off at the first slash, so that it may hold '@' and '/'", () => {
		expect(Jid.parse("a@b/c@d/e")).toMatchObject({ local: "a", domain: "b", resource: "c@d/e" });
		expect(Jid.parse("b/c@d")).toMatchObject({ local: undefined, domain: "b", resource: "c@d" });
		expect(Jid.parse("A@b//")).toMatchObject({ local: "a", domain: "b", resource: "/" });
	});

	it("folds the local part and the domain to lower case, and keeps the case of the resource", () => {
		expect(text("Dictionary.Define@FN.Example.ORG/Worker-7")).toBe("dictionary.define@fn.example.org/Worker-7");
		expect(text("ÄRGER@BÜCHER.example/Ä")).toBe("ärger@bücher.example/Ä");
		expect(Jid.parse("A@B/c").equals(Jid.parse("a@b/c"))).toBe(true);
		expect(Jid.parse("a@b/c").equals(Jid.parse("a@b/C"))).toBe(false);
	});

	it("takes full-width look-alikes for what they look like", () => {
		expect(text("ｄｉｃｔｉｏｎａｒｙ@ｆｎ．example.org")).toBe("dictionary@fn.example.org");
		expect(text("ﬁle@日本。jp")).toBe("file@日本.jp");
		// A full-width '@' or '/' would make another address of it after folding.
		for (const jid of ["a＠evil@b", "a／x@b", "a：b@c"]) expect(() => Jid.parse(jid)).toThrow(JidError);
	});

	it("gives a domain one spelling: labels in Unicode, no dot at the end, IPv6 in its short form", () => {
		expect(text("a@xn--bcher-kva.example")).toBe("a@bücher.example");
		expect(text("a@XN--BCHER-KVA.example")).toBe("a@bücher.example");
		expect(text("a@example.org.")).toBe("a@example.org");
		expect(text("a@[0:0:0:0:0:0:0:1]/r")).toBe("a@[::1]/r");
		expect(text("a@[2001:DB8::A]")).toBe("a@[2001:db8::a]");
		expect(text("a@127.0.0.1")).toBe("a@127.0.0.1");
	});

	it.each([
		["nothing", ""],
		["an empty local part", "@b"],
		["an empty domain", "a@"],
		["an empty domain before a resource", "a@/c"],
		["an empty resource", "a@b/"],
		["two '@'", "a@b@c"],
		["a space in the local part", "a b@c"],
		["a quote in the local part", 'a"b@c'],
		["an apostrophe in the local part", "a'b@c"],
		["an ampersand in the local part", "a&b@c"],
		["a colon in the local part", "a:b@c"],
		["angle brackets in the local part", "<a>@c"],
		["a control character in the local part", "a\u0000b@c"],
		["a zero-width space in the local part", "a\u200bb@c"],
		["half a surrogate pair in the local part", "a\ud800@c"],
		["a noncharacter in the local part", "a\uffff@c"],
		["an empty label", "a@b..c"],
		["two dots at the end", "a@b.."],
		["a hyphen at the start of a label", "a@b.-c"],
		["a hyphen at the end of a label", "a@b-.c"],
		["a label of 64 letters", `a@${"b".repeat(64)}.c`],
		["a domain of 256 characters", `a@${"b.".repeat(127)}bc`],
		["an underscore in the domain", "a@b_c"],
		["a space in the domain", "a@b c"],
		["a newline in the domain, which a URL would drop", "a@b\nc.org"],
		["a tab in the domain, which a URL would drop", "a@b\tc.org"],
		["a question mark in the domain, where the host of a URL ends", "a@b?c"],
		["a hash in the domain, where the host of a URL ends", "a@b#c"],
		["a backslash in the domain", "a@b\\c"],
		["percent encoding in the domain, which a URL would decode", "a@%61.org"],
		["a port", "a@b:5222"],
		["a soft hyphen in the domain, which IDNA would drop", "a@exam\u00adple.org"],
		["a zero-width space in the domain", "a@exam\u200bple.org"],
		["a label that is no punycode", "a@xn--a"],
		["punycode of plain ASCII", "a@xn--a-"],
		["an IPv6 address that is none", "a@[:::]"],
		["an IPv6 address with a zone", "a@[fe80::1%eth0]"],
		["an IPv6 address without brackets", "a@::1"],
		["a control character in the resource", "a@b/c\u0007"],
		["half a surrogate pair in the resource", "a@b/\udc00"],
		["a variation selector in the local part", "a\ufe0fb@c"],
		["a Hangul filler in the local part", "a\u115fb@c"],
		["a combining grapheme joiner in the domain, which IDNA would drop", "a@exam\u034fple.org"],
		["a variation selector in the domain, which IDNA would drop", "a@exam\ufe0fple.org"],
		["a soft hyphen in the resource", "a@b/c\u00add"],
		["a zero-width space in the resource", "a@b/c\u200bd"],
		["a zero-width joiner in the resource", "a@b/\u{1f469}\u200d\u{1f4bb}"],
		["a zero-width non-joiner in the resource", "a@b/c\u200cd"],
		["text turned around in the resource", "a@b/c\u202egpj.exe"],
		["a direction mark in the resource", "a@b/c\u200f"],
		["a line separator in the resource", "a@b/c\u2028d"],
		["a paragraph separator in the resource", "a@b/c\u2029d"],
		["a word joiner in the resource", "a@b/c\u2060d"],
		["an isolate in the resource", "a@b/c\u2066d"],
		["a byte order mark in the resource", "a@b/\ufeffc"],
		["a variation selector in the resource", "a@b/c\ufe0f"],
		["a variation selector of the supplement in the resource", "a@b/c\u{e0100}"],
		["a tag character in the resource", "a@b/c\u{e0041}"],
		["an interlinear annotation in the resource", "a@b/c\ufff9d"],
		["private use in the resource", "a@b/c\ue000"],
		["private use of another plane in the resource", "a@b/c\u{100000}"],
		["a noncharacter in the resource", "a@b/c\ufdd0"],
		["an unassigned code point in the resource", "a@b/c\u0378"],
		["a Hangul filler in the resource", "a@b/c\u3164"],
		["jamo of Old Hangul in the resource", "a@b/\u1113\u1161"],
		["an Arabic number sign in the resource", "a@b/\u0600"],
		["a tatweel in the resource", "a@b/\u0640"],
	])("refuses %s", (_, jid) => {
		expect(() => Jid.parse(jid)).toThrow(JidError);
		expect(Jid.tryParse(jid)).toBeUndefined();
	});

	it("allows in a resource what the FreeformClass allows: letters, digits, symbols, punctuation of any script", () => {
		for (const resource of [
			"Ärger 2½",
			"語・ﾃｽﾄ",
			"한글",
			"l·l",
			"ＡＢＣ",
			"™ ﬁ ⁉",
			"😀",
			"١٢",
			"ß ς ་ 〇",
			"a\u0301\u0345",
		]) {
			expect(Jid.parse(`a@b/${resource}`).resource).toBe(resource.normalize("NFC"));
		}
	});

	it("refuses a long row of combining marks before it maps them, which takes the square of the time", () => {
		const marks = `a${"\u0315\u0300".repeat(20_000)}`;
		const startedMs = performance.now();
		for (let i = 0; i < 100; i++) expect(() => Jid.of(marks, "b", marks)).toThrow(/longer than 1023 bytes/);
		expect(performance.now() - startedMs).toBeLessThan(2_000);
	});

	it("allows 1023 bytes a part, and not one more", () => {
		for (const letter of ["a", "ä", "語", "😀"]) {
			const fits = Math.floor(1023 / Buffer.byteLength(letter));
			expect(Jid.parse(`x@b/${letter.repeat(fits)}`).resource).toBe(letter.repeat(fits));
			expect(() => Jid.parse(`x@b/${letter.repeat(fits + 1)}`)).toThrow(/resource.*longer than 1023/);
		}
		expect(Jid.parse(`${"a".repeat(1023)}@b`).local).toHaveLength(1023);
		expect(() => Jid.parse(`${"a".repeat(1024)}@b`)).toThrow(/local part.*longer than 1023/);
		expect(Jid.parse(`${"a".repeat(63)}.b`).domain).toHaveLength(65);
	});

	it("refuses an endless text before it does any work on it", () => {
		expect(() => Jid.parse("a".repeat(10_000_000))).toThrow(/longer than 3071/);
	});

	it("says what is wrong and quotes no more than the start", () => {
		expect(() => Jid.parse(`a b${"c".repeat(500)}@d`)).toThrow(/^the local part.*"a bc{57}…"$/);
	});

	it("gives undefined for undefined", () => {
		expect(Jid.tryParse(undefined)).toBeUndefined();
	});
});

describe("Jid.of", () => {
	it("folds and checks each part as parse does", () => {
		expect(Jid.of("A.b", "C.d", "E").toString()).toBe("a.b@c.d/E");
		expect(Jid.of(undefined, "C.d").toString()).toBe("c.d");
		expect(() => Jid.of("a@b", "c")).toThrow(JidError);
		expect(() => Jid.of("a", "b/c")).toThrow(JidError);
		expect(() => Jid.of("", "b")).toThrow(JidError);
		expect(() => Jid.of("a", "b", "")).toThrow(JidError);
		expect(() => Jid.of("a", "b").withResource("\n")).toThrow(JidError);
	});
});

describe("any text", () => {
	const pieces = fc.oneof(
		fc.constantFrom(
			..."aAzZ09.-_@/:[]% \t\n?#\\'\"&<>ßẞıİſΣσςﬁ①ａＡ．。｡＠／\u00ad\u200b\u200d\u0301\u0345\u3000\uffff",
		),
		fc.constantFrom("xn--", "..", "[::1]", "ö", "日本", "😀", "a@b", "xn--bcher-kva", "\u1e9b\u0323"),
		fc.string({ unit: anyCharacter, maxLength: 2 }),
	);
	const anyText = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
	const domains = fc.oneof(anyText, fc.constantFrom("b", "B.C", "[::1]", "日本。jp", "xn--bcher-kva.x", "Ｂ.c"));
	const likely = fc.tuple(fc.option(anyText), domains, fc.option(anyText)).map(([local, domain, resource]) => {
		return `${local === null ? "" : `${local}@`}${domain}${resource === null ? "" : `/${resource}`}`;
	});

	it("is refused with a JidError, or is the same address when its string is parsed again", () => {
		let accepted = 0;
		fc.assert(
			fc.property(fc.oneof(anyText, likely), (input) => {
				let jid: Jid;
				try {
					jid = Jid.parse(input);
				} catch (error) {
					expect(error).toBeInstanceOf(JidError);
					return;
				}
				accepted++;
				const again = Jid.parse(jid.toString());
				expect(again).toMatchObject({ local: jid.local, domain: jid.domain, resource: jid.resource });
				expect(again.toString()).toBe(jid.toString());
				expect(jid.toString()).not.toMatch(/[\p{C}\p{DI}]/u);
				if (!jid.domain.startsWith("[")) expect(jid.domain).not.toMatch(/[\s/?#@%\\:]/);
			}),
			{ numRuns: 20_000 },
		);
		expect(accepted).toBeGreaterThan(1000);
	});

	it("means the same on the fast path and on the slow one", () => {
		const ascii = fc.array(fc.constantFrom(..."abz09.-_!~=+*@/ xn"), { maxLength: 14 }).map((c) => c.join(""));
		fc.assert(
			fc.property(
				fc.oneof(
					ascii,
					ascii.map((a) => `${a}@b.c/${a}`),
					ascii.map((a) => `l@${a}`),
				),
				(input) => {
					// `of` never takes the fast path of `parse`.
					const slash = input.indexOf("/");
					const bare = slash < 0 ? input : input.slice(0, slash);
					const at = bare.indexOf("@");
					const slow = attempt(() =>
						Jid.of(
							at < 0 ? undefined : bare.slice(0, at),
							bare.slice(at + 1),
							slash < 0 ? undefined : input.slice(slash + 1),
						).toString(),
					);
					expect(attempt(() => Jid.parse(input).toString())).toBe(slow);
					// An upper-case domain takes the slow path, and is the same domain.
					const upper = `${bare.slice(0, at + 1)}${bare.slice(at + 1).toUpperCase()}${slash < 0 ? "" : input.slice(slash)}`;
					expect(attempt(() => Jid.parse(upper).toString())).toBe(slow);
				},
			),
			{ numRuns: 20_000 },
		);
	});

	it("folds every character that changes under folding to something stable", () => {
		let changed = 0;
		for (let code = 0; code <= 0x10ffff; code++) {
			const char = String.fromCodePoint(code);
			if (char.normalize("NFKC") === char && char.toLowerCase() === char && char.toUpperCase() === char) continue;
			for (const input of [`a${char}@b`, `x@a${char}b`, `x@b/${char}`]) {
				const jid = Jid.tryParse(input);
				if (jid === undefined) continue;
				changed++;
				if (Jid.tryParse(jid.toString())?.toString() !== jid.toString()) {
					expect.fail(`U+${code.toString(16)} in ${JSON.stringify(input)} is not stable`);
				}
			}
		}
		expect(changed).toBeGreaterThan(10_000);
	}, 30_000);

	function attempt(parse: () => string): string {
		try {
			return parse();
		} catch (error) {
			expect(error).toBeInstanceOf(JidError);
			return "refused";
		}
	}
});
