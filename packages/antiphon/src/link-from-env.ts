import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { clientLink, componentLink, type Link } from "@antiphon/link";
import { BusError } from "@antiphon/protocol";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The link that the environment describes:
 *
 * | variable                              | meaning                                                    |
 * | ------------------------------------- | ---------------------------------------------------------- |
 * | ANTIPHON_URL                          | `xmpp://host:port`, `xmpps://host:port` or `xmpp://domain` |
 * | ANTIPHON_JID, ANTIPHON_PASSWORD       | an account: a client link                                  |
 * | ANTIPHON_COMPONENT, ANTIPHON_SECRET   | a component's domain and its secret: a component link      |
 * | ANTIPHON_CA                           | file with the certificates to trust (PEM)                  |
 * | ANTIPHON_INSECURE                     | `1`: allow plaintext and unverified certificates           |
 *
 * @throws BusError `invalid-argument` that names what is missing, or wrong with what is there
 */
export function linkFromEnv(env: Environment = process.env): Link {
	const need = (name: string, why: string): string => {
		const value = env[name];
		if (value) return value;
		throw new BusError("invalid-argument", `set ${name}: ${why}`);
	};
	const shared = {
		url: need("ANTIPHON_URL", "the XMPP server, such as xmpp://127.0.0.1:5222"),
		insecure: env["ANTIPHON_INSECURE"] === "1",
		...(env["ANTIPHON_CA"] ? { ca: readCertificates(env["ANTIPHON_CA"]) } : {}),
	};
	const domain = env["ANTIPHON_COMPONENT"];
	if (domain) {
		if (env["ANTIPHON_JID"]) {
			throw new BusError(
				"invalid-argument",
				"set ANTIPHON_JID or ANTIPHON_COMPONENT, not both: they are two kinds of link",
			);
		}
		return componentLink({ ...shared, domain, secret: need("ANTIPHON_SECRET", `the secret of component ${domain}`) });
	}
	const jid = need("ANTIPHON_JID", "an account such as me@localhost (or ANTIPHON_COMPONENT for a component)");
	return clientLink({ ...shared, jid, password: need("ANTIPHON_PASSWORD", `the password of ${jid}`) });
}

function readCertificates(path: string): string {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (cause) {
		throw new BusError("invalid-argument", `ANTIPHON_CA: ${BusError.from(cause).message}`, { cause });
	}
	// Where there is none, Node trusts nobody and does not say why.
	if (holdsCertificates(text)) return text;
	const problem = `${path} holds no certificate that can be read: give PEM, -----BEGIN CERTIFICATE-----`;
	throw new BusError("invalid-argument", `ANTIPHON_CA: ${problem}`);
}

function holdsCertificates(text: string): boolean {
	const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
	try {
		for (const block of blocks) new X509Certificate(block);
		return blocks.length > 0;
	} catch {
		return false;
	}
}
