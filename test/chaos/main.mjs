// Breaks real processes and real servers while durable calls are made, and says whether the promises were kept.
//   npm run chaos -- --minutes 5 --server prosody
//   npm run chaos -- --minutes 5 --server prosody --seed 81723    the same faults again, at about the same times
// CONTRIBUTING.md says what is broken, and how to read what this prints.
import { available, installCommand, serversRequired } from "#kit";
import { reportOf, run } from "./dist/index.js";
import { HELP, readOptions } from "./options.mjs";

const interrupt = new AbortController();
for (const [signal, number] of [
	["SIGINT", 2],
	["SIGTERM", 15],
]) {
	process.on(signal, () => {
		// Once more: at once. What is left is killed on the way out.
		if (interrupt.signal.aborted) process.exit(128 + number);
		process.exitCode = 128 + number;
		interrupt.abort();
	});
}

try {
	const { help, json, ...options } = readOptions(process.argv.slice(2));
	if (help) console.log(HELP);
	else await once(options, json);
} catch (error) {
	if (!interrupt.signal.aborted) {
		console.error(`chaos: ${error.message}`);
		process.exitCode = 1;
	}
}

async function once(options, json) {
	const missing = options.server.needs.filter((need) => !available(need));
	if (missing.length > 0) {
		const remedy = `${missing.join(" and ")} not installed; add with: ${installCommand(missing)}`;
		if (serversRequired()) throw new Error(remedy);
		console.error(`chaos: skipped: ${remedy}`);
		return;
	}
	const result = await run({ ...options, signal: interrupt.signal, say: (line) => console.error(line) });
	if (result.disk === "none")
		console.error("chaos: the disk was not filled: neither mount nor prlimit can be used here");
	console.log(json ? JSON.stringify(result) : reportOf(result));
	process.exitCode = result.verdict.ok ? 0 : 1;
}
