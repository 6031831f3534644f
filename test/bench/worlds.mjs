import { available, installCommand, SERVERS } from "#kit";

const ACCOUNTS = { "antiphon-caller": "a", "antiphon-responder": "b", "bare-caller": "c", "bare-responder": "d" };
const DOMAINS = { antiphon: "fn.localhost", bare: "bare.localhost" };
const SECRET = "secret";

const ROLES = ["client", "component"];

/**
 * Where caller and responder meet: in memory, or over a server whose responder is a client or a component. One server
 * carries both of its worlds. `names` are parts of names; without them, all.
 */
export function chooseWorlds(names) {
	const wanted = (world) => names === undefined || names.some((name) => world.toLowerCase().includes(name));
	const servers = SERVERS.map((server) => ({
		...server,
		worlds: ROLES.map((role) => ({ name: `${server.name} ${role}`, role })).filter(({ name }) => wanted(name)),
	})).filter(({ worlds }) => worlds.length > 0);
	const memory = wanted("memory");
	if (!memory && servers.length === 0) throw new Error(`--worlds: no world is called ${names.join(" or ")}`);
	const isThere = ({ needs }) => needs.every((need) => available(need));
	return {
		memory,
		servers: servers.filter(isThere),
		skipped: servers
			.filter((server) => !isThere(server))
			.flatMap(({ needs, worlds }) =>
				worlds.map(({ name }) => ({
					world: name,
					reason: `${needs.join(" and ")} not installed; add with: ${installCommand(needs)}`,
				})),
			),
	};
}

/** Starts a server with all that its worlds need, and its limits raised. */
export function startWorldServer({ start }) {
	return start({
		users: ACCOUNTS,
		components: Object.fromEntries(Object.values(DOMAINS).map((domain) => [domain, SECRET])),
	});
}

/** How a contestant logs in: as the caller, always a client, and as the responder in this role. */
export function logins(server, contestant, role) {
	const client = (name) => ({
		url: `xmpp://${server.host}:${server.c2sPort}`,
		jid: `${contestant}-${name}@${server.domain}/${name}`,
		password: ACCOUNTS[`${contestant}-${name}`],
	});
	const component = {
		url: `xmpp://${server.host}:${server.componentPort}`,
		domain: DOMAINS[contestant],
		password: SECRET,
	};
	return { caller: client("caller"), responder: role === "client" ? client("responder") : component };
}
