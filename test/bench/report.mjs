/** Prints results for people. */
export function printReport({ machine, xml, server, calls, domain, durable, depth, elapsedMs }) {
	const { node, platform, cpus, cpu, load } = machine;
	console.log(`Node ${node} on ${platform}, ${cpus} × ${cpu}, load ${load} at the start`);
	if (xml !== undefined) printXml(xml);
	if (server !== undefined) printServer(server);
	if (calls !== undefined) printCalls(calls);
	if (domain !== undefined) printDomain(domain);
	if (durable !== undefined) printDurable(durable);
	if (depth !== undefined) printDepth(depth);
	console.log(`\n${(elapsedMs / 1000).toFixed(0)} s`);
}

function printXml({ rows, bytesPerParser, requirements }) {
	console.log("\nParsing, best of many rounds");
	const parsers = ["antiphon", "ltx", "saxes"];
	const cell = (speed) =>
		speed === undefined ? "" : `${round(speed.mbPerSecond)} MB/s, ${round(speed.nsPerStanza / 1000)} µs`;
	table([["", ...parsers], ...rows.map((row) => [row.name, ...parsers.map((parser) => cell(row[parser]))])]);
	console.log(`A parser between stanzas takes ${bytesPerParser} bytes.`);
	for (const { requirement, met } of requirements) console.log(`${met ? "✓" : "✗"} ${requirement}`);
}

function printServer({ stanzas, senders, runs, perSecond, perCpuSecond }) {
	console.log(`\nEmbedded server: ${stanzas} stanzas from ${senders} senders, ${runs} runs; median (min–max)`);
	table([
		["routed a second", "routed a second of its processor time"],
		[withSpread(perSecond), withSpread(perCpuSecond)],
	]);
}

function printDomain({ functions, instances, registerMs, heapMb, resolveMs, listMs, calls }) {
	console.log(`\nDomain: ${functions} functions of ${instances} instances over the embedded server`);
	table([
		["registered in ms", "heap in MB, empty", "and full", "resolve p50 in ms", "p99", "list in ms"],
		[registerMs, heapMb.empty, heapMb.full, resolveMs.p50, resolveMs.p99, listMs].map((number) => round(number)),
	]);
	table([
		["in flight", "calls/s, direct", "through the domain"],
		...calls.map(({ concurrency, direct, proxied }) => [`${concurrency}`, withSpread(direct), withSpread(proxied)]),
	]);
}

/** What is acknowledged, and when. */
const WAYS = {
	accepted: "accepted, on the domain's disk",
	settled: "outcome, with its provider",
	jetStream: "JetStream publish, acknowledged",
};

function printDurable({ flushesPerSecond, rows, jetStream, skipped }) {
	console.log(
		`\nDurable calls over the embedded server; this disk flushes ${withSpread(flushesPerSecond)} times a second`,
	);
	const lines = rows.flatMap(({ concurrency, ...ways }) =>
		Object.entries(ways).map(([way, { callsPerSecond, p50Ms, p99Ms }], i) => [
			i === 0 ? `${concurrency}` : "",
			WAYS[way],
			...[callsPerSecond, p50Ms, p99Ms].map(withSpread),
		]),
	);
	table([["in flight", "what", "a second", "p50 in ms", "p99 in ms"], ...lines]);
	if (jetStream !== undefined)
		console.log(`JetStream of nats-server ${jetStream}, which acknowledges before it flushes`);
	if (skipped !== undefined) console.log(`skipped: ${skipped.what} (${skipped.reason})`);
}

function printDepth({ rows }) {
	console.log(
		"\nCalls that wait in a queue, without XMPP; rates a second, and a second of the process' own processor time",
	);
	const rate = ({ perSecond, perCpuSecond }) => `${round(perSecond)}, ${round(perCpuSecond)}`;
	table([
		["journal", "calls", "all accepted", "the last", "drained, the first", "start in ms", "heap in MB", "process"],
		...rows.map(({ journal, calls, accepted, lastAccepted, drained, startMs, heapMb, rssMb }) => [
			journal,
			`${calls}`,
			...[accepted, lastAccepted, drained].map(rate),
			...[startMs, heapMb, rssMb].map(round),
		]),
	]);
}

function printCalls({ rows, skipped }) {
	console.log("\nCalls: median of slices (min–max); latency in ms, processor time in µs a call");
	const head = [
		"world",
		"in flight",
		"contestant",
		"calls/s",
		"× bare",
		"p50",
		"p95",
		"p99",
		"caller µs",
		"responder µs",
	];
	const lines = rows.flatMap((row) =>
		["antiphon", "bare"]
			.filter((name) => row[name] !== undefined)
			.map((name, i) => [
				...(i === 0 ? [row.world, `${row.concurrency}`] : ["", ""]),
				name === "bare" ? "bare xmpp.js" : "Antiphon",
				withSpread(row[name].callsPerSecond),
				name === "bare" || row.ratio === undefined ? "" : withSpread(row.ratio),
				...["p50Ms", "p95Ms", "p99Ms"].map((metric) => withSpread(row[name][metric])),
				...["cpuUs", "responderCpuUs"].map((metric) => {
					const cpu = row[name][metric];
					return cpu === undefined ? "" : round(cpu.median);
				}),
			]),
	);
	table([head, ...lines]);
	for (const { world, reason } of skipped) console.log(`skipped: ${world} (${reason})`);
}

function withSpread({ median, min, max }) {
	return `${round(median)} (${round(min)}–${round(max)})`;
}

/** Three digits that matter; whole numbers from a hundred on. */
function round(number) {
	return number >= 100 ? String(Math.round(number)) : String(Number(number.toPrecision(3)));
}

/** Columns of words; those of numbers stand to the right. */
const LEFT = new Set(["", "world", "contestant", "what", "journal"]);

function table(rows) {
	const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
	for (const row of rows) {
		console.log(
			row
				.map((cell, column) =>
					LEFT.has(rows[0][column]) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
				)
				.join("  "),
		);
	}
}
