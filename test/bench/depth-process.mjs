// Fills the queue of a domain, starts it anew, and takes calls out of it. What it says is one JSON value on standard output.
import { Engine, JournalClock, memoryStore, Queue } from "@antiphon/delivery";
import { lmdbStore } from "@antiphon/store";

const [kind, folder, calls] = process.argv.slice(2);
const depth = Number(calls);
const GIB = 2 ** 30;
/** As many as domains gather of one account. */
const IN_FLIGHT = 1_024;
/** So that no sender has more calls than it may have, and there are many lanes. */
const CALLS_OF_SENDER = 1_000;
const FUNCTIONS = ["learn", "forget", "copy", "print"];
/** Over how many calls a rate is taken: the last that are accepted, and the first that are drained. */
const TAKEN = Math.min(Math.ceil(depth / 2), 20_000);
const WARM_UP = Math.min(depth, 5_000);
const CREDIT = 1_000;
const INSTANCES = 4;
const WORKER = "worker@example.org";
const REPLY = { text: "<reply xmlns='urn:antiphon:rpc:1' enc='json'>{}</reply>", executed: "yes", code: undefined };

/** A queue that is told, and says what it wants done. */
async function open(store, onEffects) {
	const journal = await store.open("queue");
	const time = new JournalClock(journal.view, { monotonic: () => performance.now(), wall: () => Date.now() });
	const engine = new Engine({
		core: new Queue({ fault: (code) => code }),
		journal,
		time,
		clock: {
			after(delayMs, action) {
				const timer = setTimeout(action, delayMs);
				return () => clearTimeout(timer);
			},
		},
		soon: (action) => setImmediate(action),
		release: (effects) => onEffects(effects, engine),
		refuse(_, error) {
			throw error;
		},
		keeps: () => false,
		ended(error) {
			throw error;
		},
	});
	return { engine, close: () => new Promise((done) => engine.stop(done)) };
}

function submit(i, ask) {
	const sender = `caller-${Math.floor(i / CALLS_OF_SENDER)}@example.org`;
	const fn = `words.${FUNCTIONS[i % FUNCTIONS.length]}`;
	const text = `<call xmlns='urn:antiphon:rpc:1' fn='${fn}' v='1.0.0' ttl='60000' enc='msgpack'>gqR3b3JkpnN0YW56YaR0ZXh0oTE=</call>`;
	return {
		type: "submit",
		ask,
		sender,
		notify: `${sender}/desk`,
		submission: {
			id: `call-${i.toString().padStart(17, "0")}`,
			call: { fn, version: "1.0.0", text, digest: `digest-${i.toString().padStart(15, "0")}` },
			delivery: "effectively-once",
			afterMs: 0,
			expiresMs: 86_400_000,
			orderKey: undefined,
			retry: { attempts: 8, backoffMs: 1_000, maxBackoffMs: 300_000, attemptMs: 60_000, faults: [] },
		},
	};
}

/** Calls a second since now, and a second of processor time, which other work of the machine hits less. */
function stopwatch() {
	const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()];
	return (calls) => {
		const { user, system } = process.cpuUsage(startedCpu);
		return {
			perSecond: (calls / (performance.now() - startedMs)) * 1_000,
			perCpuSecond: (calls / (user + system)) * 1_000_000,
		};
	};
}

/** @returns how fast all of them were accepted, and the last `TAKEN` */
async function fill(store, count) {
	let [accepted, told] = [0, 0];
	const all = stopwatch();
	let last = all;
	const { promise, resolve, reject } = withResolvers();
	const tell = (engine) => {
		while (told < count && told - accepted < IN_FLIGHT) {
			if (!engine.take(submit(told, told))) break;
			told++;
		}
	};
	const queue = await open(store, (effects, engine) => {
		for (const { result } of effects) if (result.is !== "accepted") reject(new Error(JSON.stringify(result)));
		const before = accepted;
		accepted += effects.length;
		if (before < count - TAKEN && accepted >= count - TAKEN) last = stopwatch();
		if (accepted >= count) resolve();
		else tell(engine);
	});
	tell(queue.engine);
	await promise;
	const rates = { accepted: all(count), lastAccepted: last(TAKEN) };
	globalThis.gc?.();
	const { heapUsed, rss } = process.memoryUsage();
	await queue.close();
	return { ...rates, heapUsed, rss };
}

/** @returns how long the start took, and how fast so many calls were given out and settled then */
async function drain(store, count) {
	let settled = 0;
	let ask = 0;
	const { promise, resolve, reject } = withResolvers();
	const startedMs = performance.now();
	const queue = await open(store, (effects, engine) => {
		const tell = (event) => {
			if (!engine.take(event)) reject(new Error("the engine takes no more"));
		};
		for (const effect of effects) {
			const { type, n, token } = effect;
			if (type === "answer") {
				if (effect.result.is === "recorded") settled++;
				else if (effect.result.is !== "pulling") reject(new Error(JSON.stringify(effect.result)));
			} else if (type === "deliver" && settled < count) {
				tell({ type: "taken", n, token });
				tell({ type: "settle", ask: ++ask, from: WORKER, n, token, outcome: REPLY });
			}
		}
		if (settled >= count) resolve();
	});
	const startMs = performance.now() - startedMs;
	const rate = stopwatch();
	for (let i = 0; i < INSTANCES; i++) {
		const pull = {
			service: "words",
			instance: `w${i}`,
			node: `${WORKER}/${i}`,
			version: "1.0.0",
			credit: CREDIT / INSTANCES,
		};
		queue.engine.take({ type: "pull", ask: ++ask, ...pull, session: "s", number: 1, inbox: "memory", held: [] });
	}
	await promise;
	const drained = rate(settled);
	await queue.close();
	return { startMs, drained };
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers() {
	let parts;
	const promise = new Promise((resolve, reject) => {
		parts = { resolve, reject };
	});
	return { promise, ...parts };
}

// So that the first calls are not those that find the code cold.
const warm = memoryStore();
await fill(warm, WARM_UP);
await drain(warm, WARM_UP);

const store =
	kind === "memory"
		? memoryStore({ maxBytes: 8 * GIB, defer: setImmediate })
		: lmdbStore(folder, { maxBytes: 8 * GIB });
const filled = await fill(store, depth);
const drained = await drain(store, TAKEN);
const { heapUsed, rss, ...rates } = filled;
const mb = (bytes) => bytes / 2 ** 20;
console.log(
	JSON.stringify({ journal: kind, calls: depth, ...rates, ...drained, heapMb: mb(heapUsed), rssMb: mb(rss) }),
);
