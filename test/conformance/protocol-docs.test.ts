import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe as describeService, type RetrySpec, service, set } from "@antiphon/contract";
import {
	BUS_ERROR_CODES,
	BusError,
	CALL_LISTS,
	capabilityHash,
	DURABLE_DELIVERIES,
	decodeBody,
	decodeCallHead,
	decodeDiscoInfo,
	decodeDiscoItems,
	decodeDrain,
	decodeDrained,
	decodeFault,
	decodeFree,
	decodeFreed,
	decodeGrant,
	decodeHosting,
	decodeInstanceName,
	decodeNames,
	decodeNamesRequest,
	decodeNodes,
	decodePageEnd,
	decodePageRequest,
	decodeRegister,
	decodeRenew,
	decodeRenewed,
	decodeReply,
	decodeReport,
	decodeReportRequest,
	decodeResolution,
	decodeResolve,
	decodeStanzaError,
	decodeStatistics,
	decodeStatisticsRequest,
	durationAt,
	ENCODINGS,
	encodeFault,
	type FunctionReport,
	INBOX_KINDS,
	isBusErrorCode,
	isFaultName,
	isQualifiedName,
	isStanza,
	isVersion,
	MAX_ERROR_TEXT_CHARS,
	MAX_HELD,
	MAX_ITEMS,
	MAX_NAME_CHARS,
	MAX_PAYLOAD_CHARS,
	MAX_PAYLOAD_DEPTH,
	MAX_PAYLOAD_ITEMS,
	MAX_TTL_MS,
	NS,
	OPEN_STATES,
	parseEncoding,
	STANZA_CONDITIONS,
	type StanzaCondition,
} from "@antiphon/protocol";
import { type Element, parseElement } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { DELIVERY_CODECS, type DeliveryCodec } from "./delivery-vectors.js";
import { QUEUE_CODECS } from "./queue-vectors.js";
import { normalXml } from "./vector-values.js";

/** The specification, held to the code: every example is read, every table is compared. */
const text = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
const XSD = "http://www.w3.org/2001/XMLSchema";

/** Stanzas stand in the specification as inside a stream, in the namespace of its content. */
const examples = [...text.matchAll(/^(?:Example (\d+)\. ([^\n]+)\n\n)?```xml\n(.*?)```$/gms)].map(
	([, number, title, xml]) => {
		const root = parseElement(`<stream xmlns='jabber:client'>${xml?.trim()}</stream>`).child() as Element;
		return { title: title === undefined ? "(no title)" : `${number}. ${title}`, root };
	},
);
const stanzas = examples.filter(({ root }) => isStanza(root));

