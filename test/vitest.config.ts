import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const LEAK_CHECK = fileURLToPath(new URL("kit/src/leak-check.ts", import.meta.url));

const suite = (name: string, include: string[], isolate: boolean) => ({
	test: {
		name,
		include,
		root: "..",
		environment: "node",
		testTimeout: 20_000,
		hookTimeout: 30_000,
		setupFiles: [LEAK_CHECK],
		isolate,
		server: { deps: { external: [/\/(bundle|dist)\//] } },
	},
});

/** Files that wait for servers and deadlines first: those that compute fill the gaps, and no long one is left for the end. */
class WaitingFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const waits = ({ moduleId }: TestSpecification) => /\/test\/(e2e|interop|kit)\//.test(moduleId);
		const sorted = await super.sort(files);
		return [...sorted.filter(waits), ...sorted.filter((file) => !waits(file))];
	}
}

export default defineConfig({
	test: {
		pool: "forks",
		// Most of the time is spent waiting: for servers, for deadlines.
		maxWorkers: 4,
		sequence: { sequencer: WaitingFirst },
		projects: [
			// To start a process for each of these small files would cost more than to run them.
			suite(
				"unit",
				["packages/*/src/**/*.test.ts", "services/*/src/**/*.test.ts", "test/{kit,sim,chaos}/src/**/*.test.ts"],
				false,
			),
			suite("conformance", ["test/conformance/**/*.test.ts"], false),
			suite("fuzz", ["test/fuzz/**/*.test.ts"], false),
			// A process for each file: what a test leaves behind is seen there, and dies with it.
			suite("e2e", ["test/e2e/**/*.test.ts"], true),
			suite("interop", ["test/interop/**/*.test.ts"], true),
		],
	},
});
