import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const LEAK_CHECK = fileURLToPath(new URL("kit/src/leak-check.ts", import.meta.url));

const suite = (name: string, include: string[]) => ({
	test: {
		name,
		include,
		root: "..",
		environment: "node",
		testTimeout: 20_000,
		hookTimeout: 30_000,
		setupFiles: [LEAK_CHECK],
	},
});

export default defineConfig({
	test: {
		// A process for each file: what a test leaves behind is seen there, and dies with it.
		pool: "forks",
		// Most of the time is spent waiting: for servers, for deadlines.
		maxWorkers: 3,
		projects: [
			suite("unit", ["packages/*/src/**/*.test.ts", "services/*/src/**/*.test.ts", "test/kit/src/**/*.test.ts"]),
			suite("conformance", ["test/conformance/**/*.test.ts"]),
			suite("fuzz", ["test/fuzz/**/*.test.ts"]),
			suite("e2e", ["test/e2e/**/*.test.ts"]),
			suite("interop", ["test/interop/**/*.test.ts"]),
		],
	},
});
