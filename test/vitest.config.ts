import { defineConfig } from "vitest/config";

const suite = (name: string, include: string[]) => ({
	test: {
		name,
		include,
		root: "..",
		environment: "node",
		testTimeout: 20_000,
		hookTimeout: 30_000,
		setupFiles: ["test/kit/src/leak-check.ts"],
	},
});

export default defineConfig({
	test: {
		// A process for each file: what a test leaves behind is seen there, and dies with it.
		pool: "forks",
		projects: [
			suite("unit", ["packages/*/src/**/*.test.ts", "services/*/src/**/*.test.ts", "test/kit/src/**/*.test.ts"]),
			suite("conformance", ["test/conformance/**/*.test.ts"]),
			suite("fuzz", ["test/fuzz/**/*.test.ts"]),
			suite("e2e", ["test/e2e/**/*.test.ts"]),
			suite("interop", ["test/interop/**/*.test.ts"]),
		],
	},
});
