import { afterAll, beforeAll, expect, it } from "vitest";
import {
	type Child,
	type ServerKind,
	type StartServer,
	startDictionary,
	type TempDir,
	tempDir,
	type XmppServer,
} from "#kit";
import { describeWith } from "#kit/vitest";
import { type ForeignClient, only, perform, type Step } from "./foreign-client.js";
import { goSendxmpp } from "./go-sendxmpp.js";

const RPC = "urn:antiphon:rpc:1";
const CONTRACT = "urn:antiphon:contract:1";
const LIMIT_MS = 90_000;
const limit = { timeout: LIMIT_MS };
const DOMAIN = "fn.localhost";
const SERVICE = `dictionary@${DOMAIN}`;
const FUNCTION = `dictionary.define@${DOMAIN}`;
/** Nobody connects as this component. */
const ABSENT = "absent.localhost";
/** A letter of two bytes, one of four, and all that XML escapes. */
const BODY = "one & two < three > 'four' \"five\" é 🎼";
const CLIENTS: readonly ForeignClient[] = ["xmpp4r", "slixmpp", "aioxmpp"];
/** Each test has two accounts of its own, so that all of them can run at once on one server. */
const TESTS = ["login", "talk", "subscribe", "browse", "call"] as const;

/** Clients of other languages against one server: log in, talk, see one another, ping, browse and call. */
export function runClientSuite({ name, needs, start }: ServerKind): void {
	describeWith(needs, `on ${name}`, () => {
		let server: XmppServer;
		let dictionary: Child | undefined;
		beforeAll(async () => {
			server = await start({ users: accounts(), components: { [DOMAIN]: "secret", [ABSENT]: "secret" } });
			dictionary = await startDictionary(server, DOMAIN);
		}, LIMIT_MS);
		afterAll(async () => {
			await dictionary?.end();
			await server?.stop();
		});
		for (const client of CLIENTS) describeWith(client, client, () => testClient(client, () => server));
	});

	describeWith([...needs, "go-sendxmpp"], `go-sendxmpp on ${name}`, () => testGoSendxmpp(start));
}

function accounts(): Record<string, string> {
	const names = CLIENTS.flatMap((client) =>
		TESTS.flatMap((test) => [`alice.${client}.${test}`, `bob.${client}.${test}`]),
	);
	return Object.fromEntries(names.map((name) => [name, `the password of ${name}`]));
}

