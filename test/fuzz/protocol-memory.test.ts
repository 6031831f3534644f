import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";

/**
 * Hostile payloads in a thread of its own with a small heap: one that took more than that would end the thread. The
 * payload is made there too, from the code in the table.
 */
const MAX_HEAP_MB = 256;
const TIMEOUT_MS = 30_000;

const protocolUrl = pathToFileURL(createRequire(import.meta.url).resolve("@antiphon/protocol")).href;

function decodeAlone(encoding: "msgpack" | "json", payloadCode: string): Promise<string> {
	const code = `
		const { parentPort } = require("node:worker_threads");
		import(${JSON.stringify(protocolUrl)}).then(({ decodePayload }) => {
			const text = (() => { ${payloadCode} })();
			try {
				const value = decodePayload(${JSON.stringify(encoding)}, text);
				parentPort.postMessage(Array.isArray(value) ? "an array of " + value.length : typeof value);
			} catch (error) {
				parentPort.postMessage(error.name + " " + error.code);
			}
		});`;
	const worker = new Worker(code, { eval: true, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
	return new Promise<string>((resolve, reject) => {
		worker.once("message", resolve);
		worker.once("error", reject);
		worker.once("exit", (status) => reject(new Error(`the thread ended with ${status} and said nothing`)));
	}).finally(() => worker.terminate());
}

const list = (hex: string, items: number) =>
	`const head = Buffer.from("dd00000000", "hex"); head.writeUInt32BE(${items}, 1);
	 return Buffer.concat([head, Buffer.alloc(${items} * ${hex.length / 2}, Buffer.from("${hex}", "hex"))]).toString("base64");`;

describe(`in ${MAX_HEAP_MB} MB of heap`, () => {
	it.each([
		["a million nils", list("c0", 999_999), "an array of 999999"],
		["a million empty objects", list("80", 999_999), "an array of 999999"],
		["a million empty arrays", list("90", 999_999), "an array of 999999"],
		["three hundred thousand objects of one key", list("81a16101", 333_333), "an array of 333333"],
		["twelve million nils", list("c0", 12_000_000), "BusError invalid-argument"],
		["twelve million empty objects", list("80", 12_000_000), "BusError invalid-argument"],
		[
			"a count of four thousand million at every level",
			'return Buffer.from("ddffffffff".repeat(60), "hex").toString("base64");',
			"BusError invalid-argument",
		],
		[
			"a count of all that follows at every level",
			'const b = Buffer.alloc(12_000_000, 0xc0); for (let i = 0; i < 63; i++) { b[i * 5] = 0xdd; b.writeUInt32BE(b.length - i * 5 - 5, i * 5 + 1); } return b.toString("base64");',
			"BusError invalid-argument",
		],
		[
			"a string of four GiB",
			'return Buffer.from("dbffffffff00", "hex").toString("base64");',
			"BusError invalid-argument",
		],
		["ten million levels", 'return Buffer.alloc(10_000_002, 0x91).toString("base64");', "BusError invalid-argument"],
		[
			"twelve megabytes of bytes",
			'const b = Buffer.alloc(12_000_000); b[0] = 0xc6; b.writeUInt32BE(b.length - 5, 1); return b.toString("base64");',
			"object",
		],
		["a gigabyte of base64", 'return "A".repeat(500_000_000);', "BusError too-large"],
	])(
		"msgpack of %s",
		async (_, payload, outcome) => {
			expect(await decodeAlone("msgpack", payload)).toBe(outcome);
		},
		TIMEOUT_MS,
	);

	it.each([
		["a million numbers", 'return "[" + "0,".repeat(999_998) + "0]";', "an array of 999999"],
		["a million empty objects", 'return "[" + "{},".repeat(999_998) + "{}]";', "an array of 999999"],
		[
			"three hundred thousand objects of one key",
			`return "[" + '{"a":1},'.repeat(333_332) + '{"a":1}]';`,
			"an array of 333333",
		],
		["eight million numbers", 'return "[" + "0,".repeat(8_000_000) + "0]";', "BusError invalid-argument"],
		["sixteen million levels", 'return "[".repeat(16_000_000);', "BusError invalid-argument"],
		["sixteen million backslashes", String.raw`return '"' + "\\".repeat(16_000_000);`, "BusError invalid-argument"],
		["sixteen million quotes", `return '"'.repeat(16_000_000);`, "BusError invalid-argument"],
		["one string of sixteen million characters", `return '"' + "a".repeat(16_000_000) + '"';`, "string"],
	])(
		"JSON of %s",
		async (_, payload, outcome) => {
			expect(await decodeAlone("json", payload)).toBe(outcome);
		},
		TIMEOUT_MS,
	);
});
