import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import {
	bitString,
	boolean,
	der,
	explicit,
	implicit,
	integer,
	objectId,
	octetString,
	sequence,
	set,
	utcTime,
	utf8String,
} from "./der.js";

/** A server's certificate and private key, with the CA that a client has to trust. All PEM. */
export interface ServerCertificate {
	readonly cert: string;
	readonly key: string;
	readonly ca: string;
}

export interface CertificateOptions {
	/** DNS names of the certificate (subjectAltName, RFC 6125); 127.0.0.1 is always in it too. */
	readonly domains: readonly [string, ...string[]];
	/** Validity; by default from an hour ago to a day ahead. */
	readonly notBefore?: Date;
	readonly notAfter?: Date;
}

interface Party {
	readonly name: string;
	readonly publicKey: KeyObject;
	readonly privateKey: KeyObject;
}

const HOUR_MS = 3_600_000;
const ECDSA_SHA256 = sequence(objectId("1.2.840.10045.4.3.2"));

/**
 * A fresh CA and a certificate signed by it, P-256 both, for tests only. Made without the `openssl` program, so that TLS
 * is tested on a machine that has nothing but Node. Two calls give two CAs that do not trust one another.
 */
export function makeCertificate(options: CertificateOptions): ServerCertificate {
	const notBefore = options.notBefore ?? new Date(Date.now() - HOUR_MS);
	const notAfter = options.notAfter ?? new Date(Date.now() + 24 * HOUR_MS);
	const authority = newParty("Antiphon test CA");
	const server = newParty(options.domains[0]);
	// The CA is always valid, so that an expired certificate fails for its own sake.
	const ca = certificate(authority, authority, new Date(Date.now() - HOUR_MS), new Date(Date.now() + 48 * HOUR_MS), [
		extension("2.5.29.19", true, sequence(boolean(true))), // basicConstraints: a CA
		extension("2.5.29.15", true, bitString(Buffer.of(0x06))), // keyUsage: keyCertSign, cRLSign
	]);
	const names = [
		...options.domains.map((domain) => implicit(2, Buffer.from(domain, "ascii"))),
		implicit(7, Buffer.of(127, 0, 0, 1)),
	];
	const cert = certificate(server, authority, notBefore, notAfter, [
		extension("2.5.29.17", false, sequence(...names)), // subjectAltName
		extension("2.5.29.37", false, sequence(objectId("1.3.6.1.5.5.7.3.1"))), // extKeyUsage: serverAuth
	]);
	const key = server.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
	return { cert, key, ca };
}

function newParty(name: string): Party {
	return { name, ...generateKeyPairSync("ec", { namedCurve: "prime256v1" }) };
}

/** RFC 5280 section 4.1. */
function certificate(subject: Party, issuer: Party, from: Date, to: Date, extensions: Buffer[]): string {
	const body = sequence(
		explicit(0, integer(Buffer.of(2))), // version 3
		integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
		ECDSA_SHA256,
		distinguishedName(issuer.name),
		sequence(utcTime(from), utcTime(to)),
		distinguishedName(subject.name),
		subject.publicKey.export({ type: "spki", format: "der" }),
		explicit(3, sequence(...extensions)),
	);
	const signature = sign("sha256", body, issuer.privateKey);
	const base64 = sequence(body, ECDSA_SHA256, bitString(signature)).toString("base64");
	return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
	return sequence(set(sequence(objectId("2.5.4.3"), utf8String(commonName))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
	const parts = critical ? [objectId(id), boolean(true), octetString(value)] : [objectId(id), octetString(value)];
	return der(0x30, ...parts);
}
