import { compileFunction } from "node:vm";
import { get, type Service, service, set } from "antiphon";
import { z } from "zod";

/** Runs a generated file as it is after its types are gone. @returns what it exports, by name */
export function load(text: string): Record<string, Service> {
	const code = text
		.replaceAll(/^import .*$/gm, "")
		.replaceAll(/^export const (\w+) =/gm, "exported.$1 =")
		.replaceAll("(): z.ZodType =>", "() =>");
	const exported: Record<string, Service> = {};
	compileFunction(code, ["z", "service", "get", "set", "exported"])(z, service, get, set, exported);
	return exported;
}

/** The code of a file without its comments and the contents of its strings: of a stranger's text, names may be left. */
export function bare(text: string): string {
	return text.replaceAll(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[a-zA-Z$:, ]*\*\//g, '""');
}
