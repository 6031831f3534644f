import { parseElement, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { NS } from "../namespaces.js";
import { DURATION_BUCKETS } from "./durations.js";
import {
	decodeReport,
	decodeReportRequest,
	decodeStatistics,
	decodeStatisticsRequest,
	encodeReport,
	encodeReportRequest,
	encodeStatistics,
	encodeStatisticsRequest,
	type FunctionReport,
	MAX_STATISTICS_LINES,
	type Statistics,
	type TimedNumbers,
} from "./statistics.js";

const overTheWire = (element: Parameters<typeof serialize>[0]) => parseElement(serialize(element));
const read = (text: string) => parseElement(text.replace(/^<(\w+)/, `<$1 xmlns='${NS.stats}'`));
const failing = (code: string) => expect.objectContaining({ code });

const durations = new Array<number>(DURATION_BUCKETS).fill(0).with(3, 7);
const idle: TimedNumbers = {
	calls: 0,
	errors: 0,
	running: 0,
	lastError: undefined,
	p50Ms: undefined,
	p95Ms: undefined,
};

describe("a provider's report", () => {
	it("survives the wire", () => {
		const reports: FunctionReport[] = [
			{
				fn: "define",
				calls: 12,
				errors: 2,
				running: 1,
				lastError: { code: "fault", message: "a < b", agoMs: 90 },
				durations,
			},
			{ fn: "learn", calls: 0, errors: 0, running: 0, lastError: undefined, durations: durations.map(() => 0) },
		];
		expect(decodeReport(overTheWire(encodeReport(reports)))).toEqual(reports);
		const asked = { service: "dictionary", instance: "worker-7", fn: undefined };
		expect(decodeReportRequest(overTheWire(encodeReportRequest(asked)))).toEqual(asked);
		expect(decodeReportRequest(encodeReportRequest({ ...asked, fn: "define" })).fn).toBe("define");
	});

	it("cuts what an error says, makes it legible, and takes a code that is new to it for internal", () => {
		const long = { code: "fault" as const, message: "x".repeat(1_000), agoMs: 1.4 };
		const element = encodeReport([{ fn: "f", calls: 1, errors: 1, running: 0, lastError: long, durations }]);
		expect(element.child()?.child("error")?.text()).toHaveLength(200);
		const text =
			"<report><function name='f' calls='1' errors='1' running='0'><error code='new' ago='1'/></function></report>";
		expect(decodeReport(read(text))[0]?.lastError).toEqual({ code: "internal", message: "", agoMs: 1 });
	});

	it.each([
		"<stats/>",
		"<report><function calls='1' errors='0' running='0'/></report>",
		"<report><function name='a.b' calls='1' errors='0' running='0'/></report>",
		"<report><function name='f' calls='-1' errors='0' running='0'/></report>",
		"<report><function name='f' calls='1' errors='0'/></report>",
		"<report><function name='f' calls='1' errors='0' running='0'><durations>x</durations></function></report>",
		"<report><function name='f' calls='1' errors='0' running='0'><error code='fault'/></function></report>",
	])("is refused when it is %.100s", (text) => {
		expect(() => decodeReport(read(text))).toThrow(failing("protocol"));
	});

	it("is refused when it has more functions than a service may", () => {
		const line = read("<function name='f' calls='1' errors='0' running='0'/>");
		const report = (lines: number) => xml("report", NS.stats, {}, ...new Array(lines).fill(line));
		expect(decodeReport(report(4096))).toHaveLength(4096);
		expect(() => decodeReport(report(4097))).toThrow(failing("protocol"));
	});

	it("is asked of an instance by name", () => {
		for (const text of ["<report/>", "<report service='a'/>", "<report service='a' instance='b' fn='c.d'/>"]) {
			expect(() => decodeReportRequest(read(text))).toThrow(failing("invalid-argument"));
		}
		expect(() => decodeReport(undefined)).toThrow(failing("protocol"));
	});
});

describe("the statistics of a domain", () => {
	const statistics: Statistics = {
		...idle,
		calls: 12,
		p50Ms: 1.19,
		p95Ms: 10_700,
		functions: [
			{
				...idle,
				name: "dictionary.define",
				lastError: { code: "internal", message: "internal error", agoMs: 5 },
				instances: [{ ...idle, instance: "worker-7", p50Ms: 0.0917 }],
			},
		],
		silent: [{ service: "dictionary", instance: "worker-8", code: "deadline-exceeded", message: "no answer" }],
	};

	it("survive the wire, with percentiles of three digits", () => {
		expect(decodeStatistics(overTheWire(encodeStatistics(statistics)))).toEqual(statistics);
		const element = encodeStatistics({ ...statistics, p50Ms: 1.189207, p95Ms: 88_123 });
		expect([element.attr("p50"), element.attr("p95")]).toEqual(["1.19", "88100"]);
		for (const asked of [
			{ service: undefined, fn: undefined, instance: undefined },
			{ service: "dictionary", fn: "define", instance: "worker-7" },
		]) {
			expect(decodeStatisticsRequest(overTheWire(encodeStatisticsRequest(asked)))).toEqual(asked);
		}
	});

	it("are too large above a number of lines, with a word on what to do", () => {
		const instances = Array.from({ length: MAX_STATISTICS_LINES }, (_, i) => ({ ...idle, instance: `i${i}` }));
		const many = { ...idle, silent: [], functions: [{ ...idle, name: "a.b", instances }] };
		expect(() => encodeStatistics(many)).toThrow(/name a service, a function or an instance/);
	});

	it.each(["<stats fn='define'/>", "<stats service='A'/>", "<stats service='a' fn='a.b'/>", "<stats instance=''/>"])(
		"are not asked with %s",
		(text) => {
			expect(() => decodeStatisticsRequest(read(text))).toThrow(failing("invalid-argument"));
		},
	);

	it.each([
		"<nodes/>",
		"<stats/>",
		"<stats calls='1' errors='0' running='0' p50='soon'/>",
		"<stats calls='1' errors='0' running='0'><function name='a' calls='1' errors='0' running='0'/></stats>",
		"<stats calls='1' errors='0' running='0'><silent service='a' code='fault'/></stats>",
	])("are not read from %s", (text) => {
		expect(() => decodeStatistics(read(text))).toThrow(failing("protocol"));
	});

	it("stand in their own namespace", () => {
		expect(() => decodeStatistics(xml("stats", NS.registry))).toThrow(failing("protocol"));
	});
});
