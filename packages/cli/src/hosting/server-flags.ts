import { Jid } from "antiphon";
import { UsageError } from "../command-error.js";

/** Reads a port of the option `flag`; 0 stands for any free one. */
export function port(flag: string): (text: string) => number {
	return (text) => {
		const value = Number(text);
		if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
		throw new UsageError(`${flag} ${text}: no port; use 0 (any free one) to 65535`);
	};
}

/** Reads the domain of `flag`, as JIDs write it. */
export function domain(flag: string): (text: string) => string {
	return (text) => {
		const jid = Jid.tryParse(text);
		if (jid !== undefined && jid.local === undefined && jid.resource === undefined) return jid.domain;
		throw new UsageError(`${flag} ${text}: no domain; use one such as localhost or fn.localhost`);
	};
}

/** Names and their secrets, of an option that may be repeated. */
export type Pairs = Readonly<Record<string, string>>;

/** Gathers `--user NAME:PASSWORD`. What stands behind the first colon is the password. */
export function user(text: string, gathered: Pairs = {}): Pairs {
	return pair("--user NAME:PASSWORD", "--user me:secret", text, gathered, (name) => {
		const local = Jid.tryParse(`${name}@localhost`)?.local;
		// The account's domain is that of --domain.
		if (local === undefined || name.includes("@"))
			throw new UsageError(`--user ${name}:…: ${name} is no account's name; use the part before the @ of its JID`);
		return local;
	});
}

/** Gathers `--component DOMAIN:SECRET`. */
export function component(text: string, gathered: Pairs = {}): Pairs {
	return pair("--component DOMAIN:SECRET", "--component fn.localhost:secret", text, gathered, domain("--component"));
}

function pair(form: string, example: string, text: string, gathered: Pairs, nameOf: (text: string) => string): Pairs {
	const [flag] = form.split(" ", 1);
	const colon = text.indexOf(":");
	// The text is not repeated: it may be a password.
	if (colon < 1 || colon === text.length - 1) throw new UsageError(`${flag}: use ${form}, such as ${example}`);
	const name = nameOf(text.slice(0, colon));
	if (Object.hasOwn(gathered, name)) throw new UsageError(`${flag} ${name}:… is given twice`);
	return { ...gathered, [name]: text.slice(colon + 1) };
}
