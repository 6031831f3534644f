import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NS } from "@antiphon/protocol";
import { clientLink, createNode, xml } from "antiphon";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
	type Child,
	type Requirement,
	type StartServer,
	startAntiphon,
	startEjabberd,
	startEmbedded,
	startProsody,
	tempDir,
	type XmppServer,
} from "#kit";
import { describeWith } from "#kit/vitest";
import { echo, withstandsFloods } from "./domain-floods.js";

const FOLDER = fileURLToPath(new URL("../../services/domain", import.meta.url));
const LIMIT_MS = 120_000;
const FUNCTIONS = "fn.example.org";
const USERS = { worker: "worker's password", me: "my password", eve: "eve's password", mallory: "mallory's password" };

/** At Debian's 10 KiB a second it would take minutes, at ejabberd's 3,000 bytes a quarter of an hour. */
const CALLS = 64;
const TEXT = "x".repeat(32 * 1024);
const CALL_LIMIT_MS = 45_000;

/** The embedded server has no file: it is there for the config of the host. */
const PROFILES: readonly (readonly [file: string | undefined, start: StartServer, needs: readonly Requirement[]])[] = [
	["prosody.cfg.lua", startProsody, ["prosody"]],
	["ejabberd.yml", startEjabberd, ["ejabberd"]],
	[undefined, startEmbedded, []],
];

for (const [file, start, needs] of PROFILES) {
	describeWith(needs, `The configuration that is shipped, with ${file ?? "the embedded server"},`, () => {
		let server: XmppServer;
		let host: Child;
		const folder = tempDir("profile");
		beforeAll(async () => {
			server = await start({
				...(file !== undefined && { profile: join(FOLDER, file) }),
				domain: "example.org",
				users: USERS,
				components: { [FUNCTIONS]: "a secret" },
				tls: true,
			});
			const config = join(folder.path, "domain.yaml");
			const shipped = readFileSync(join(FOLDER, "domain.yaml"), "utf8");
			const here = shipped.replace("127.0.0.1:5347", `127.0.0.1:${server.componentPort}`);
			writeFileSync(config, here.replaceAll("/var/lib/antiphon/", `${folder.path}/`));
			host = startAntiphon(["domain", "--config", config], { ANTIPHON_SECRET: "a secret" });
			await host.waitUntil("the domain", () => host.stdout().includes(`hosting ${FUNCTIONS}`), LIMIT_MS);
		}, LIMIT_MS);
		afterAll(async () => {
			await host?.end();
			await server?.stop();
			folder.remove();
		}, LIMIT_MS);

		const link = (name: keyof typeof USERS) =>
			clientLink({
				url: `xmpp://127.0.0.1:${server.c2sPort}`,
				jid: `${name}@example.org`,
				password: USERS[name],
				ca: server.ca ?? "",
			});

		it(
			"carries calls through a domain host at a load that the server's own limits would throttle",
			async () => {
				await using worker = await createNode({ link: link("worker") });
				await worker.serve(echo, { say: ({ text }) => ({ text }) }, { domain: FUNCTIONS });
				await using caller = await createNode({ link: link("me") });
				const client = caller.client(echo, { domain: FUNCTIONS });
				const calls = Array.from({ length: CALLS }, () => client.say({ text: TEXT }, { timeoutMs: CALL_LIMIT_MS }));
				for (const { text } of await Promise.all(calls)) expect(text).toHaveLength(TEXT.length);
				const [found] = await client.$instances();
				expect(found?.jid).toBe(worker.jid);
				// And through the host, by the function's JID.
				const text = JSON.stringify({ text: TEXT });
				const payload = xml("call", NS.rpc, { fn: "lab-echo.say", ttl: `${CALL_LIMIT_MS}`, enc: "json" }, text);
				const to = `lab-echo.say@${FUNCTIONS}`;
				const reply = await caller.query({ type: "get", to, payload, timeoutMs: CALL_LIMIT_MS });
				expect(reply?.text()).toBe(text);
				await worker.drain();
				// Who comes and goes, and nothing that a person would have to act on.
				const said = host.stderr().split("\n");
				expect(said.filter((line) => !/^\S+ info /.test(line))).toEqual([""]);
			},
			LIMIT_MS,
		);

		it(
			"is not worn down by floods, of one account or of several",
			async () => {
				await withstandsFloods({ domain: FUNCTIONS, host, link });
			},
			LIMIT_MS,
		);
	});
}
