import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, type Finished, runChild, startChild, type TempDir, type XmppServer } from "#kit";

/**
 * go-sendxmpp as a sender and as a listener. It never logs in without TLS, not on loopback either, so the server needs
 * it; it takes the system's CAs, which Go lets SSL_CERT_FILE replace. The name it checks is the domain of the JID.
 */
export interface GoSendxmpp {
	/** Sends standard input as the body of one message and ends. */
	send(from: string, to: string, body: string): Promise<Finished>;
	/** Prints `<time> <bare JID>: <body>` on standard output for each message until it is ended. */
	listen(user: string): Promise<Child>;
}

const LIMIT_MS = 30_000;

/** @param trust `ca`: the server's own CA; `nothing`: no CA at all */
export function goSendxmpp(server: XmppServer, dir: TempDir, trust: "ca" | "nothing" = "ca"): GoSendxmpp {
	const anchors = join(dir.path, `trust-${trust}.pem`);
	writeFileSync(anchors, trust === "ca" ? (server.ca ?? "") : "");
	const { PATH } = process.env;
	const env = { PATH, HOME: dir.path, SSL_CERT_FILE: anchors, SSL_CERT_DIR: join(dir.path, "empty") };
	const login = (user: string) => [
		...["-u", `${user}@${server.domain}`, "-p", server.users[user] ?? ""],
		...["-j", `${server.host}:${server.c2sPort}`],
	];
	return {
		send: (from, to, body) =>
			runChild({ command: "go-sendxmpp", args: [...login(from), to], env, input: body, limitMs: LIMIT_MS }),
		async listen(user) {
			const child = startChild({ command: "go-sendxmpp", args: ["-d", "-l", ...login(user)], env });
			// With -d it prints what it receives on standard error. The server sends a user's presence to the user's own
			// resource too (RFC 6121 section 4.2.2): from then on messages reach it.
			const present = () => /<presence [^>]*from=/.test(child.stderr());
			await child.waitUntil("its own presence", present, LIMIT_MS);
			return child;
		},
	};
}
