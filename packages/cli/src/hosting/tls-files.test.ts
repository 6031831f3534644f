import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeCertificate, type TempDir, tempDir } from "../../../../test/kit/src/index.js";
import { UsageError } from "../command-error.js";
import { readTlsFiles } from "./tls-files.js";

let dir: TempDir;
let files: Record<"key" | "cert" | "otherCert" | "encrypted" | "text" | "nowhere", string>;

beforeAll(() => {
	dir = tempDir("tls-files");
	const { key, cert } = makeCertificate({ domains: ["localhost"] });
	const { cert: otherCert } = makeCertificate({ domains: ["localhost"] });
	const { privateKey: encrypted } = generateKeyPairSync("ec", {
		namedCurve: "P-256",
		privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
		publicKeyEncoding: { type: "spki", format: "pem" },
	});
	const write = ([name, text]: [string, string]) => {
		const path = join(dir.path, name);
		writeFileSync(path, text, { mode: 0o600 });
		return [name, path];
	};
	const texts = { key, cert, otherCert, encrypted, text: "no certificate here" };
	files = { ...Object.fromEntries(Object.entries(texts).map(write)), nowhere: join(dir.path, "nowhere") };
});
afterAll(() => dir.remove());

it("a key and its certificate are read as they are", () => {
	expect(readTlsFiles(files.key, files.cert)).toEqual({
		key: expect.stringContaining("PRIVATE KEY"),
		cert: expect.stringContaining("BEGIN CERTIFICATE"),
	});
});

it.each([
	["nowhere", "cert", /^--tls-key .*nowhere cannot be read/],
	["text", "cert", /^--tls-key .*text holds no private key .*-----BEGIN PRIVATE KEY-----$/],
	["cert", "cert", /^--tls-key .*cert holds no private key/],
	["encrypted", "cert", /^--tls-key .*encrypted is encrypted: decrypt it first/],
	["key", "nowhere", /^--tls-cert .*nowhere cannot be read/],
	["key", "text", /^--tls-cert .*text holds no certificate .*-----BEGIN CERTIFICATE-----$/],
	["key", "key", /^--tls-cert .*key holds no certificate/],
	["key", "otherCert", /^--tls-key .*key does not belong to .*--tls-cert .*otherCert$/],
] as const)("the key %s with the certificate %s is a usage error that names flag and file", (key, cert, message) => {
	const read = () => readTlsFiles(files[key], files[cert]);
	expect(read).toThrow(UsageError);
	expect(read).toThrow(message);
});
