import { expect, it } from "vitest";
import { near } from "./near.js";

const KNOWN = ["xmpp", "stanza", "roster", "iq", "jid"];

it("finds the word that was meant, the nearest first", () => {
	expect(near("stanzas", KNOWN)).toEqual(["stanza"]);
	expect(near("xmp", KNOWN)).toEqual(["xmpp"]);
	expect(near("ij", KNOWN)).toEqual(["iq", "jid"]);
});

it("offers nothing for a word that is like none", () => {
	expect(near("antidisestablishment", KNOWN)).toEqual([]);
});
