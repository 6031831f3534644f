import { type Element, xml } from "@antiphon/xml";
import { BusError, type BusErrorCode } from "../errors.js";
import { isFunctionName, isQualifiedName } from "../names.js";
import { NS } from "../namespaces.js";
import { boundedNumber } from "./attributes.js";
import { type DurationCounts, decodeDurations, encodeDurations } from "./durations.js";
import { codeIn, cutMessage } from "./error-line.js";
import { decodeInstance, decodeInstanceName, decodeService, type InstanceName } from "./registration.js";

/** The last call that ended in an error. */
export interface LastError {
	readonly code: BusErrorCode;
	/** What its caller was told, cut to 200 characters. */
	readonly message: string;
	/** How long ago, in milliseconds. */
	readonly agoMs: number;
}

/** What calls came to. */
export interface CallNumbers {
	/** Those that have ended since the service was registered, whatever they came to. */
	readonly calls: number;
	/** Those of them that ended in an error, a declared fault included. */
	readonly errors: number;
	/** Those that run now. */
	readonly running: number;
	readonly lastError: LastError | undefined;
}

/** A function at one instance, as its provider tells the domain. */
export interface FunctionReport extends CallNumbers {
	/** Its own name, without the service's. */
	readonly fn: string;
	/** Of the last one to two minutes. */
	readonly durations: DurationCounts;
}

/** What the domain asks a provider. */
export interface ReportRequest extends InstanceName {
	/** One function, by its own name in any case. `undefined`: all. */
	readonly fn: string | undefined;
}

/** What an administrator asks the domain: all of it, or what fits. */
export interface StatisticsRequest {
	readonly service: string | undefined;
	/** Its own name, without the service's; only with a service. */
	readonly fn: string | undefined;
	readonly instance: string | undefined;
}

/** The same with percentiles, of the last one to two minutes and in milliseconds. `undefined` when nothing ended then. */
export interface TimedNumbers extends CallNumbers {
	readonly p50Ms: number | undefined;
	readonly p95Ms: number | undefined;
}

export interface FunctionStatistics extends TimedNumbers {
	/** `service.function` */
	readonly name: string;
	readonly instances: readonly (TimedNumbers & { readonly instance: string })[];
}

/** An instance that has not told. */
export interface SilentInstance extends InstanceName {
	readonly code: BusErrorCode;
	readonly message: string;
}

/** What a domain answers: the sum of all, of each function, and what each instance told. */
export interface Statistics extends TimedNumbers {
	readonly functions: readonly FunctionStatistics[];
	readonly silent: readonly SilentInstance[];
}

/** Functions in one report. */
const MAX_REPORTED = 4096;
/** Functions, instances of functions and silent instances in one answer. */
export const MAX_STATISTICS_LINES = 1024;
const MAX_CALLS = 1e15 - 1;

export function encodeReportRequest({ service, instance, fn }: ReportRequest): Element {
	return xml("report", NS.stats, { service, instance, fn });
}

/** @throws BusError `invalid-argument` */
export function decodeReportRequest(element: Element): ReportRequest {
	return { ...decodeInstanceName(element), fn: functionAsked(element) };
}

export function encodeReport(reports: readonly FunctionReport[]): Element {
	const lines = reports.map(({ fn, durations, ...numbers }) => {
		const text = encodeDurations(durations);
		const took = text === "" ? undefined : xml("durations", NS.stats, {}, text);
		return xml("function", NS.stats, { name: fn, ...countsOf(numbers) }, took, errorOf(numbers.lastError));
	});
	return xml("report", NS.stats, {}, ...lines);
}

/** @throws BusError `protocol` */
export function decodeReport(element: Element | undefined): FunctionReport[] {
	return requireAnswer(element, "report", MAX_REPORTED).map((line) => {
		const fn = line.attr("name") ?? "";
		if (!isFunctionName(fn)) throw malformed("<function/> has no name of a function");
		return { fn, ...numbersOf(line), durations: decodeDurations(line.child("durations", NS.stats)?.text() ?? "") };
	});
}

export function encodeStatisticsRequest({ service, fn, instance }: StatisticsRequest): Element {
	return xml("stats", NS.stats, { service, fn, instance });
}

/** @throws BusError `invalid-argument` */
export function decodeStatisticsRequest(element: Element): StatisticsRequest {
	const given = (name: string) => element.attr(name) !== undefined;
	if (given("fn") && !given("service")) throw new BusError("invalid-argument", "fn needs a service");
	return {
		service: given("service") ? decodeService(element) : undefined,
		fn: functionAsked(element),
		instance: given("instance") ? decodeInstance(element) : undefined,
	};
}

