const UNITS = [
	["d", 86_400_000],
	["h", 3_600_000],
	["min", 60_000],
	["s", 1_000],
] as const;

/** A time span for people: `0.4 s`, `12 s`, `3 h`. */
export function age(ms: number): string {
	if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
	const [unit, unitMs] = UNITS.find(([, each]) => ms >= 2 * each) ?? ["s", 1_000];
	return `${Math.round(ms / unitMs)} ${unit}`;
}
