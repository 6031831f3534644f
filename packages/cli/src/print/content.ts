import { isUint8Array } from "node:util/types";
import {
	type CallContent,
	type CallContentName,
	decodeBody,
	decodeFaultAlone,
	escaped,
	parseEncoding,
} from "@antiphon/protocol";
import { BusError } from "antiphon";
import { errorJson, errorLines } from "./error.js";
import { oneLine } from "./printable.js";

/** What is in a call, or came of it; a BusError: why that is not to be had. */
export type Found = CallContent | BusError;

/** For people: the value as indented JSON, in which nothing moves the cursor. */
export function contentLines(of: CallContentName, found: Found): string[] {
	if (found instanceof BusError) return [`${of}: ${oneLine(found.message)}`];
	const read = readContent(found);
	if ("error" in read) return errorLines(read.error, true).map((line, i) => (i === 0 ? `${of}: ${line}` : line));
	const { encoding } = read;
	if ("problem" in read) return [`${of}, which cannot be read: ${oneLine(read.problem)}`, oneLine(read.text)];
	if (read.value === undefined) return [`${of}: none`];
	return [`${of}, ${encoding}:`, escaped(JSON.stringify(read.value, asJson, 2))];
}

/** `null`: it is not to be had. */
export function contentJson(found: Found): unknown {
	if (found instanceof BusError) return null;
	const read = readContent(found);
	return "error" in read ? errorJson(read.error) : JSON.parse(JSON.stringify(read, asJson));
}

type Read =
	| { readonly encoding: string; readonly value: unknown }
	/** Its provider could not read it either. */
	| { readonly encoding: string | undefined; readonly text: string; readonly problem: string }
	| { readonly error: BusError };

function readContent({ element }: CallContent): Read {
	if (element.name === "fault") return { error: decodeFaultAlone(element) };
	const encoding = element.attr("enc");
	try {
		const known = parseEncoding(encoding);
		return { encoding: known, value: decodeBody(element, known) };
	} catch (thrown) {
		return { encoding, text: element.text(), problem: BusError.from(thrown).message };
	}
}

/** JSON has no bytes. What makes text of them itself has done so before it is asked. */
function asJson(this: unknown, key: string, value: unknown): unknown {
	const original = (this as Readonly<Record<string, unknown>>)[key];
	return isUint8Array(original) ? { base64: Buffer.from(original).toString("base64") } : value;
}
