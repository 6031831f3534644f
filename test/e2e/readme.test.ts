import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeProgram } from "@antiphon/cli";
import { parseElement, serialize } from "@antiphon/xml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	antiphon,
	type DictionaryWorld,
	type Environment,
	openClient,
	runChild,
	startDictionaryWorld,
	type XmppServer,
} from "#kit";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LIMIT_MS = 60_000;
const NPM_RUN = "npm run -s antiphon -- ";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const README = read("README.md");
const DOCUMENTS = markdown(".");

function markdown(folder: string): string[] {
	return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return /^(node_modules|dist|\..+)$/.test(entry.name) ? [] : markdown(path);
		return path.endsWith(".md") ? [path] : [];
	});
}

/** The code blocks of a document in one language. */
function blocks(text: string, language: string): string[] {
	return [...text.matchAll(/^```(\w+).*\n([\s\S]*?)^```$/gm)].flatMap(([, name, code]) =>
		name === language ? [code ?? ""] : [],
	);
}

/** The commands of the console blocks (`$ command`, then its output). */
function commands(text: string): { command: string; output: string }[] {
	return blocks(text, "console").flatMap((block) =>
		block
			.split(/^\$ /m)
			.slice(1)
			.map((part) => ({ command: part.split("\n", 1)[0] ?? "", output: part.slice(part.indexOf("\n") + 1) })),
	);
}

/** The words of a command line, as a shell would take them apart. */
function words(command: string): string[] {
	return [...command.replace(/ # .*$/, "").matchAll(/'([^']*)'|(\S+)/g)].map(
		([, quoted, bare]) => quoted ?? bare ?? "",
	);
}

/** Without what differs from run to run: ports, processes, ids, random resources, what is left of a deadline. */
function settled(output: string): string {
	return output
		.replaceAll(/127\.0\.0\.1:\d+|port \d+/g, "PORT")
		.replaceAll(/process \d+/g, "process PID")
		.replaceAll(/ id='[^']*'/g, " id='ID'")
		.replaceAll(/ ttl='\d+'/g, " ttl='MS'")
		.replaceAll(/ANTIPHON_PASSWORD=\S+/g, "ANTIPHON_PASSWORD=SECRET")
		.replaceAll(/(me|worker)@localhost\/[\w-]+/g, "$1@localhost/RESOURCE")
		.trimEnd();
}

it("what documents take from the code is up to date", async () => {
	const args = [join(ROOT, "test/docs/main.mjs"), "--check"];
	const { code, stderr } = await runChild({ command: process.execPath, args, limitMs: LIMIT_MS });
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

it.each(DOCUMENTS)("%s: every link to a file or heading leads somewhere", (path) => {
	const targets = [
		...read(path)
			.replaceAll(/^```[\s\S]*?^```$/gm, "")
			.matchAll(/\]\(([^)\s]+)\)/g),
	].map(([, to]) => to ?? "");
	const broken = targets.filter((target) => !/^[a-z]+:/.test(target) && !leadsSomewhere(path, target));
	expect(broken).toEqual([]);
});

function leadsSomewhere(from: string, target: string): boolean {
	const [file = "", heading] = target.split("#");
	const path = file === "" ? from : join(dirname(from), file);
	if (!existsSync(join(ROOT, path))) return false;
	return heading === undefined || anchors(read(path)).includes(heading);
}

/** As the usual hosts make them of headings. */
function anchors(text: string): string[] {
	return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
		heading
			.toLowerCase()
			.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
			.replaceAll(" ", "-"),
	);
}

