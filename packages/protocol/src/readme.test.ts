import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("the example of the README runs and gives what its comments say", async () => {
	const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
	const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
	const index = new URL("../bundle/index.js", import.meta.url).href;
	const code = `${example.replace('"@antiphon/protocol"', JSON.stringify(index))}\nexport { head, input, stanza };`;
	const { head, input, stanza } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	expect(Object.keys(head)).toEqual(["fn", "version", "ttlMs", "encoding"]);
	expect(input).toEqual({ word: "xmpp" });
	expect(stanza.attr("to")).toBe("dictionary.define@fn.example.org");
});
