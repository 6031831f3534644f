import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Policy } from "@antiphon/domain";
import { Jid } from "antiphon";
import { afterAll, describe, expect, it } from "vitest";
import { readDomainConfig } from "./read.js";

const folder = mkdtempSync(join(tmpdir(), "access-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

const DOCUMENT = readFileSync(new URL("../../../../docs/operating.md", import.meta.url), "utf8");
/** The examples of access in the document, by their headings. */
const EXAMPLES = new Map(
	[...DOCUMENT.matchAll(/^#### ([^\n]*)\n[^#]*?^```yaml\n(access:\n.*?)^```$/gms)].map(
		([, title = "", text = ""]) => [title, text] as const,
	),
);

/**
 * Who does what: `worker registers dictionary`, `worker-2 shares dictionary` (of which another account is the owner),
 * `me calls dictionary.define`, `operator administers`.
 */
interface Expected {
	readonly may: readonly string[];
	readonly mayNot: readonly string[];
}

const EXPECTED: Readonly<Record<string, Expected>> = {
	"One team": {
		may: ["me@example.org registers dictionary", "me@example.org calls dictionary.learn"],
		mayNot: [
			"me@europa.example registers dictionary",
			"me@europa.example calls dictionary.define",
			"me@lab.example.org calls dictionary.define",
			"me@example.org administers",
		],
	},
	"Providers by name": {
		may: [
			"worker@example.org registers dictionary",
			"robot-2@example.org registers lab-arm",
			"robot-2@example.org shares lab-arm",
			"me@example.org calls lab-arm.move",
			"operator@example.org administers",
		],
		mayNot: [
			"worker@example.org registers lab-arm",
			"robot-1@example.org registers dictionary",
			"robot-1@example.org shares dictionary",
			"me@example.org registers dictionary",
			"intern@example.org calls dictionary.define",
			"me@europa.example calls dictionary.define",
			"me@example.org administers",
		],
	},
	"A partner": {
		may: [
			"worker@example.org registers anything",
			"me@example.org calls dictionary.learn",
			"guest@europa.example calls dictionary.define",
		],
		mayNot: [
			"guest@europa.example calls dictionary.learn",
			"guest@europa.example calls lab-arm.move",
			"guest@sub.europa.example calls dictionary.define",
			"worker@example.org shares anything",
			"guest@europa.example registers dictionary",
		],
	},
	"Reading for all, changing for some": {
		may: [
			"editor@example.org calls dictionary.learn",
			"editor@example.org calls dictionary.define",
			"guest@europa.example calls dictionary.define",
		],
		mayNot: [
			"guest@europa.example calls dictionary.learn",
			"me@example.org calls dictionary.learn",
			"me@example.org calls lab-arm.move",
		],
	},
};

it("every example of access in docs/operating.md is tried", () => {
	expect([...EXAMPLES.keys()]).toEqual(Object.keys(EXPECTED));
	expect(DOCUMENT.match(/^access:$/gm)).toHaveLength(EXAMPLES.size + 1); // and the whole file
});

describe.each(Object.entries(EXPECTED))("%s", (title, { may, mayNot }) => {
	const file = join(folder, "domain.yaml");
	const base = "url: xmpp://127.0.0.1:5347\ndomain: fn.example.org\nsecret: x\n";
	writeFileSync(file, base + EXAMPLES.get(title));
	const policy = new Policy("fn.example.org", readDomainConfig(file).access);

	it.each(may)("%s", (deed) => expect(isAllowed(policy, deed)).toBe(true));
	it.each(mayNot)("not: %s", (deed) => expect(isAllowed(policy, deed)).toBe(false));
});

function isAllowed(policy: Policy, deed: string): boolean {
	const [who = "", verb, what = ""] = deed.split(" ");
	const jid = Jid.parse(`${who}/resource`);
	if (verb === "registers") return policy.mayRegister(jid, what);
	if (verb === "shares") return policy.isNamedFor(jid, what);
	if (verb === "administers") return policy.isAdmin(jid);
	const [service = "", fn = ""] = what.split(".");
	return policy.mayCall(jid, service, fn);
}
