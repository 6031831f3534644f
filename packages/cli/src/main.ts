import { EXIT_STATUS } from "./exit-status.js";
import { run } from "./program.js";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	// Whoever reads the output may stop reading (`antiphon ls | head -1`). That ends the command as SIGPIPE would, in order.
	if (error.code === "EPIPE") return void process.emit("SIGTERM");
	process.exitCode = EXIT_STATUS.failed;
	process.stderr.write(`antiphon: the output cannot be written: ${error.message}\n`);
});
// There is nowhere left to say it.
process.stderr.on("error", () => {});

await run(process.argv.slice(2));
