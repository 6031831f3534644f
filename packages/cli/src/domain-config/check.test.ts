import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { UsageError } from "../command-error.js";
import { checkStart } from "./check.js";
import { readDomainConfig } from "./read.js";

const folder = mkdtempSync(join(tmpdir(), "domain-check-"));
afterAll(() => rmSync(folder, { recursive: true }));
const FILE = join(folder, "domain.yaml");

async function checked(text: string): Promise<unknown> {
	writeFileSync(FILE, `domain: fn.example.org\nsecret: '17'\n${text}`, { mode: 0o600 });
	try {
		return await checkStart(readDomainConfig(FILE), FILE);
	} catch (error) {
		if (error instanceof UsageError) return error.message.replace(FILE, "FILE");
		throw error;
	}
}

// Addresses as they are written need no look-up; of localhost every machine knows what it is.
it.each(["xmpp://127.0.0.1:5347", "xmpp://[::1]:5347", "xmpp://localhost", "xmpps://192.0.2.1:5348"])(
	"A host can start with %s",
	async (url) => expect(await checked(`url: ${url}\n`)).toEqual([]),
);

it("A host would not send its secret over a network without TLS, unless it is told to", async () => {
	const refused =
		/^FILE: url: 192\.0\.2\.1 is not this machine, and .*: use xmpps:\/\/, or insecure: true if you must$/;
	expect(await checked("url: xmpp://192.0.2.1:5347\n")).toMatch(refused);
	expect(await checked("url: xmpp://192.0.2.1:5347\ninsecure: true\n")).toEqual([]);
	const config = { ...readDomainConfig(FILE), url: "xmpp://127.0.0.1", plaintext: "nowhere" } as const;
	await expect(checkStart(config, FILE)).rejects.toThrow(/url: ca is given, so it has to be encrypted/);
});

it("A server whose name is not known now may still be this machine", async () => {
	expect(await checked("url: xmpp://nowhere.invalid:5347\n")).toEqual([
		"url: nowhere.invalid has no address now, so it is not known whether it is this machine",
	]);
});

it("A host does not start with a state file that cannot be read, and does without one", async () => {
	const base = "url: xmpp://127.0.0.1:5347\nstateFile: fn.json\n";
	expect(await checked(base)).toEqual([]);
	writeFileSync(join(folder, "fn.json"), "{");
	expect(await checked(base)).toMatch(/^FILE: stateFile: .*fn\.json cannot be read: .* Mend it, or take it away/);
});
