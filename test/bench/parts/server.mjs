import { spread } from "../statistics.mjs";
import { runModule } from "./run-module.mjs";

/** How many stanzas the embedded server routes, by the clock and by its own processor time. */
export async function measureServer({ quick }) {
	const stanzas = quick ? 60_000 : 200_000;
	const senders = 4;
	const runs = [];
	for (let i = 0; i < (quick ? 3 : 5); i++) {
		runs.push(numbersIn(await runModule("packages/server/bench/route.mjs", [`${stanzas}`, `${senders}`])));
	}
	const over = (name) => spread(runs.map((run) => run[name]));
	return { stanzas, senders, runs: runs.length, perSecond: over("perSecond"), perCpuSecond: over("perCpuSecond") };
}

/** It prints an object as the console shows it: `name: number`. @throws Error if what is needed is not in it */
function numbersIn(text) {
	const pairs = [...text.matchAll(/(\w+): ([\d.]+)/g)].map(([, name, number]) => [name, Number(number)]);
	const run = Object.fromEntries(pairs);
	for (const name of ["perSecond", "perCpuSecond"]) {
		if (!(run[name] > 0)) throw new Error(`packages/server/bench/route.mjs told no ${name}: ${text}`);
	}
	return run;
}
