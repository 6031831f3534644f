import { availableParallelism, cpus, loadavg } from "node:os";

/** What the numbers were measured on. `load` is the average of the last minute before the start. */
export function machine() {
	return {
		node: process.version,
		platform: `${process.platform} ${process.arch}`,
		cpus: availableParallelism(),
		cpu: cpus()[0]?.model ?? "unknown",
		load: Number((loadavg()[0] ?? 0).toFixed(2)),
	};
}
