// Tries to break the promises of durable calls: worlds of callers, a domain and providers, each from a seed.
//   npm run sim -- --seeds 100000        many worlds
//   npm run sim -- --seed 81723          one of them, with its story; always the same one
// CONTRIBUTING.md says what is in a world and how to read what this prints.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { eventsAbout, hashOf, lineOf, loadDelivery, minimise, optionsOf, reportOf, simulate } from "./dist/index.js";
import { findMutants } from "./mutants.mjs";
import { HELP, readOptions } from "./options.mjs";

const WORKER = fileURLToPath(new URL("worker.mjs", import.meta.url));
/** Failures that are told. More say no more. */
const TOLD = 3;

try {
	const options = readOptions(process.argv.slice(2));
	if (options.help) console.log(HELP);
	else if (options.mutants) process.exitCode = (await findMutants(options)) === 0 ? 0 : 1;
	else if (options.seed !== undefined) await runOne(options);
	else await runMany(options);
} catch (error) {
	console.error(`sim: ${error.message}`);
	process.exitCode = 1;
}

async function runOne({ seed, given, call, delivery: folder, minimise: isSmaller }) {
	const delivery = await loadDelivery(folder);
	let outcome = simulate(delivery, seed, given);
	if (isSmaller && outcome.violation !== undefined) outcome = minimise(delivery, outcome);
	const { history, violation, steps, endedAt } = outcome;
	if (call !== undefined) for (const event of eventsAbout(history.events, call)) console.log(lineOf(event));
	if (violation !== undefined) console.log(reportOf(outcome, isSmaller ? changes(outcome, seed) : given));
	else console.log(`seed ${seed} keeps all promises`);
	console.log(`${steps} steps, ${(endedAt / 1000).toFixed(0)} s in the world, history ${hashOf(outcome).slice(0, 16)}`);
	process.exitCode = violation === undefined ? 0 : 1;
}

/** What is not as the seed says it. */
function changes(outcome, seed) {
	const before = optionsOf(seed);
	return Object.fromEntries(
		Object.entries(outcome.options).filter(([name, value]) => String(before[name]) !== String(value)),
	);
}

async function runMany({ seeds, from, given, delivery, workers, json, minimise: isSmaller }) {
	const startedMs = performance.now();
	const results = await Promise.all(
		Array.from({ length: workers }, (_, i) => {
			const share = { first: from + i, step: workers, end: from + seeds, given, delivery, isSmaller, most: TOLD };
			return runWorker(share);
		}),
	);
	const total = { seeds: 0, steps: 0, calls: 0, runs: 0, faults: 0, failures: [] };
	for (const each of results) {
		for (const name of ["seeds", "steps", "calls", "runs", "faults"]) total[name] += each[name];
		total.failures.push(...each.failures);
	}
	total.failures.sort((one, other) => one.seed - other.seed);
	const seconds = (performance.now() - startedMs) / 1000;
	if (json) console.log(JSON.stringify({ ...total, seconds }));
	else {
		for (const { report } of total.failures.slice(0, TOLD)) console.log(`${report}\n`);
		const rate = `${(total.seeds / seconds).toFixed(0)} a second`;
		const what = `${total.calls} calls, ${total.runs} runs, ${total.faults} faults, ${total.steps} steps`;
		console.log(`${total.seeds} worlds in ${seconds.toFixed(1)} s, ${rate}: ${what}; ${total.failures.length} failed`);
	}
	process.exitCode = total.failures.length === 0 ? 0 : 1;
}

function runWorker(share) {
	return new Promise((resolve, reject) => {
		const child = fork(WORKER, [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
		let result;
		child.once("message", (message) => {
			result = message;
		});
		child.once("exit", (code, signal) => {
			if (result === undefined) reject(new Error(`a process ended with ${signal ?? code} and without a result`));
			else resolve(result);
		});
		child.send(share);
	});
}
