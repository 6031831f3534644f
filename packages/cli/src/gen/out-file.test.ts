import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../command-error.js";
import { MARK } from "./contract-file.js";
import { requireOverwritable, writeOut } from "./out-file.js";

let folder: string;
let path: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "antiphon-out-"));
	path = join(folder, "contracts.ts");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the file that is written to", () => {
	it.each([
		["is not there", undefined],
		["is empty", ""],
		["was generated", `${MARK} from fn.localhost.\n`],
	])("may be written when it %s", (_, text) => {
		if (text !== undefined) writeFileSync(path, text);
		requireOverwritable(path, false);
		writeOut(path, "new");
		expect(readFileSync(path, "utf8")).toBe("new");
	});

	it.each([
		["is somebody's", "export const mine = 1;\n"],
		["only mentions the header", `// like\n${MARK}\n`],
	])("is refused when it %s, unless forced", (_, text) => {
		writeFileSync(path, text);
		expect(() => requireOverwritable(path, false)).toThrow(UsageError);
		expect(() => requireOverwritable(path, true)).not.toThrow();
	});

	it("is refused when it is a folder, forced or not", () => {
		expect(() => requireOverwritable(folder, true)).toThrow(UsageError);
	});

	it("is refused when its folder is not there", () => {
		expect(() => writeOut(join(folder, "none", "a.ts"), "new")).toThrow(UsageError);
	});
});
