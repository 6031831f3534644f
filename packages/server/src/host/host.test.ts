import { NS } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { DEFAULT_SERVER_LIMITS } from "../limits.js";
import { Accounts } from "../peers/accounts.js";
import type { ClientSession } from "../peers/client-session.js";
import { Components } from "../peers/components.js";
import { PresenceTable } from "../routing/presence-table.js";
import { Router } from "../routing/router.js";
import { eventually, recordingLog } from "../testing/start.js";
import { Features } from "./features.js";
import { Hooks } from "./hooks.js";
import { ModuleHost, type ServerParts } from "./host.js";

function parts(): ServerParts & { readonly log: ReturnType<typeof recordingLog> } {
	const log = recordingLog();
	const shared = {
		domain: "localhost",
		limits: DEFAULT_SERVER_LIMITS,
		accounts: new Accounts("localhost"),
		components: new Components(new Map()),
		presence: new PresenceTable(),
		log,
	};
	return {
		...shared,
		router: new Router({ ...shared, onStanza: undefined }),
		features: new Features(),
		hooks: new Hooks(),
		now: () => 0,
		peers: () => [],
	};
}

it("What a module registers is undone when it goes, so that it can come again", async () => {
	const server = parts();
	let calls = 0;
	const install = () => {
		const host = new ModuleHost(server);
		host.feature("server", "urn:test");
		host.serve("server", "iq-get", { ns: NS.ping, name: "ping" }, () => {});
		host.presence("probe", { bare: false, outgoing: () => {}, incoming: () => {} });
		host.on("closed", () => calls++);
		host.every(1, () => calls++);
		return host;
	};
	const first = install();
	expect(() => install()).toThrow("two handlers for iq-get urn:xmpp:ping ping");
	await eventually(() => calls > 0, "the timer runs");
	first[Symbol.dispose]();
	expect([server.features.list("server"), server.presence.get("probe")]).toEqual([[], undefined]);
	const before = calls;
	server.hooks.emit("closed", {} as ClientSession);
	expect(calls).toBe(before);
	install()[Symbol.dispose]();
});

it("A timer that throws is logged and runs on", async () => {
	const server = parts();
	const host = new ModuleHost(server);
	host.every(1, () => {
		throw new Error("from the module");
	});
	await eventually(() => server.log.lines.length >= 2, "two lines in the log");
	host[Symbol.dispose]();
	expect(server.log.lines[0]).toContain("error a fault in the server, please report it: Error: from the module");
});
