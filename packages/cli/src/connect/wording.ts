/** Options of the library that a flag and a variable stand for. */
const NAMES = ["url", "jid", "password", "component", "secret", "ca"] as const;

type Flags = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;

/** What the library advises in terms of its options, and how the command's user does the same. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
	[/\binsecure: true\b/, "--insecure (ANTIPHON_INSECURE=1)"],
	[/\bas ca\b/, "with --ca (ANTIPHON_CA)"],
	[/\bgive ca\b/, "give --ca (ANTIPHON_CA)"],
	// The name is the account's domain, or the URL's host: there is no flag for another.
	[/, or give the name that it bears as servername/, ""],
	[/, or servername\b/, ""],
];

/** An error's message, in the command's words where the library names an option of its own. */
export function inCommandWords(message: string): string {
	return ADVICE.reduce((text, [library, command]) => text.replace(library, command), message);
}

/**
 * What is wrong with the settings of the link, named as they were given: `--jid`, or ANTIPHON_JID. Something that is
 * missing is named both ways.
 */
export function settingProblem(message: string, flags: Flags): string {
	const given = (name: string) => NAMES.find((each) => each === name && flags[each] !== undefined);
	const called = (name: string) => (given(name) === undefined ? `ANTIPHON_${name.toUpperCase()}` : `--${name}`);
	return inCommandWords(message)
		.replace(
			/^set (ANTIPHON_(\w+)):/,
			(_, variable: string, name: string) => `set ${variable} or --${name.toLowerCase()}:`,
		)
		.replace(/^ANTIPHON_(\w+):/, (_, name: string) => `${called(name.toLowerCase())}:`)
		.replace(/^(url|jid|password|secret)\b/, (name) => called(name))
		.replace(
			/^(domain(?=:)|not a domain(?=:))/,
			(text) => `${called("component")}${text === "domain" ? "" : " is not a domain"}`,
		);
}