it("every file that CONTRIBUTING.md names is there", () => {
	const named = [...read("CONTRIBUTING.md").matchAll(/`([\w.-]+\/[\w./-]*\w\.\w+|[\w.-]+\/[\w./-]*\/)`/g)].map(
		([, path]) => path ?? "",
	);
	expect(named.length).toBeGreaterThan(20);
	expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

it.each(["README.md", "CONTRIBUTING.md"])("%s: every command is one", async (path) => {
	const { scripts } = JSON.parse(read("package.json"));
	const text = read(path);
	const spans = [...text.matchAll(/`(npm [^`]+|antiphon [^`]+)`/g)].map(([, span]) => span ?? "");
	const all = [...commands(text).map(({ command }) => command), ...spans];
	expect(all.length).toBeGreaterThan(3);
	for (const command of all.filter((each) => each.startsWith("npm "))) {
		const [, verb = "", ...rest] = words(command);
		expect(Object.keys(scripts), command).toContain(verb === "run" ? rest.find((word) => !word.startsWith("-")) : verb);
	}
	const known = new Map((await makeProgram()).commands.map((command) => [command.name(), command]));
	const lines = all.filter((each) => each.startsWith(NPM_RUN)).map((each) => words(each.slice(NPM_RUN.length)));
	for (const [name = "", ...args] of [
		...lines,
		...all.filter((each) => each.startsWith("npm start --")).map(devArgs),
	]) {
		const options = known.get(name)?.options.map(({ long }) => long);
		expect(options, name).toEqual(expect.arrayContaining(args.filter((arg) => arg.startsWith("--"))));
	}
});

function devArgs(command: string): string[] {
	return ["dev", ...words(command.slice("npm start --".length))];
}

it("npm start prints what README.md shows", async () => {
	const shown = commands(README).find(({ command }) => command === "npm start")?.output ?? "";
	const { stdout, code } = await antiphon(["dev", "--port", "0", "--component-port", "0", "--exit"]);
	expect(code).toBe(0);
	expect(settled(shown).split("\n\nThe next call, from another terminal:")[0]).toBe(settled(stdout));
});

describe("beside the dictionary", () => {
	let world: DictionaryWorld;
	let server: XmppServer;
	let env: Environment;

	beforeAll(async () => {
		world = await startDictionaryWorld();
		({ server, env } = world);
	}, LIMIT_MS);
	afterAll(() => world?.stop(), LIMIT_MS);

	const shown = commands(README).filter(({ command }) => command.startsWith(NPM_RUN));

	it.each(shown)("$command prints what README.md shows", async ({ command, output }) => {
		const { stdout, stderr } = await antiphon(words(command.slice(NPM_RUN.length)), env);
		expect(settled(stdout + stderr)).toBe(settled(output));
	});

	it("the example's caller gets a reply, and a fault", async () => {
		const caller = fileURLToPath(import.meta.resolve("@antiphon/dictionary/caller"));
		const call = (word: string) =>
			runChild({ command: process.execPath, args: [caller, word], env: { ...process.env, ...env }, limitMs: LIMIT_MS });
		expect(await call("xmpp")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The Extensible Messaging/) });
		expect(await call("stanzza")).toMatchObject({ code: 0, stdout: "no such word; did you mean stanza?\n" });
	});

	it("the stanza sent by hand gets the answer that README.md shows", async () => {
		const [stanza = "", answer = ""] = blocks(README, "xml");
		const login = { port: server.c2sPort, domain: "localhost", user: "me", password: "pass:word" };
		using stream = await openClient({ ...login, resource: "console" });
		stream.write(stanza);
		const received = await stream.until(/<iq [^>]*id=['"]1['"].*<\/iq>/, LIMIT_MS);
		expect(parsed(received?.[0] ?? "")).toBe(parsed(answer));
	});
});

/** The same for stanzas that differ in the order of attributes and in white space between elements. */
function parsed(stanza: string): string {
	const element = parseElement(
		stanza.replaceAll(/>\s+</g, "><").replace(/^<iq (?!xmlns)/, "<iq xmlns='jabber:client' "),
	);
	const names = ["type", "id", "from", "to"];
	return `${names.map((name) => element.attr(name)).join(" ")} ${element
		.elements()
		.map((child) => serialize(child))
		.join("")}`;
}
