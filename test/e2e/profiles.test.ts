import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NS } from "@antiphon/protocol";
import { clientLink, createNode, get, service, xml } from "antiphon";
import { expect, it } from "vitest";
import { z } from "zod";
import { startAntiphon, startEjabberd, startProsody, tempDir, type XmppServer } from "#kit";
import { describeWith } from "#kit/vitest";

const FOLDER = fileURLToPath(new URL("../../services/domain", import.meta.url));
const LIMIT_MS = 120_000;
const FUNCTIONS = "fn.example.org";
const USERS = { worker: "worker's password", me: "my password" };

/** At Debian's 10 KiB a second it would take minutes, at ejabberd's 3,000 bytes a quarter of an hour. */
const CALLS = 64;
const TEXT = "x".repeat(32 * 1024);
const CALL_LIMIT_MS = 45_000;

// By the name that the config of the host lets worker@example.org register.
const echo = service("lab-echo", "1.0.0", {
	say: get({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
});

const node = (server: XmppServer, name: keyof typeof USERS) =>
	createNode({
		link: clientLink({
			url: `xmpp://127.0.0.1:${server.c2sPort}`,
			jid: `${name}@example.org`,
			password: USERS[name],
			ca: server.ca ?? "",
		}),
	});

describeWith(["prosody", "ejabberd"], "The configuration that is shipped", () => {
	it.each([
		["prosody.cfg.lua", startProsody],
		["ejabberd.yml", startEjabberd],
	])(
		"%s carries calls through a domain host at a load that the server's own limits would throttle",
		async (file, start) => {
			await using server = await start({
				profile: join(FOLDER, file),
				domain: "example.org",
				users: USERS,
				components: { [FUNCTIONS]: "a secret" },
				tls: true,
			});
			using folder = tempDir("profile");
			const config = join(folder.path, "domain.yaml");
			const shipped = readFileSync(join(FOLDER, "domain.yaml"), "utf8");
			const here = shipped.replace("127.0.0.1:5347", `127.0.0.1:${server.componentPort}`);
			writeFileSync(config, here.replace("/var/lib/antiphon/", `${folder.path}/`));
			const host = startAntiphon(["domain", "--config", config], { ANTIPHON_SECRET: "a secret" });
			try {
				await host.waitUntil("the domain", () => host.stdout().includes(`hosting ${FUNCTIONS}`), LIMIT_MS);
				await using worker = await node(server, "worker");
				await worker.serve(echo, { say: ({ text }) => ({ text }) }, { domain: FUNCTIONS });
				await using caller = await node(server, "me");
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
			} finally {
				await host.end();
			}
			// Who comes and goes, and nothing that a person would have to act on.
			const said = host
				.stderr()
				.split("\n")
				.filter((line) => !/^\S+ info /.test(line));
			expect(said).toEqual([""]);
		},
		LIMIT_MS,
	);
});
