import { parseArgs } from "node:util";
import { SERVERS } from "#kit";

const names = SERVERS.map(({ name }) => name.toLowerCase());

export const HELP = `npm run chaos -- [options]

  --minutes N      for how long things break. Default 1; 0.1 will do
  --server NAME    ${names.join(", ")}. Default embedded
  --seed N         decides what breaks when. Default: another each time; it is printed
  --every MS       between two faults, on average. Default 1500
  --settle S       how many seconds everything may take to settle afterwards. Default 240
  --callers N      processes that call. Default 3
  --providers N    processes that serve. Default 3
  --calls N        calls in all, at most. Default 20000
  --rate N         calls a second, of all callers. Default 20
  --run-ms N       how long a run takes, at most. Default 300
  --json           one JSON value on standard output
  --help

The exit status is 0 when nothing accepted was lost, nothing ran twice that must not, and everything has settled.`;

const MAX_MINUTES = 24 * 60;

/** What the command line asks for, with defaults filled in. @throws Error that says what is wrong */
export function readOptions(args) {
	const text = (value) => ({ type: "string", default: value });
	const { values } = parseArgs({
		args,
		options: {
			minutes: text("1"),
			server: text("embedded"),
			seed: text(`${1 + Math.floor(Math.random() * 1e9)}`),
			every: text("1500"),
			settle: text("240"),
			callers: text("3"),
			providers: text("3"),
			calls: text("20000"),
			rate: text("20"),
			"run-ms": text("300"),
			json: { type: "boolean", default: false },
			help: { type: "boolean", default: false },
		},
	});
	const server = SERVERS.find(({ name }) => name.toLowerCase() === values.server.toLowerCase());
	if (server === undefined) throw new Error(`--server: there is no ${values.server}; there are ${names.join(", ")}`);
	const number = (name, most) => {
		const value = Number(values[name]);
		if (value > 0 && value <= most && (name === "minutes" || Number.isInteger(value))) return value;
		const what = name === "minutes" ? "number" : "whole number";
		throw new Error(`--${name}: ${values[name]} is no ${what} above 0, and at most ${most}`);
	};
	return {
		help: values.help,
		json: values.json,
		server,
		seed: number("seed", 2 ** 32 - 1),
		faultsMs: Math.round(number("minutes", MAX_MINUTES) * 60_000),
		everyMs: number("every", 600_000),
		settleMs: number("settle", 3_600) * 1_000,
		callers: number("callers", 16),
		providers: number("providers", 16),
		calls: number("calls", 20_000),
		perSecond: number("rate", 200),
		maxRunMs: number("run-ms", 10_000),
	};
}
