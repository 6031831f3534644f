import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	cdata,
	cuts,
	damage,
	damaged,
	hasSpacedNamespace,
	header,
	RUN_LIMIT_MS,
	runs,
	stream,
	text,
} from "./testing/generated-streams.js";
import { END, everyByte, type Plain, readStream } from "./testing/read-stream.js";
import { readWithSaxes } from "./testing/read-with-saxes.js";
import { incompleteTail } from "./utf8.js";

/** What is accepted, saxes accepts too, with the same tree; and cuts make no difference to anything. */
function compare(bytes: Buffer, places: number[]): { accepted: boolean } {
	const whole = readStream(bytes);
	expect(readStream(bytes, places)).toEqual(whole);
	expect(readStream(bytes, everyByte(bytes))).toEqual(whole);
	// A character at the very end may still be completed by bytes to come.
	const whatCame = bytes.subarray(0, bytes.length - incompleteTail(bytes));
	if (!isUtf8(whatCame)) expect(whole.condition ?? (whole.ended ? "ended before" : undefined)).toBeDefined();
	if (!whole.ended) return { accepted: false };
	// What follows the end of the stream is nobody's business.
	const document = bytes.subarray(0, whole.endOffset);
	const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(document);
	if (hasSpacedNamespace(text)) return { accepted: true };
	const theirs = readWithSaxes(text);
	if ("problem" in theirs) throw new Error(`saxes refuses what was accepted: ${theirs.problem}`);
	const [ns, name, attributes, children] = theirs.root;
	expect(whole.header).toEqual([ns, name, attributes, []]);
	const elements = children.filter((child): child is Plain => typeof child !== "string");
	expect(whole.elements).toEqual(elements);
	expect(children.filter((child) => typeof child === "string").join("")).toMatch(/^[ \n\t]*$/);
	return { accepted: true };
}

describe("beside saxes", { timeout: RUN_LIMIT_MS }, () => {
	it("gives the same tree for generated streams, however they are cut", () => {
		let accepted = 0;
		let refused = 0;
		fc.assert(
			fc.property(stream, cuts, (document, places) => {
				const ours = compare(Buffer.from(document), places);
				if (ours.accepted) accepted++;
				else {
					refused++;
					// Generated streams may repeat an attribute or misuse a prefix; saxes must not be happy with those either.
					expect(readWithSaxes(document)).toHaveProperty("problem");
				}
			}),
			runs(1),
		);
		expect(accepted).toBeGreaterThan(refused);
	});

	it("accepts nothing that saxes refuses among damaged streams, and reads the rest alike", () => {
		let accepted = 0;
		let refused = 0;
		fc.assert(
			fc.property(stream, fc.array(damage, { minLength: 1, maxLength: 3 }), cuts, (document, damages, places) => {
				const bytes = damages.reduce(damaged, Buffer.from(document));
				if (compare(bytes, places).accepted) accepted++;
				else refused++;
			}),
			runs(3),
		);
		expect(accepted).toBeGreaterThan(0);
		expect(refused).toBeGreaterThan(accepted);
	});

	it("refuses a forbidden thing with the right condition at any place in the content of a stanza, however it is cut", () => {
		const forbidden: [Buffer, string][] = [
			...["<!-- x -->", "<?php x?>", "<!DOCTYPE a>", "<!ENTITY a 'b'>", "&foo;", "&nbsp;"].map(
				(token): [Buffer, string] => [Buffer.from(token), "restricted-xml"],
			),
			...[
				"\0",
				"\x1f",
				"\uffff",
				"&#0;",
				"&#xDFFF;",
				"]]>",
				"<a b='<'/>",
				"<a b=c/>",
				"<a b='1' b='2'/>",
				"<a></b>",
				"& ",
			].map((token): [Buffer, string] => [Buffer.from(token), "not-well-formed"]),
			...["<n:a/>", "<a n:b=''/>", "<a xmlns:n=''/>", "<a xmlns:xml='u'/>"].map((token): [Buffer, string] => [
				Buffer.from(token),
				"bad-namespace-prefix",
			]),
			...[[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82, 0x20]].map((bytes): [Buffer, string] => [
				Buffer.from(bytes),
				"unsupported-encoding",
			]),
			[Buffer.from("<a>".repeat(40)), "policy-violation"],
			[Buffer.from(`<${"n".repeat(257)}/>`), "policy-violation"],
		];
		fc.assert(
			fc.property(
				fc.array(fc.oneof(text, cdata), { maxLength: 3 }),
				fc.constantFrom(...forbidden),
				fc.array(fc.oneof(text, cdata), { maxLength: 3 }),
				cuts,
				(before, [token, condition], after, places) => {
					const [open, close] = [
						`${header}<ok/><a><b>${before.join("<c/>")}</b>`,
						`${after.join("<c/>")}</a><no/>${END}`,
					];
					const bytes = Buffer.concat([Buffer.from(open), token, Buffer.from(close)]);
					const reading = readStream(bytes, places);
					expect(reading).toMatchObject({ condition, errors: 1, ended: false });
					expect(reading.elements).toEqual([["jabber:client", "ok", [], []]]);
					expect(readStream(bytes, everyByte(bytes))).toEqual(reading);
				},
			),
			runs(2),
		);
	});
});
