import { run } from "./program.js";

// Whoever reads the output may stop reading (`antiphon ls | head -1`). That ends the command as SIGPIPE would, in order.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.emit("SIGTERM");
});

await run(process.argv.slice(2));
