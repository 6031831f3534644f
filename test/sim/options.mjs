import { parseArgs } from "node:util";

export const HELP = `npm run sim -- [options]

  --seeds N           so many worlds. Default 2000
  --from N            the first of them. Default 1
  --seed N            this one, and its story
  --options JSON      what is to be so in each, whatever its seed says: '{"calls":10,"loss":0}'
  --call NAME         with --seed: the story of one call, such as "caller-1@example.org c7"
  --minimise          a failing world is made smaller before it is told
  --mutants           finds deliberate mistakes: with the seed that has found each before, or one of --seeds, 1000
  --mutant NAME       this one, by a part of what it is called
  --delivery FOLDER   the built files of @antiphon/delivery to run instead of those of this checkout
  --workers N         processes at a time. Default 2
  --json              one JSON value on standard output
  --help`;

/** What the command line asks for, with defaults filled in. @throws Error that says what is wrong */
export function readOptions(args) {
	const { values } = parseArgs({
		args,
		options: {
			seeds: { type: "string" },
			from: { type: "string", default: "1" },
			seed: { type: "string" },
			options: { type: "string", default: "{}" },
			call: { type: "string" },
			minimise: { type: "boolean", default: false },
			mutants: { type: "boolean", default: false },
			mutant: { type: "string" },
			delivery: { type: "string" },
			workers: { type: "string", default: "2" },
			json: { type: "boolean", default: false },
			help: { type: "boolean", default: false },
		},
	});
	return {
		...values,
		mutants: values.mutants || values.mutant !== undefined,
		seeds: count("--seeds", values.seeds ?? (values.mutants || values.mutant !== undefined ? "1000" : "2000")),
		from: count("--from", values.from),
		seed: values.seed === undefined ? undefined : count("--seed", values.seed),
		workers: count("--workers", values.workers),
		given: given(values.options),
	};
}

function count(name, text) {
	const number = Number(text);
	if (Number.isSafeInteger(number) && number > 0 && number < 2 ** 32) return number;
	throw new Error(`${name}: ${text} is no whole number above 0`);
}

function given(text) {
	try {
		const value = JSON.parse(text);
		if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
	} catch {}
	throw new Error(`--options: ${text} is no JSON object`);
}
