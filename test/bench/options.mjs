import { parseArgs } from "node:util";

const PARTS = ["xml", "server", "calls", "domain"];

export const HELP = `npm run bench -- [options]

  --quick              short: everything in less than a minute
  --check              exit status 1 if the parser is slower than it has to be
  --json               one JSON value on standard output instead of a table
  --only PART,…        of ${PARTS.join(", ")}
  --worlds NAME,…      calls only: worlds whose name contains one of these, such as memory, embedded or "Prosody client"
  --concurrency N,…    calls and domain: how many calls are in flight at once. Default 1,16,128
  --slices N           calls and domain: slices of each contestant at each concurrency. Default 15; 5 with --quick
  --slice-ms N         calls and domain: length of one. Default 400; 100 with --quick
  --warm-up-ms N       calls only: before the first slice; a quarter of it in later worlds. Default 4000; 1500 with --quick
  --help`;

/** What the command line asks for, with defaults filled in. @throws Error that says what is wrong */
export function readOptions(args) {
	const { values } = parseArgs({
		args,
		options: {
			quick: { type: "boolean", default: false },
			check: { type: "boolean", default: false },
			json: { type: "boolean", default: false },
			help: { type: "boolean", default: false },
			only: { type: "string" },
			worlds: { type: "string" },
			concurrency: { type: "string" },
			slices: { type: "string" },
			"slice-ms": { type: "string" },
			"warm-up-ms": { type: "string" },
		},
	});
	const { quick, check, json, help } = values;
	const only = values.only?.split(",") ?? PARTS;
	const unknown = only.filter((part) => !PARTS.includes(part));
	if (unknown.length > 0) throw new Error(`--only: there is no ${unknown.join(", ")}; there are ${PARTS.join(", ")}`);
	if (check && !only.includes("xml")) throw new Error("--check: only xml has requirements, and --only leaves it out");
	return {
		quick,
		check,
		json,
		help,
		only,
		worlds: values.worlds?.split(",").map((name) => name.trim().toLowerCase()),
		concurrency: (values.concurrency ?? "1,16,128").split(",").map((text) => count("--concurrency", text)),
		slices: count("--slices", values.slices ?? (quick ? "5" : "15")),
		sliceMs: count("--slice-ms", values["slice-ms"] ?? (quick ? "100" : "400")),
		warmUpMs: count("--warm-up-ms", values["warm-up-ms"] ?? (quick ? "1500" : "4000")),
	};
}

const MAX_COUNT = 60_000;

function count(name, text) {
	const number = Number(text);
	if (Number.isInteger(number) && number > 0 && number <= MAX_COUNT) return number;
	throw new Error(`${name}: ${text} is no whole number from 1 to ${MAX_COUNT}`);
}
