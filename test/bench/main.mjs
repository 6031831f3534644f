// Measures what this project promises about speed, beside what one would use without it, in the same run:
//   npm run bench -- --quick           a table in about a minute
//   npm run bench -- --quick --json    the same as one JSON value on standard output
// docs/benchmarks.md says what is measured and how to read it.
import { machine } from "./machine.mjs";
import { HELP, readOptions } from "./options.mjs";
import { measureCalls } from "./parts/calls.mjs";
import { measureDepth } from "./parts/depth.mjs";
import { measureDomain } from "./parts/domain.mjs";
import { measureDurable } from "./parts/durable.mjs";
import { measureServer } from "./parts/server.mjs";
import { measureXml } from "./parts/xml.mjs";
import { printReport } from "./report.mjs";

const PARTS = {
	xml: measureXml,
	server: measureServer,
	calls: measureCalls,
	domain: measureDomain,
	durable: measureDurable,
	depth: measureDepth,
};

// An exit of its own kind: only that runs the hooks that end the servers.
for (const [signal, status] of [
	["SIGINT", 130],
	["SIGTERM", 143],
]) {
	process.once(signal, () => process.exit(status));
}

try {
	const options = readOptions(process.argv.slice(2));
	if (options.help) console.log(HELP);
	else await run(options);
} catch (error) {
	console.error(`bench: ${error.message}`);
	process.exitCode = 1;
}

async function run(options) {
	const startedMs = performance.now();
	const results = { machine: machine(), quick: options.quick };
	for (const [name, measure] of Object.entries(PARTS)) {
		if (options.only.includes(name)) results[name] = await measure(options);
	}
	results.elapsedMs = Math.round(performance.now() - startedMs);
	if (options.json) console.log(JSON.stringify(results));
	else printReport(results);
	const missed = options.check ? results.xml.requirements.filter(({ met }) => !met) : [];
	if (missed.length > 0) throw new Error(`missed: ${missed.map(({ requirement }) => requirement).join("; ")}`);
}
