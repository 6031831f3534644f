import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { UsageError } from "../command-error.js";

/**
 * Reads what `--tls-key` and `--tls-cert` name.
 * @returns both as PEM
 * @throws UsageError that names the flag and the file
 */
export function readTlsFiles(keyFile: string, certFile: string): { key: string; cert: string } {
	const key = read("--tls-key", keyFile);
	const cert = read("--tls-cert", certFile);
	if (!certificateOf(certFile, cert).checkPrivateKey(privateKeyOf(keyFile, key))) {
		throw new UsageError(`--tls-key ${keyFile} does not belong to the first certificate in --tls-cert ${certFile}`);
	}
	return { key, cert };
}

function read(flag: string, file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		throw new UsageError(`${flag} ${file} cannot be read: ${(error as Error).message}`);
	}
}

function privateKeyOf(file: string, text: string): KeyObject {
	try {
		return createPrivateKey(text);
	} catch {
		// In the label (RFC 7468 section 11), or in a header (RFC 1421 section 4.6.1.1).
		if (/^-----BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m.test(text))
			throw new UsageError(`--tls-key ${file} is encrypted: decrypt it first, with openssl pkey -in ${file}`);
		throw new UsageError(
			`--tls-key ${file} holds no private key that can be read: give PEM, -----BEGIN PRIVATE KEY-----`,
		);
	}
}

function certificateOf(file: string, text: string): X509Certificate {
	try {
		// What is no PEM at all may still be read as DER, which a server does not take.
		if (text.includes("-----BEGIN")) return new X509Certificate(text);
	} catch {
		// Said below.
	}
	throw new UsageError(
		`--tls-cert ${file} holds no certificate that can be read: give PEM, -----BEGIN CERTIFICATE-----`,
	);
}
