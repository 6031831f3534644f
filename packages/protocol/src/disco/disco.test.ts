import { parseElement, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { NS } from "../namespaces.js";
import { decodeDiscoInfo, decodeDiscoItems, discoItemBytes, encodeDiscoInfo, encodeDiscoItems } from "./disco.js";
import { decodePageEnd } from "./result-set.js";

const info = {
	identities: [{ category: "automation", type: "rpc", name: "Look a word up", lang: "en" }],
	features: [NS.discoInfo, NS.rpc],
	forms: [{ formType: NS.contract, fields: { service: ["dictionary"], functions: ["define", "learn"] } }],
};

describe("disco#info", () => {
	it("arrives as it was sent, with the node mirrored", () => {
		const query = parseElement(serialize(encodeDiscoInfo(info, "dictionary.define"), ""));
		expect(query.attr("node")).toBe("dictionary.define");
		expect(decodeDiscoInfo(query)).toEqual(info);
		expect(encodeDiscoInfo(info, undefined).attr("node")).toBeUndefined();
	});

	it("names each feature once, sorted, as entity capabilities ask (XEP-0115)", () => {
		const query = encodeDiscoInfo({ ...info, features: ["b", "a", "b"] }, undefined);
		expect(decodeDiscoInfo(query).features).toEqual(["a", "b"]);
	});

	it("is read without what is malformed in it", () => {
		const query = xml(
			"query",
			NS.discoInfo,
			{},
			xml("identity", NS.discoInfo, { category: "client" }),
			xml("identity", NS.discoInfo, { type: "pc" }),
			xml("feature", NS.discoInfo),
			xml("feature", "urn:other", { var: "x" }),
			xml("x", NS.dataForms, { type: "result" }),
			"text",
		);
		expect(decodeDiscoInfo(query)).toEqual({ identities: [], features: [], forms: [] });
	});
});

describe("disco#items", () => {
	it("arrive as they were sent; no items is an empty query", () => {
		const items = [{ jid: "a@b", node: "n", name: "A" }, { jid: "c@d" }];
		const query = parseElement(serialize(encodeDiscoItems(items, "n"), ""));
		expect(query.attr("node")).toBe("n");
		expect(decodeDiscoItems(query)).toEqual(items);
		expect(encodeDiscoItems([], undefined).children).toEqual([]);
	});

	it("say where they stand in a list that is longer, and what they take", () => {
		const item = { jid: "a@b", node: "<&>", name: "Ψ" };
		const position = { count: 9, range: { first: "a", last: "a", index: 3 } };
		const text = serialize(encodeDiscoItems([item], undefined, position), "");
		expect(decodePageEnd(parseElement(text), 1)).toEqual({ last: "a", isEnd: false });
		const [alone, twice] = [[item], [item, item]].map((items) => serialize(encodeDiscoItems(items, undefined), ""));
		expect(Buffer.byteLength(twice as string) - Buffer.byteLength(alone as string)).toBe(discoItemBytes(item));
	});

	it("are read without those that have no JID", () => {
		expect(decodeDiscoItems(xml("query", NS.discoItems, {}, xml("item", NS.discoItems, { name: "x" })))).toEqual([]);
	});
});
