import { loadDelivery, MUTANTS, simulate, withMutant } from "./dist/index.js";

/**
 * Whether each deliberate mistake is found: by the seed that has found it before, or else by one of so many.
 * @returns how many were not
 */
export async function findMutants({ seeds, from, mutant: name }) {
	const sound = await loadDelivery();
	let missed = 0;
	for (const mutant of MUTANTS.filter((each) => name === undefined || each.name.includes(name))) {
		const startedMs = performance.now();
		const run = (delivery) => search(delivery, mutant.seed, from, seeds);
		const { seed, violation, rotten } = await withMutant(mutant, run).catch(({ message }) => ({ rotten: message }));
		const ms = Math.round(performance.now() - startedMs);
		// And it is the mistake that it finds.
		const wrong = seed === undefined ? undefined : simulate(sound, seed).violation;
		if (violation === undefined || wrong !== undefined) missed++;
		if (rotten !== undefined) console.log(`✗ ${rotten}: edit test/sim/src/mutants/mutants.ts`);
		else if (violation === undefined) console.log(`✗ ${mutant.name}: not found in ${seeds} worlds (${ms} ms)`);
		else if (wrong !== undefined) console.log(`✗ ${mutant.name}: seed ${seed} fails without it, too: ${wrong.what}`);
		else console.log(`✓ ${mutant.name}: ${line(mutant, seed, violation)} (${ms} ms)`);
	}
	return missed;
}

function search(delivery, known, from, seeds) {
	for (let i = -1; i < seeds; i++) {
		const seed = i === -1 ? known : from + i;
		const { violation } = simulate(delivery, seed);
		if (violation !== undefined) return { seed, violation };
	}
	return {};
}

function line({ seed: known }, seed, { rule, what }) {
	return `seed ${seed}${seed === known ? "" : `, no longer ${known}`}, rule ${rule}: ${what.split("\n")[0]}`;
}
