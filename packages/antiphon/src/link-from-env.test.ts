import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate, type TempDir, tempDir } from "../../../test/kit/src/index.js";
import { linkFromEnv } from "./link-from-env.js";

const ACCOUNT = { ANTIPHON_URL: "xmpp://127.0.0.1:5222", ANTIPHON_JID: "me@localhost", ANTIPHON_PASSWORD: "pw" };
let dir: TempDir;
beforeAll(() => {
	dir = tempDir("link-from-env");
});
afterAll(() => dir.remove());

describe("ANTIPHON_CA", () => {
	const linkWith = (text: string) => {
		const file = join(dir.path, "ca.pem");
		writeFileSync(file, text);
		return linkFromEnv({ ...ACCOUNT, ANTIPHON_CA: file });
	};

	it("may hold several certificates, with text between them", () => {
		const [one, two] = [makeCertificate({ domains: ["a.example"] }), makeCertificate({ domains: ["b.example"] })];
		expect(linkWith(`# one\n${one.ca}\n# two\n${two.ca}`).kind).toBe("client");
	});

	it.each([
		["nothing", ""],
		["text", "no certificate here"],
		["a certificate that is broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
	])("with %s is refused, with the file and what should be in it", (_, text) => {
		expect(() => linkWith(text)).toThrow(/^ANTIPHON_CA: .*ca\.pem holds no certificate .*-----BEGIN CERTIFICATE-----$/);
	});
});
