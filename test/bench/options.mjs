import { parseArgs } from "node:util";

const PARTS = ["xml", "server", "calls", "domain", "durable", "depth"];
const JOURNALS = ["memory", "lmdb"];

export const HELP = `npm run bench -- [options]

  --quick              short: everything in about a minute
  --check              exit status 1 if the parser is slower than it has to be
  --json               one JSON value on standard output instead of a table
  --only PART,…        of ${PARTS.join(", ")}
  --worlds NAME,…      calls only: worlds whose name contains one of these, such as memory, embedded or "Prosody client"
  --concurrency N,…    calls, domain, durable: how many calls are in flight at once. Default 1,16,128
  --slices N           calls, domain, durable: slices of each contestant at each concurrency. Default 15; 5 with --quick
  --slice-ms N         calls, domain, durable: length of one. Default 400; 100 with --quick
  --warm-up-ms N       calls only: before the first slice; a quarter of it in later worlds. Default 4000; 1500 with --quick
  --depth N            depth only: how many calls wait. Default 1000000; 20000 with --quick
  --journals NAME,…    depth only: of memory, lmdb. Default both
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
			depth: { type: "string" },
			journals: { type: "string" },
		},
	});
	const { quick, check, json, help } = values;
	const only = values.only?.split(",") ?? PARTS;
	requireKnown("--only", only, PARTS);
	const journals = values.journals?.split(",") ?? JOURNALS;
	requireKnown("--journals", journals, JOURNALS);
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
		depth: count("--depth", values.depth ?? (quick ? "20000" : "1000000"), MAX_DEPTH),
		journals,
	};
}

const MAX_COUNT = 60_000;
/** As many as a queue takes, by its own bounds. */
const MAX_DEPTH = 2_000_000;

function requireKnown(name, given, known) {
	const unknown = given.filter((each) => !known.includes(each));
	if (unknown.length > 0) throw new Error(`${name}: there is no ${unknown.join(", ")}; there are ${known.join(", ")}`);
}

function count(name, text, most = MAX_COUNT) {
	const number = Number(text);
	if (Number.isInteger(number) && number > 0 && number <= most) return number;
	throw new Error(`${name}: ${text} is no whole number from 1 to ${most}`);
}
