import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { livingGroups } from "./child-registry.js";
import { freePort } from "./free-port.js";
import { runChild, startChild } from "./process.js";
import { tempDir } from "./temp-dir.js";

const node = (script: string) => ({ command: process.execPath, args: ["-e", script] });

describe("A child process of the kit", () => {
	it("gives its output, its exit code and what it was given as input", async () => {
		const script =
			"process.stdin.on('data', (d) => { console.log('in ' + d); console.error('err'); process.exitCode = 3 })";
		const finished = await runChild({ ...node(script), input: "hello", limitMs: 20_000 });
		expect(finished).toEqual({ code: 3, signal: null, stdout: "in hello\n", stderr: "err\n" });
	});

	it("ends on SIGTERM, or on SIGKILL when it does not listen, together with its own children", async () => {
		const deaf = startChild(
			node(`process.on("SIGTERM", () => {});
				const child = require("node:child_process").spawn("sleep", ["600"]);
				console.log(child.pid); setInterval(() => {}, 1000)`),
		);
		await deaf.waitUntil("a grandchild", () => /^\d+\n/.test(deaf.stdout()), 20_000);
		const grandchild = Number(deaf.stdout());
		expect(isAlive(grandchild)).toBe(true);
		expect(livingGroups()).toContain(deaf.pid);
		expect(await deaf.end(50)).toEqual({ code: null, signal: "SIGKILL" });
		expect(livingGroups()).not.toContain(deaf.pid);
		await expect.poll(() => isAlive(grandchild), { timeout: 10_000 }).toBe(false);
		expect(await deaf.end()).toEqual({ code: null, signal: "SIGKILL" });
	});

	it("is ended by SIGTERM also while it is stopped", async () => {
		const child = startChild({ command: "sleep", args: ["600"] });
		child.signal("SIGSTOP");
		expect(await child.end(60_000)).toEqual({ code: null, signal: "SIGTERM" });
	});

	it("fails a wait at once, with its output, when it ends first or does not exist", async () => {
		const child = startChild(node("console.error('no such file'); process.exit(4)"));
		await expect(child.waitUntil("ready", () => false, 60_000)).rejects.toThrow(
			/ended \(4\) before ready[\s\S]*no such file/,
		);
		const absent = startChild({ command: "no-such-command-here" });
		await expect(absent.waitUntil("ready", () => false, 60_000)).rejects.toThrow(/ended \(127\) before ready/);
	});

	it("fails a wait and a run that take longer than they may", async () => {
		const child = startChild({ command: "sleep", args: ["600"] });
		await expect(child.waitUntil("ready", () => false, 30)).rejects.toThrow("no ready within 30 ms");
		await child.end();
		await expect(runChild({ command: "sleep", args: ["600"], limitMs: 30 })).rejects.toThrow("for more than 30 ms");
	});

	it("keeps only the newest part of a flood of output", async () => {
		const script = "for (let i = 0; i < 20000; i++) console.log('line ' + i)";
		const finished = await runChild({ ...node(script), limitMs: 20_000, maxOutputLength: 1000 });
		expect(finished.stdout.length).toBeLessThan(1100);
		expect(finished.stdout).toMatch(/^\[… older output dropped\][\s\S]*line 19999\n$/);
	});

	it.runIf(process.platform === "linux").each(["SIGKILL", "SIGTERM"] as const)(
		"does not outlive a parent that ends by %s",
		async (signal) => {
			using dir = tempDir("orphan");
			const parent = startChild(
				node(`
				import("${new URL("../dist/index.js", import.meta.url)}").then(({ startChild }) =>
					console.log(startChild({ command: "sleep", args: ["600"], cwd: ${JSON.stringify(dir.path)} }).pid));
				setInterval(() => {}, 1000)`),
			);
			await parent.waitUntil("a child", () => /^\d+\n/.test(parent.stdout()), 20_000);
			const child = Number(parent.stdout());
			// Bound to its parent from the moment on when it is no longer setpriv.
			await expect.poll(() => readFileSync(`/proc/${child}/comm`, "utf8"), { timeout: 10_000 }).toBe("sleep\n");
			parent.signal(signal);
			await parent.exited;
			await expect.poll(() => isAlive(child), { timeout: 10_000 }).toBe(false);
		},
	);
});

describe("A port and a folder of the kit", () => {
	it("gives different ports below the ephemeral range", async () => {
		const ports = await Promise.all([freePort(), freePort(), freePort()]);
		expect(new Set(ports).size).toBe(3);
		for (const port of ports) expect(port >= 20_000 && port < 32_000, String(port)).toBe(true);
	});

	it("removes a folder by hand, at the end of its scope and at the end of the process", async () => {
		const dir = tempDir("kit");
		expect(existsSync(dir.path)).toBe(true);
		dir.remove();
		dir.remove();
		expect(existsSync(dir.path)).toBe(false);
		let path: string;
		{
			using scoped = tempDir("kit");
			path = join(scoped.path, ".");
		}
		expect(existsSync(path)).toBe(false);
		const script = `import("${new URL("../dist/index.js", import.meta.url)}").then(({ tempDir }) => console.log(tempDir("kit").path))`;
		const { stdout } = await runChild({ ...node(script), limitMs: 20_000 });
		expect(stdout).toContain("antiphon-kit-");
		expect(existsSync(stdout.trim())).toBe(false);
	});
});

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}
