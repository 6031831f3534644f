import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { makeCertificate, type ServerCertificate } from "./certificates.js";

describe("A certificate of the kit", () => {
	it("carries its domains and its validity, and is signed by its own CA only", () => {
		const made = makeCertificate({ domains: ["localhost", "fn.localhost"] });
		const cert = new X509Certificate(made.cert);
		const ca = new X509Certificate(made.ca);
		expect(cert.subjectAltName).toBe("DNS:localhost, DNS:fn.localhost, IP Address:127.0.0.1");
		expect(cert.ca).toBe(false);
		expect(ca.ca).toBe(true);
		expect(cert.checkIssued(ca) && cert.verify(ca.publicKey)).toBe(true);
		expect(cert.verify(new X509Certificate(makeCertificate({ domains: ["localhost"] }).ca).publicKey)).toBe(false);
		expect(Date.parse(cert.validTo) - Date.parse(cert.validFrom)).toBe(25 * 3_600_000);
	});

	it("is accepted in a TLS handshake for its names, and refused for other names, another CA and after its time", async () => {
		const made = makeCertificate({ domains: ["localhost"] });
		expect(await handshake(made, made.ca, "localhost")).toBe("trusted");
		expect(await handshake(made, made.ca, "example.org")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
		expect(await handshake(made, makeCertificate({ domains: ["localhost"] }).ca, "localhost")).toMatch(
			/UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE/,
		);
		const day = 24 * 3_600_000;
		const expired = makeCertificate({
			domains: ["localhost"],
			notBefore: new Date(Date.now() - 2 * day),
			notAfter: new Date(Date.now() - day),
		});
		expect(await handshake(expired, expired.ca, "localhost")).toBe("CERT_HAS_EXPIRED");
	});
});

async function handshake({ cert, key }: ServerCertificate, ca: string, servername: string): Promise<string> {
	const server = createServer({ cert, key }, (socket) => socket.on("error", () => {}));
	server.on("tlsClientError", () => {});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", ca, servername });
	const outcome = await new Promise<string>((resolve) => {
		socket.once("secureConnect", () => resolve("trusted"));
		socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
		socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
	});
	socket.destroy();
	server.close();
	return outcome;
}
