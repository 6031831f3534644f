import { afterAll, beforeAll, expect, it } from "vitest";
import { type Requirement, type StartServer, type TempDir, tempDir, type XmppServer } from "#kit";
import { describeWith } from "#kit/vitest";
import { type ForeignClient, only, perform, type Step } from "./foreign-client.js";
import { goSendxmpp } from "./go-sendxmpp.js";
import type { StartDictionary } from "./stand-in-dictionary.js";

const RPC = "urn:antiphon:rpc:1";
const LIMIT_MS = 90_000;
const limit = { timeout: LIMIT_MS };
const FUNCTION = "dictionary.define@fn.localhost";
/** A letter of two bytes, one of four, and all that XML escapes. */
const BODY = "one & two < three > 'four' \"five\" é 🎼";

export interface ClientSuite {
	/** What the server is called in the titles. */
	readonly name: string;
	/** What has to be installed for the server itself. */
	readonly needs?: readonly Requirement[];
	readonly startServer: StartServer;
	/** Serves `dictionary.define`: knows the word `xmpp`, and answers any other with the fault `unknown-word`. */
	readonly startDictionary: StartDictionary;
}

/** Clients of other languages against one kind of server: log in, talk, see one another, ping, browse and call. */
export function runClientSuite({ name, needs = [], startServer, startDictionary }: ClientSuite): void {
	const clients: readonly ForeignClient[] = ["xmpp4r", "slixmpp", "aioxmpp"];
	for (const client of clients) {
		describeWith([...needs, client], `${client} on ${name}`, () => {
			let server: XmppServer;
			let dictionary: AsyncDisposable | undefined;
			beforeAll(async () => {
				server = await startServer({
					users: { alice: "alice's password", bob: "bob's password" },
					components: { "fn.localhost": "secret", "absent.localhost": "secret" },
				});
				dictionary = await startDictionary(server, "fn.localhost");
			}, LIMIT_MS);
			afterAll(async () => {
				await dictionary?.[Symbol.asyncDispose]();
				await server?.stop();
			});

			const alice = (steps: readonly Step[]) => perform({ client, server, jid: "alice@localhost/a", steps });
			const bob = (steps: readonly Step[]) => perform({ client, server, jid: "bob@localhost/b", steps });

			it("logs in with its password and resource, and not with a wrong password", limit, async () => {
				const lines = await alice([]).finished();
				expect(lines.map((line) => line.step)).toEqual(["login", "done"]);
				expect(only(lines, "login").jid).toBe("alice@localhost/a");
				const wrong = perform({ client, server, jid: "alice@localhost/a", password: "wrong", steps: [] });
				const refused = await wrong.finished(1);
				expect(refused.map((line) => line.step)).toEqual(["failed"]);
			});

			it("exchanges messages and directed presence, and sees the other's end", limit, async () => {
				const first = alice([
					{ do: "presence" },
					{ do: "ping", to: "localhost" },
					{ do: "wait-presence", from: "bob@localhost/b" },
					{ do: "wait-message", body: BODY },
					{ do: "send", to: "bob@localhost/b", body: "back" },
					{ do: "wait-presence", from: "bob@localhost/b", type: "unavailable" },
				]);
				await first.until("ping"); // the server has her presence by then
				const second = bob([
					{ do: "presence" },
					{ do: "presence", to: "alice@localhost/a" },
					{ do: "send", to: "alice@localhost", body: BODY },
					{ do: "wait-message", body: "back" },
				]);
				expect(only(await second.finished(), "wait-message").from).toBe("alice@localhost/a");
				expect(only(await first.finished(), "wait-message")).toMatchObject({ from: "bob@localhost/b", body: BODY });
			});

			it("subscribes to the other's presence and then receives it", limit, async () => {
				// Without having asked for its roster a resource is not told of subscriptions (RFC 6121 section 2.1.6).
				const approver = bob([
					{ do: "roster" },
					{ do: "presence" },
					{ do: "ping", to: "localhost" },
					{ do: "wait-presence", from: "alice@localhost", type: "subscribe" },
					{ do: "presence", to: "alice@localhost", type: "subscribed" },
					{ do: "wait-message", body: "seen" },
				]);
				await approver.until("ping");
				const subscriber = alice([
					{ do: "roster" },
					{ do: "presence" },
					{ do: "presence", to: "bob@localhost", type: "subscribe" },
					{ do: "wait-presence", from: "bob@localhost", type: "subscribed" },
					{ do: "wait-presence", from: "bob@localhost/b", type: "available" },
					{ do: "roster" },
					{ do: "send", to: "bob@localhost/b", body: "seen" },
				]);
				const rosters = (await subscriber.finished()).filter((line) => line.step === "roster");
				expect(rosters.map((line) => line.items?.map((item) => item.jid))).toEqual([[], ["bob@localhost"]]);
				await approver.finished();
			});

			it("pings the server, a function, and another client, which answers", limit, async () => {
				const answering = alice([{ do: "presence" }, { do: "ping", to: "localhost" }, { do: "wait-message" }]);
				await answering.until("ping");
				const lines = await bob([
					{ do: "ping", to: "localhost" },
					{ do: "ping", to: FUNCTION },
					{ do: "ping", to: "alice@localhost/a" },
					{ do: "send", to: "alice@localhost/a", body: "thanks" },
				]).finished();
				const pings = lines.filter((line) => line.step === "ping");
				expect(pings.map(({ from, pong }) => [from, pong])).toEqual([
					["localhost", true],
					[FUNCTION, true],
					["alice@localhost/a", true],
				]);
				await answering.finished();
			});

			it("browses from the server to a function", limit, async () => {
				const lines = await alice([
					{ do: "info", to: "localhost" },
					{ do: "items", to: "localhost" },
					{ do: "info", to: "fn.localhost" },
					{ do: "items", to: "fn.localhost" },
					{ do: "info", to: FUNCTION },
					{ do: "items", to: FUNCTION },
				]).finished();
				const [serverInfo, domainInfo, functionInfo] = lines.filter((line) => line.step === "info");
				const [serverItems, domainItems, functionItems] = lines.filter((line) => line.step === "items");
				expect(serverInfo?.identities).toContainEqual(expect.objectContaining({ category: "server", type: "im" }));
				expect(serverInfo?.features).toContain("urn:xmpp:ping");
				expect(serverItems?.items?.map((item) => item.jid)).toContain("fn.localhost");
				expect(domainInfo?.identities?.length).toBeGreaterThan(0);
				expect(domainItems?.items?.map((item) => item.jid)).toContainEqual(expect.stringMatching(/@fn\.localhost/));
				expect(functionInfo?.features).toContain(RPC);
				expect(functionItems?.error).toBeUndefined();
			});

			it("is told that a component is absent, and reaches it once it is there", limit, async () => {
				const ping = async () => only(await alice([{ do: "ping", to: "absent.localhost" }]).finished(), "ping");
				expect((await ping()).error?.condition).toMatch(
					/^(remote-server-timeout|remote-server-not-found|service-unavailable)$/,
				);
				await using late = await startDictionary(server, "absent.localhost");
				expect(late).toBeDefined();
				expect((await ping()).pong).toBe(true);
			});

			// aioxmpp takes no element that it has no class for; its part is to be strict about everything else.
			if (client === "aioxmpp") return;

			it("calls a function by hand and gets the reply, the fault and the error for bad input", limit, async () => {
				const call = (payload: string, to = FUNCTION): Step => ({ do: "call", to, fn: "dictionary.define", payload });
				const lines = await alice([
					call('{"word":"xmpp"}'),
					call('{"word":"no <such> word"}'),
					call('{"word":7}'),
					call('{"word":"xmpp"}', "dictionary.define@absent.localhost"),
				]).finished();
				const [reply, fault, bad, absent] = lines.filter((line) => line.step === "call");
				expect(reply?.from).toBe(FUNCTION);
				expect(reply?.enc).toBe("json");
				expect(JSON.parse(reply?.payload ?? "")).toEqual({ text: expect.stringContaining("Messaging") });

				expect(fault?.error).toMatchObject({ condition: "undefined-condition", type: "cancel" });
				expect(fault?.error?.fault).toMatchObject({
					code: "fault",
					name: "unknown-word",
					executed: "yes",
					enc: "json",
				});
				expect(JSON.parse(fault?.error?.fault?.payload ?? "")).toEqual({ near: expect.any(Array) });

				expect(bad?.error).toMatchObject({ condition: "bad-request", type: "modify" });
				expect(bad?.error?.fault).toMatchObject({ code: "invalid-argument", executed: "no" });
				expect(bad?.error?.text).toContain("word");

				expect(absent?.error?.fault).toBeUndefined();
				expect(absent?.error?.condition).toBeTypeOf("string");
			});
		});
	}

	describeWith([...needs, "go-sendxmpp"], `go-sendxmpp on ${name}`, () => {
		let server: XmppServer;
		let dir: TempDir;
		beforeAll(async () => {
			dir = tempDir("go-sendxmpp");
			server = await startServer({ users: { alice: "alice's password", bob: "bob's password" }, tls: true });
		}, LIMIT_MS);
		afterAll(async () => {
			await server?.stop();
			dir?.remove();
		});

		it("sends a message over STARTTLS to one that listens", limit, async () => {
			const go = goSendxmpp(server, dir);
			const listener = await go.listen("bob");
			expect(await go.send("alice", "bob@localhost", BODY)).toMatchObject({ code: 0, stderr: "" });
			await listener.waitUntil("the message", () => listener.stdout().includes(`alice@localhost: ${BODY}\n`), 30_000);
			await listener.end();
		});

		it("does not log in to a server that it has no reason to trust", limit, async () => {
			const refused = await goSendxmpp(server, dir, "nothing").send("alice", "bob@localhost", BODY);
			expect(refused.code).not.toBe(0);
			expect(refused.stderr).toContain("certificate");
		});
	});
}