function testClient(client: ForeignClient, server: () => XmppServer): void {
	const player = (who: "alice" | "bob", test: (typeof TESTS)[number]) => {
		const bare = `${who}.${client}.${test}@localhost`;
		const jid = `${bare}/${who}`;
		const play = (steps: readonly Step[]) => perform({ client, server: server(), jid, steps });
		return { bare, jid, play };
	};

	it.concurrent("logs in with its password and resource, and not with a wrong password", limit, async () => {
		const { jid, play } = player("alice", "login");
		const wrong = perform({ client, server: server(), jid, password: "wrong", steps: [] });
		const lines = await play([]).finished();
		expect(lines.map((line) => line.step)).toEqual(["login", "done"]);
		expect(only(lines, "login").jid).toBe(jid);
		expect((await wrong.finished(1)).map((line) => line.step)).toEqual(["failed"]);
	});

	it.concurrent("exchanges messages, pings and directed presence, and sees the other's end", limit, async () => {
		const [alice, bob] = [player("alice", "talk"), player("bob", "talk")];
		const first = alice.play([
			{ do: "presence" },
			{ do: "ping", to: "localhost" },
			{ do: "wait-presence", from: bob.jid },
			{ do: "wait-message", body: BODY },
			{ do: "send", to: bob.jid, body: "back" },
			{ do: "wait-presence", from: bob.jid, type: "unavailable" },
		]);
		await first.until("ping"); // the server has her presence by then
		const second = bob.play([
			{ do: "presence" },
			{ do: "presence", to: alice.jid },
			{ do: "ping", to: alice.jid },
			{ do: "send", to: alice.bare, body: BODY },
			{ do: "wait-message", body: "back" },
		]);
		const told = await second.finished();
		expect(only(told, "ping")).toMatchObject({ from: alice.jid, pong: true });
		expect(only(told, "wait-message").from).toBe(alice.jid);
		expect(only(await first.finished(), "wait-message")).toMatchObject({ from: bob.jid, body: BODY });
	});

	it.concurrent("subscribes to the other's presence and then receives it", limit, async () => {
		const [alice, bob] = [player("alice", "subscribe"), player("bob", "subscribe")];
		// Without having asked for its roster a resource is not told of subscriptions (RFC 6121 section 2.1.6).
		const approver = bob.play([
			{ do: "roster" },
			{ do: "presence" },
			{ do: "ping", to: "localhost" },
			{ do: "wait-presence", from: alice.bare, type: "subscribe" },
			{ do: "presence", to: alice.bare, type: "subscribed" },
			{ do: "wait-message", body: "seen" },
		]);
		await approver.until("ping");
		const subscriber = alice.play([
			{ do: "roster" },
			{ do: "presence" },
			{ do: "presence", to: bob.bare, type: "subscribe" },
			{ do: "wait-presence", from: bob.bare, type: "subscribed" },
			{ do: "wait-presence", from: bob.jid, type: "available" },
			{ do: "roster" },
			{ do: "send", to: bob.jid, body: "seen" },
		]);
		const rosters = (await subscriber.finished()).filter((line) => line.step === "roster");
		expect(rosters.map((line) => line.items?.map((item) => item.jid))).toEqual([[], [bob.bare]]);
		await approver.finished();
	});

	it.concurrent("browses from the server to a function and its contract, and pings each", limit, async () => {
		const places = ["localhost", DOMAIN, SERVICE, FUNCTION];
		const kinds = ["info", "items", "ping"] as const;
		const steps = places.flatMap((to) => kinds.map((kind): Step => ({ do: kind, to })));
		const lines = await player("alice", "browse")
			.play([...steps, { do: "ping", to: ABSENT }])
			.finished();
		const at = (place: string, kind: (typeof kinds)[number]) => only(lines, kind, (line) => line.from === place);
		// Sorted: slixmpp keeps items in a set.
		const itemsAt = (place: string) =>
			at(place, "items")
				.items?.map((item) => item.jid)
				.sort();
		const formAt = (place: string) => at(place, "info").forms?.find((form) => form["FORM_TYPE"]?.[0] === CONTRACT);

		for (const place of places) expect(at(place, "ping").pong).toBe(true);
		expect(at("localhost", "info").identities).toContainEqual(
			expect.objectContaining({ category: "server", type: "im" }),
		);
		expect(at("localhost", "info").features).toContain("urn:xmpp:ping");
		expect(itemsAt("localhost")).toContain(DOMAIN);

		expect(at(DOMAIN, "info").identities).toContainEqual(
			expect.objectContaining({ category: "component", type: "generic" }),
		);
		expect(at(DOMAIN, "info").features).toContain(RPC);
		expect(itemsAt(DOMAIN)).toEqual([SERVICE]);

		expect(itemsAt(SERVICE)).toEqual([FUNCTION, `dictionary.learn@${DOMAIN}`]);
		expect(formAt(SERVICE)).toMatchObject({ version: ["1.0.0"], functions: ["define", "learn"] });

		expect(at(FUNCTION, "info").identities).toEqual([{ category: "automation", type: "rpc", name: "Look a word up" }]);
		expect(at(FUNCTION, "info").features).toEqual(expect.arrayContaining([RPC, CONTRACT, "urn:xmpp:ping"]));
		expect(itemsAt(FUNCTION)).toEqual([]);
		expect(formAt(FUNCTION)).toMatchObject({
			service: ["dictionary"],
			function: ["define"],
			kind: ["get"],
			delivery: ["at-most-once"],
			summary: ["Look a word up"],
			faults: ["unknown-word"],
		});
		expect(formAt(FUNCTION)?.["fingerprint"]).toEqual(formAt(SERVICE)?.["fingerprint"]);

		expect(only(lines, "ping", (line) => line.from === ABSENT).error?.condition).toMatch(
			/^(remote-server-timeout|remote-server-not-found|service-unavailable)$/,
		);
	});

	it.concurrent(
		"calls a function by hand and gets the reply, the fault and the error for bad input",
		limit,
		async () => {
			const call = (payload: string, to = FUNCTION): Step => ({ do: "call", to, fn: "dictionary.define", payload });
			const learn = { word: client, text: `<${client}> & co` };
			const lines = await player("alice", "call")
				.play([
					call('{"word":"xmpp"}'),
					call('{"word":"stanzza"}'),
					call('{"word":7}'),
					call('{"word":"xmpp"'),
					call('{"word":"xmpp"}', `dictionary.define@${ABSENT}`),
					{
						do: "call",
						kind: "set",
						to: `dictionary.learn@${DOMAIN}`,
						fn: "dictionary.learn",
						payload: JSON.stringify(learn),
					},
					call(JSON.stringify({ word: client })),
				])
				.finished();
			const [reply, fault, bad, broken, absent, learned, again] = lines.filter((line) => line.step === "call");
			expect(reply).toMatchObject({ from: FUNCTION, enc: "json" });
			expect(JSON.parse(reply?.payload ?? "")).toEqual({ text: expect.stringContaining("Messaging") });

			expect(fault?.error).toMatchObject({ condition: "undefined-condition", type: "cancel" });
			expect(fault?.error?.fault).toMatchObject({ code: "fault", name: "unknown-word", executed: "yes", enc: "json" });
			expect(JSON.parse(fault?.error?.fault?.payload ?? "")).toEqual({ near: ["stanza"] });

			for (const refused of [bad, broken]) {
				expect(refused?.error).toMatchObject({ condition: "bad-request", type: "modify" });
				expect(refused?.error?.fault).toMatchObject({ code: "invalid-argument", executed: "no" });
			}
			expect(bad?.error?.text).toContain("word");

			expect(absent?.error?.fault).toBeUndefined();
			expect(absent?.error?.condition).toBeTypeOf("string");

			expect(JSON.parse(learned?.payload ?? "")).toEqual({ words: expect.any(Number) });
			expect(JSON.parse(again?.payload ?? "")).toEqual({ text: learn.text });
		},
	);
}

/** It logs in over TLS only, and can do no more than messages. */
function testGoSendxmpp(startServer: StartServer): void {
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

	it.concurrent("sends a message over STARTTLS to one that listens", limit, async () => {
		const go = goSendxmpp(server, dir);
		const listener = await go.listen("bob");
		expect(await go.send("alice", "bob@localhost", BODY)).toMatchObject({ code: 0, stderr: "" });
		await listener.waitUntil("the message", () => listener.stdout().includes(`alice@localhost: ${BODY}\n`), 30_000);
		await listener.end();
	});

	it.concurrent("does not log in to a server that it has no reason to trust", limit, async () => {
		const refused = await goSendxmpp(server, dir, "nothing").send("alice", "bob@localhost", BODY);
		expect(refused.code).not.toBe(0);
		expect(refused.stderr).toContain("certificate");
	});
}