describe("the examples", () => {
	it.each(stanzas)("$title", ({ root }) => {
		if (root.name === "iq") expect(root.attr("id")).toBeTruthy();
		expect(root.attr("to")).toBeTruthy();
		const [payload, ...others] = root.elements();
		expect(others).toEqual([]);
		expect(read(root, payload as Element)).toBe("understood");
	});

	it("are all there, numbered from 1", () => {
		const numbers = [...text.matchAll(/^Example (\d+)\./gm)].map(([, number]) => Number(number));
		expect(numbers).toEqual(numbers.map((_, index) => index + 1));
		expect(numbers.length).toBeGreaterThan(15);
		expect(stanzas.length).toBeGreaterThanOrEqual(numbers.length);
		expect(text.match(/```xml/g)).toHaveLength(examples.length);
	});

	it("say the same of every contract, whose fingerprint is made as described", () => {
		const contracts = stanzas
			.flatMap(({ root }) => root.elements("contract", NS.contract))
			.filter((c) => c.text() !== "");
		const forms = stanzas
			.flatMap(({ root }) => root.elements("query", NS.discoInfo))
			.flatMap((q) => decodeDiscoInfo(q).forms);
		expect(contracts).toHaveLength(1);
		expect(forms).toHaveLength(1);
		const [contract, form] = [contracts[0] as Element, forms[0]];
		const described = decodeBody(contract, "json") as Described;
		expect(described.fingerprint).toBe(fingerprintAsDescribed(described));
		expect(contract.attr("fingerprint")).toBe(described.fingerprint);
		expect(contract.attr("service")).toBe(described.service);
		const { kind, delivery, summary, faults } = described.functions["define"] as Described["functions"][string];
		expect(form).toEqual({
			formType: NS.contract,
			fields: {
				service: [described.service],
				version: [described.version],
				fingerprint: [described.fingerprint],
				function: ["define"],
				kind: [kind],
				delivery: [delivery],
				summary: [summary],
				faults: Object.keys(faults),
			},
		});
	});
});

describe("the tables", () => {
	it("of codes are what an error is encoded to", () => {
		const rows = tableAfter("### 5.1", "code", "condition", "type", "usual executed");
		expect(rows.map(([code]) => code)).toEqual([...BUS_ERROR_CODES]);
		for (const [code = "", condition, type, executed] of rows) {
			if (!isBusErrorCode(code)) return expect.fail(`${code} is no code`);
			const error = new BusError(code, "x");
			const encoded = encodeFault(error, "json");
			expect({ code, condition: encoded.condition, type: encoded.type, executed: error.executed }).toEqual({
				code,
				condition,
				type,
				executed,
			});
		}
	});

	it("of conditions are what an error without <fault/> is decoded to", () => {
		const rows = tableAfter("### 5.2", "condition", "code", "executed");
		expect(rows.map(([condition]) => condition).sort()).toEqual([...STANZA_CONDITIONS].sort());
		for (const [condition, code, executed] of rows) {
			const error = decodeFault({ condition: condition as StanzaCondition, type: "cancel" });
			expect({ condition, code: error.code, executed: error.executed }).toEqual({ condition, code, executed });
		}
	});

	it("of limits have the numbers of the code", () => {
		const limits = tableAfter("## 8. Limits", "what", "limit", "over it").map(([, limit]) =>
			Number.parseInt(limit ?? "", 10),
		);
		expect(limits).toEqual([
			MAX_PAYLOAD_DEPTH,
			MAX_PAYLOAD_ITEMS,
			MAX_PAYLOAD_CHARS,
			MAX_TTL_MS,
			MAX_NAME_CHARS,
			512,
			MAX_ERROR_TEXT_CHARS,
		]);
	});
});

describe("the contract of a durable function", () => {
	const faults = { busy: z.null(), full: z.null() };
	const described = (retry: RetrySpec<"busy" | "full">) =>
		describeService(service("a", "1.0.0", { f: set({ delivery: "at-least-once", faults, retry }) }));

	it("has the fingerprint that is described", () => {
		const contract = described({ attempts: 3, faults: ["full", "busy"] });
		expect(contract.fingerprint).toBe(fingerprintAsDescribed(contract as unknown as Described));
		const others = JSON.parse(JSON.stringify(contract).replace('["busy","full"]', '["full","busy"]'));
		expect(fingerprintAsDescribed(others)).toBe(contract.fingerprint);
	});

	it("has the members, and where it states none the numbers, that the table has", () => {
		const rows = tableAfter("## 6. Discovery", "member of `retry`", "meaning", "without `retry`");
		const { faults: names, ...numbers } = described({}).functions["f"]?.retry ?? { faults: ["none"] };
		const stated = Object.entries(numbers).map(([name, value]) => [name, String(value)]);
		expect(names).toEqual([]);
		expect(rows.map(([name, , value]) => [name, value])).toEqual([...stated, ["faults", "none"]]);
		const attempts = Number(/1 to (\d+)/.exec(rows[0]?.[1] ?? "")?.[1]);
		expect(() => described({ attempts })).not.toThrow();
		expect(() => described({ attempts: attempts + 1 })).toThrow(TypeError);
	});
});

describe("the schema", () => {
	const schemas = examples.filter(({ root }) => root.is("schema", XSD)).map(({ root }) => root);
	const types = schemas.flatMap((schema) => schema.elements("simpleType", XSD));
	const values = (type: string) =>
		types
			.find((element) => element.attr("name") === type)
			?.child("restriction", XSD)
			?.elements("enumeration", XSD)
			.map((element) => element.attr("value"));

	it.each([
		["functionName", isQualifiedName],
		["version", isVersion],
		["faultName", isFaultName],
	])("has a pattern for %s that takes what the code takes", (type, check) => {
		const restriction = types.find((element) => element.attr("name") === type)?.child("restriction", XSD);
		const pattern = new RegExp(`^(?:${restriction?.child("pattern", XSD)?.attr("value")})$`);
		const parts = [
			"a",
			"a-b",
			"a-",
			"-a",
			"aB",
			"a_",
			"_",
			"0",
			"7",
			"10",
			"01",
			"x".repeat(64),
			"x".repeat(65),
			"1000000000",
		];
		const names = parts.flatMap((a) => [a, ...parts.flatMap((b) => [`${a}.${b}`, `${a}.${b}.0`, `0.${a}.${b}`])]);
		const taken = names.filter((name) => pattern.test(name));
		expect(taken).toEqual(names.filter(check));
		expect(taken.length).toBeGreaterThan(3);
	});

	it.each(schemas.map((schema) => [schema.attr("targetNamespace") as string, schema] as const))(
		"declares the elements and attributes that the examples have in %s, and no others",
		(ns, schema) => {
			const used = stanzas.flatMap(({ root }) => [...descendants(root)]).filter((each) => each.ns === ns);
			const isNamed = (element: Element, kind: string) => element.is(kind, XSD) && element.attr("name") !== undefined;
			const declared = [...descendants(schema)];
			const elements = declared.filter((each) => isNamed(each, "element")).map((each) => each.attr("name"));
			expect(new Set(elements)).toEqual(new Set(used.map(({ name }) => name)));
			const attributes = declared.filter((each) => isNamed(each, "attribute")).map((each) => each.attr("name"));
			const inExamples = used.flatMap((each) => each.attributes.filter((_, i) => i % 2 === 0));
			expect([...new Set(inExamples)].filter((name) => name !== "xmlns" && !attributes.includes(name))).toEqual([]);
		},
	);

	it("is there for every namespace", () => {
		const namespaces = schemas.map((schema) => schema.attr("targetNamespace"));
		expect(namespaces).toEqual([NS.rpc, NS.contract, NS.registry, NS.resolve, NS.delivery, NS.queue, NS.stats]);
	});

	it("lists the codes and encodings of the code", () => {
		expect(values("code")).toEqual([...BUS_ERROR_CODES]);
		expect(values("encoding")).toEqual([...ENCODINGS]);
		expect(values("executed")).toEqual(["no", "yes", "unknown"]);
	});

	it("lists the words of durable calls, and their bounds", () => {
		expect(values("delivery")).toEqual([...DURABLE_DELIVERIES]);
		const schema = schemas.find((each) => each.attr("targetNamespace") === NS.delivery) as Element;
		const declared = [...descendants(schema)];
		const wordsOf = (attribute: string) =>
			declared
				.filter((each) => each.is("attribute", XSD) && each.attr("name") === attribute)
				.map((each) => [...descendants(each)].flatMap((word) => word.attr("value") ?? []))
				.filter((words) => words.length > 0);
		expect(wordsOf("inbox")).toEqual([[...INBOX_KINDS]]);
		expect(wordsOf("state")).toEqual([["known"], [...OPEN_STATES, "settled"]]);
		const queue = schemas.find((each) => each.attr("targetNamespace") === NS.queue) as Element;
		const lists = [...descendants(queue)].find((each) => each.is("attribute", XSD) && each.attr("name") === "list");
		expect([...descendants(lists as Element)].flatMap((word) => word.attr("value") ?? [])).toEqual([...CALL_LISTS]);
		const bounds = new Set(declared.flatMap((each) => each.attr("maxOccurs") ?? []));
		expect(bounds).toEqual(new Set([String(MAX_ITEMS), String(MAX_HELD)]));
	});

	it("allows every attribute of the examples, and requires those that are always there", () => {
		for (const { root } of stanzas) {
			for (const element of [...descendants(root)].filter((each) => each.ns === NS.rpc || each.ns === NS.contract)) {
				const declared = schemas
					.find((schema) => schema.attr("targetNamespace") === element.ns)
					?.elements("element", XSD)
					.find((each) => each.attr("name") === element.name);
				const attributes = [...descendants(declared as Element)].filter((each) => each.is("attribute", XSD));
				const names = attributes.map((each) => each.attr("name"));
				const given = element.attributes.filter((_, index) => index % 2 === 0);
				expect(names).toEqual(expect.arrayContaining([...given]));
				const required = attributes.filter((each) => each.attr("use") === "required").map((each) => each.attr("name"));
				expect(given).toEqual(expect.arrayContaining(required));
			}
		}
	});
});

/** Reads a stanza as its receiver would. */
function read(stanza: Element, payload: Element): "understood" | "not understood" {
	const type = stanza.attr("type");
	if (type === "error") {
		const error = decodeFault(decodeStanzaError(stanza));
		expect(stanza.child("error")?.attr("type")).toBe(decodeStanzaError(stanza).type);
		return error.code === "protocol" ? "not understood" : "understood";
	}
	if (payload.ns === NS.delivery) return readDurable(DELIVERY_CODECS, `${type} ${payload.name}`, payload);
	if (payload.ns === NS.queue) return readDurable(QUEUE_CODECS, `${type} ${payload.name}`, payload);
	switch (`${type} ${payload.ns} ${payload.name}`) {
		case `get ${NS.rpc} call`:
		case `set ${NS.rpc} call`: {
			const head = decodeCallHead(payload);
			expect(decodeBody(payload, head.encoding)).toMatchObject({ word: expect.any(String) });
			return "understood";
		}
		case `result ${NS.rpc} reply`:
			expect(decodeReply(payload)).toMatchObject({ text: expect.any(String) });
			return "understood";
		case `result ${NS.discoInfo} query`: {
			const { identities, features } = decodeDiscoInfo(payload);
			expect(identities).toMatchObject([{ category: "automation", type: "rpc" }]);
			expect(features).toEqual(expect.arrayContaining([NS.rpc, NS.contract]));
			return "understood";
		}
		case `result ${NS.discoItems} query`:
			expect(decodeDiscoItems(payload).length).toBeGreaterThan(0);
			return "understood";
		case `get ${NS.rpc} running`:
		case `headline ${NS.rpc} cancel`:
			expect(payload.attr("id")).toBe(stanzas[0]?.root.attr("id"));
			expect(stanza.attr("to")).toBe(stanzas[0]?.root.attr("to"));
			return "understood";
		case `headline ${NS.registry} restarted`:
			return "understood";
		case `headline ${NS.registry} hosting`:
			expect(decodeHosting(payload)).toMatchObject({ id: expect.any(String) });
			return "understood";
		case `undefined ${NS.caps} c`: {
			const queries = stanzas.flatMap(({ root }) => root.elements("query", NS.discoInfo));
			const answer = queries.find((each) => each.child("identity") !== undefined) as Element;
			expect(payload.attr("ver")).toBe(capabilityHash(answer));
			expect(queries.map((each) => each.attr("node"))).toContain(`${payload.attr("node")}#${payload.attr("ver")}`);
			return "understood";
		}
		case `get ${NS.discoInfo} query`:
		case `get ${NS.discoItems} query`:
		case `get ${NS.contract} contract`:
			return "understood";
		case `set ${NS.registry} register`:
			expect(decodeRegister(payload)).toMatchObject({ service: "dictionary", labels: { region: "eu" } });
			return "understood";
		case `result ${NS.registry} registered`:
			expect(decodeGrant(payload).access).toHaveLength(2);
			return "understood";
		case `set ${NS.registry} renew`:
			expect(decodeRenew(payload).map(({ state }) => state)).toEqual(["available", "draining"]);
			return "understood";
		case `result ${NS.registry} renewed`:
			expect(decodeRenewed(payload)).toEqual([{ service: "billing", instance: "worker-7" }]);
			return "understood";
		case `set ${NS.registry} deregister`:
			expect(decodeInstanceName(payload).service).toBe("dictionary");
			return "understood";
		case `get ${NS.resolve} resolve`:
			expect(decodeResolve(payload)).toEqual({ version: "1.0.0", watchMs: 60_000 });
			return "understood";
		case `result ${NS.resolve} instances`:
			expect(decodeResolution(payload)).toMatchObject(
				payload.attr("settling") === undefined
					? { known: true, instances: [{ name: "worker-7" }] }
					: { known: true, instances: [], settlingMs: 4_200 },
			);
			return "understood";
		case `get ${NS.stats} nodes`:
			expect(decodePageRequest(payload)).toBeUndefined();
			return "understood";
		case `result ${NS.stats} nodes`:
			expect(decodeNodes(payload)).toMatchObject([{ name: "worker-7", heardMs: 1_200 }]);
			expect(decodePageEnd(payload, 1)).toEqual({ last: "dictionary/worker-7", isEnd: true });
			return "understood";
		case `get ${NS.stats} stats`:
			expect(decodeStatisticsRequest(payload)).toMatchObject({ service: "dictionary" });
			return "understood";
		case `result ${NS.stats} stats`: {
			const { functions, silent, p50Ms, p95Ms } = decodeStatistics(payload);
			expect(silent).toMatchObject([{ instance: "worker-8", code: "deadline-exceeded" }]);
			// What the durations in the report come to.
			const [reported] = stanzas.flatMap(({ root }) => root.elements("report", NS.stats)).slice(-1);
			const [{ fn: _, durations, ...counts }] = decodeReport(reported) as [FunctionReport];
			const exact = [durationAt(0.5, durations), durationAt(0.95, durations)];
			expect([p50Ms, p95Ms]).toEqual(exact.map((ms) => Number(ms?.toPrecision(3))));
			expect(functions[0]?.instances[0]).toMatchObject({ ...counts, instance: "worker-7" });
			return "understood";
		}
		case `get ${NS.stats} report`:
			expect(decodeReportRequest(payload)).toMatchObject({ service: "dictionary", instance: "worker-7" });
			return "understood";
		case `result ${NS.stats} report`:
			expect(decodeReport(payload)).toMatchObject([{ fn: "define", calls: 12 }]);
			return "understood";
		case `set ${NS.stats} drain`:
			expect(decodeDrain(payload).instance).toBe("worker-7");
			return "understood";
		case `result ${NS.stats} drained`:
			expect(decodeDrained(payload).map(({ failure }) => failure?.code)).toEqual([undefined, "deadline-exceeded"]);
			return "understood";
		case `get ${NS.stats} names`:
			expect(decodeNamesRequest(payload)).toBeUndefined();
			return "understood";
		case `result ${NS.stats} names`:
			expect(decodeNames(payload).map(({ unusedMs }) => unusedMs)).toEqual([undefined, 0, 259_200_000]);
			expect(decodePageEnd(payload, 3)).toEqual({ last: "lab-1", isEnd: true });
			return "understood";
		case `set ${NS.stats} free`:
			expect(decodeFree(payload)).toBe("lab-1");
			return "understood";
		case `result ${NS.stats} freed`:
			expect(decodeFreed(payload)).toEqual({ service: "lab-1", owner: "robot@example.org" });
			return "understood";
		case `result ${NS.contract} contract`:
			decodeBody(payload, parseEncoding(payload.attr("enc")));
			return "understood";
		default:
			return "not understood";
	}
}

/** What is read of a list, and written again, is what stands there, with nothing passed over and no item refused. */
function readDurable(
	codecs: Readonly<Record<string, DeliveryCodec>>,
	name: string,
	payload: Element,
): "understood" | "not understood" {
	const codec = codecs[name];
	if (codec === undefined) return "not understood";
	expect(normalXml(codec.encode(codec.decode(payload) as never))).toBe(normalXml(withoutLayout(payload)));
	return "understood";
}

/** Without the white space between elements. */
function withoutLayout(element: Element): Element {
	const children = element.elements();
	return children.length === 0 ? element : element.withChildren(...children.map(withoutLayout));
}

interface Described {
	readonly service: string;
	readonly version: string;
	readonly fingerprint: string;
	readonly functions: Record<
		string,
		{
			kind: string;
			delivery: string;
			retry?: { faults: readonly string[] };
			summary: string;
			input: unknown;
			output: unknown;
			faults: object;
		}
	>;
}

/** Section 6, done from its words alone. */
function fingerprintAsDescribed({ service, version, functions }: Described): string {
	const demands = Object.entries(functions).map(([name, { kind, delivery, retry, input, output, faults }]) => [
		name,
		{
			...{ kind, delivery, input: demandsOf(input), output: demandsOf(output), faults: demandsOf(faults) },
			...(retry && { retry: { ...retry, faults: [...retry.faults].sort() } }),
		},
	]);
	const text = canonical({ service, version, functions: Object.fromEntries(demands) });
	return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

/** For the schemas in the examples: a property of theirs is never called like a keyword for people. */
function demandsOf(schema: unknown): unknown {
	return JSON.parse(JSON.stringify(schema), (key, value) => {
		if (["title", "description", "examples", "default", "$comment", "deprecated"].includes(key)) return undefined;
		return key === "required" ? value.sort() : value;
	});
}

function canonical(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	const keys = Object.keys(value).sort();
	return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join(",")}}`;
}

/** The rows of the first table behind a heading that has these columns first, without the marks of code. */
function tableAfter(heading: string, ...columns: string[]): string[][] {
	const header = `| ${columns.join(" | ")} |`;
	const from = text.indexOf(header.slice(0, -1), text.indexOf(`\n${heading}`));
	expect(from).toBeGreaterThan(0);
	const lines = text.slice(from).split("\n");
	const end = lines.findIndex((line) => !line.startsWith("|"));
	return lines.slice(2, end).map((line) =>
		line
			.split("|")
			.slice(1, -1)
			.map((cell) => cell.trim().replaceAll("`", "")),
	);
}

function* descendants(element: Element): Generator<Element> {
	for (const child of element.elements()) {
		yield child;
		yield* descendants(child);
	}
}