/** @throws BusError `too-large` above {@link MAX_STATISTICS_LINES} lines */
export function encodeStatistics(statistics: Statistics): Element {
	const { functions, silent } = statistics;
	const lines = functions.reduce((sum, { instances }) => sum + 1 + instances.length, silent.length);
	if (lines > MAX_STATISTICS_LINES) {
		const message = `that is more than ${MAX_STATISTICS_LINES} lines: name a service, a function or an instance`;
		throw new BusError("too-large", message);
	}
	return xml(
		"stats",
		NS.stats,
		timedOf(statistics),
		errorOf(statistics.lastError),
		...functions.map((each) =>
			xml(
				"function",
				NS.stats,
				{ name: each.name, ...timedOf(each) },
				errorOf(each.lastError),
				...each.instances.map((one) =>
					xml("instance", NS.stats, { name: one.instance, ...timedOf(one) }, errorOf(one.lastError)),
				),
			),
		),
		...silent.map(({ service, instance, code, message }) =>
			xml("silent", NS.stats, { service, instance, code }, cutMessage(message)),
		),
	);
}

/** @throws BusError `protocol` */
export function decodeStatistics(element: Element | undefined): Statistics {
	const lines = requireAnswer(element, "stats", MAX_STATISTICS_LINES);
	const functions = lines.map((line) => {
		const name = line.attr("name") ?? "";
		if (!isQualifiedName(name)) throw malformed("<function/> has no name of a function");
		const instances = atMost(line.elements("instance", NS.stats), MAX_STATISTICS_LINES).map((one) => {
			const instance = one.attr("name");
			if (!instance) throw malformed("<instance/> has no name");
			return { instance, ...timedNumbersOf(one) };
		});
		return { name, ...timedNumbersOf(line), instances };
	});
	const silent = atMost((element as Element).elements("silent", NS.stats), MAX_STATISTICS_LINES).map((line) => ({
		...decodeInstanceName(line, "protocol"),
		code: codeIn(line),
		message: cutMessage(line.text()),
	}));
	return { ...timedNumbersOf(element as Element), functions, silent };
}

function functionAsked(element: Element): string | undefined {
	const fn = element.attr("fn");
	if (fn === undefined || isFunctionName(fn)) return fn;
	throw new BusError("invalid-argument", "fn must be the name of a function, without that of its service");
}

function requireAnswer(element: Element | undefined, name: string, max: number): Element[] {
	if (element?.is(name, NS.stats)) return atMost(element.elements("function", NS.stats), max);
	throw malformed(`the answer is no <${name}/>`);
}

function atMost(lines: Element[], max: number): Element[] {
	if (lines.length <= max) return lines;
	throw malformed(`the answer has more than ${max} lines`);
}

const countsOf = ({ calls, errors, running }: CallNumbers) => ({
	calls: String(calls),
	errors: String(errors),
	running: String(running),
});

const timedOf = (numbers: TimedNumbers) => ({
	...countsOf(numbers),
	p50: millis(numbers.p50Ms),
	p95: millis(numbers.p95Ms),
});

const millis = (ms: number | undefined) => (ms === undefined ? undefined : String(Number(ms.toPrecision(3))));

function numbersOf(line: Element): CallNumbers {
	const number = (name: string) => boundedNumber(line, name, 0, MAX_CALLS, "protocol");
	const error = line.child("error", NS.stats);
	const lastError = error && {
		code: codeIn(error),
		message: cutMessage(error.text()),
		agoMs: boundedNumber(error, "ago", 0, MAX_CALLS, "protocol"),
	};
	return { calls: number("calls"), errors: number("errors"), running: number("running"), lastError };
}

function timedNumbersOf(line: Element): TimedNumbers {
	return { ...numbersOf(line), p50Ms: millisOf(line, "p50"), p95Ms: millisOf(line, "p95") };
}

function millisOf(line: Element, name: string): number | undefined {
	const text = line.attr(name);
	if (text === undefined) return undefined;
	if (/^\d{1,9}(?:\.\d{1,9})?$/.test(text)) return Number(text);
	throw malformed(`${name} must be milliseconds, such as 1.19`);
}

function errorOf(error: LastError | undefined): Element | undefined {
	if (error === undefined) return undefined;
	return xml("error", NS.stats, { code: error.code, ago: String(Math.round(error.agoMs)) }, cutMessage(error.message));
}

const malformed = (message: string) => new BusError("protocol", message);
