import { createHook } from "node:async_hooks";
import { Jid, SCRAM_MECHANISMS, ScramClient, type ScramMechanism, ScramServer } from "@antiphon/protocol";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { Accounts } from "./accounts.js";
import { OfflineMessages } from "./offline-messages.js";
import { Roster } from "./roster.js";

/** What Node's thread pool is asked to derive from passwords. */
const pbkdf2 = { started: 0, running: new Set<number>(), atOnce: 0 };
const hook = createHook({
	init(id, type) {
		if (type !== "PBKDF2REQUEST") return;
		pbkdf2.started++;
		pbkdf2.running.add(id);
		pbkdf2.atOnce = Math.max(pbkdf2.atOnce, pbkdf2.running.size);
	},
	before: (id) => void pbkdf2.running.delete(id),
}).enable();
afterAll(() => void hook.disable());
beforeEach(() => Object.assign(pbkdf2, { started: 0, running: new Set(), atOnce: 0 }));

function accountsOf(...names: string[]): Accounts {
	const accounts = new Accounts("localhost");
	for (const name of names) {
		accounts.add({
			jid: Jid.of(name, "localhost"),
			password: `password of ${name}`,
			sessions: new Map(),
			roster: new Roster({ maxItems: 1, maxBytes: 1, maxRequests: 1 }, [], () => {}),
			offline: new OfflineMessages({ maxMessages: 1, maxBytes: 1 }, [], () => {}),
		});
	}
	return accounts;
}

async function login(accounts: Accounts, mechanism: ScramMechanism, name: string, password: string): Promise<void> {
	const client = new ScramClient(mechanism, name, password, "client-nonce");
	const server = new ScramServer(mechanism, "server-nonce");
	const { message } = await server.first(client.first(), (username) => accounts.scram(mechanism, username));
	client.verify(server.final(await client.final(message)));
}

describe("What SCRAM needs of an account", () => {
	it("is not derived when accounts are added, however many", () => {
		accountsOf(...Array.from({ length: 10_000 }, (_, i) => `user${i}`));
		expect(pbkdf2.started).toBe(0);
	});

	it("is derived once for each mechanism, however many ask at once and in whatever case", async () => {
		const accounts = accountsOf("a");
		const asked = ["a", "A", "ａ"].flatMap((name) => SCRAM_MECHANISMS.map((m) => accounts.scram(m, name)));
		await Promise.all([...asked, ...asked]);
		await accounts.scram("SCRAM-SHA-1", "a");
		expect(pbkdf2.started).toBe(2);
		await login(accounts, "SCRAM-SHA-256", "A", "password of a");
		await login(accounts, "SCRAM-SHA-1", "a", "password of a");
		await expect(login(accounts, "SCRAM-SHA-1", "a", "wrong")).rejects.toThrow("wrong proof");
	});

	it("is derived for few accounts at once, and for all in the end", async () => {
		const names = Array.from({ length: 30 }, (_, i) => `user${i}`);
		const accounts = accountsOf(...names);
		await Promise.all(names.map((name) => accounts.scram("SCRAM-SHA-256", name)));
		expect(pbkdf2).toMatchObject({ started: 30, atOnce: 2 });
		await login(accounts, "SCRAM-SHA-256", "user29", "password of user29");
	});

	it("can be derived later when it could not be at first, and holds nobody up meanwhile", async () => {
		const accounts = accountsOf("a", "b", "c", "d");
		const setPassword = (name: string, password: unknown) => Object.assign(accounts.get(name) as object, { password });
		for (const name of ["a", "b", "c"]) setPassword(name, 5);
		const asked = ["a", "b", "c", "d"].map((name) => accounts.scram("SCRAM-SHA-256", name));
		const answers = (await Promise.allSettled(asked)).map(({ status }) => status);
		expect(answers).toEqual(["rejected", "rejected", "rejected", "fulfilled"]);
		for (const name of ["a", "b", "c"]) {
			setPassword(name, "pw");
			await login(accounts, "SCRAM-SHA-256", name, "pw");
		}
	});
});

describe("A name without an account", () => {
	it("costs no derivation, whatever it is", async () => {
		const accounts = accountsOf("a");
		await Promise.all(Array.from({ length: 500 }, (_, i) => accounts.scram("SCRAM-SHA-256", `nobody${i}`)));
		await accounts.scram("SCRAM-SHA-1", "@/");
		expect(pbkdf2.started).toBe(0);
	});

	it.each(SCRAM_MECHANISMS)("looks like one with an account in the challenge of %s", async (mechanism) => {
		const accounts = accountsOf("known");
		const of = async (name: string) => {
			const { salt, iterations, storedKey, serverKey } = await accounts.scram(mechanism, name);
			return { salt: salt.toString("hex"), iterations, sizes: [salt.length, storedKey.length, serverKey.length] };
		};
		for (const name of ["known", "nobody"]) {
			const first = await of(name);
			expect(first.iterations).toBe(4096);
			expect(first.sizes).toEqual([16, ...(mechanism === "SCRAM-SHA-256" ? [32, 32] : [20, 20])]);
			expect(await of(name)).toEqual(first);
			expect(await of(name.toUpperCase())).toEqual(first);
			const other = mechanism === "SCRAM-SHA-256" ? "SCRAM-SHA-1" : "SCRAM-SHA-256";
			expect((await accounts.scram(other, name)).salt.toString("hex")).not.toBe(first.salt);
		}
		expect((await of("known")).salt).not.toBe((await of("nobody")).salt);
		const elsewhere = await accountsOf().scram(mechanism, "nobody");
		expect(elsewhere.salt.toString("hex")).not.toBe((await of("nobody")).salt);
	});

	it("lets nobody in", async () => {
		const accounts = accountsOf("a");
		await expect(login(accounts, "SCRAM-SHA-256", "nobody", "pw")).rejects.toThrow("wrong proof");
		expect(accounts.checkPassword("nobody", "pw")).toBeUndefined();
		expect(accounts.checkPassword("a", "password of a")?.jid.toString()).toBe("a@localhost");
		expect(accounts.checkPassword("a", "pw")).toBeUndefined();
	});
});
