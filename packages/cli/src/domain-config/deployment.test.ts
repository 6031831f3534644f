import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, it } from "vitest";
import { makeProgram } from "../program.js";
import { parseYaml } from "./parse-yaml.js";
import { type FileContent, fileSchema } from "./schema.js";

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
const UNIT = directives(read("services/domain/antiphon-domain.service"));
const PROSODY_UNIT = directives(read("services/domain/prosody-secret.conf"));
const PROSODY = read("services/domain/prosody.cfg.lua");
const DOCUMENT = read("docs/operating.md");
const CONFIG: FileContent = fileSchema.parse(parseYaml(read("services/domain/domain.yaml"), "domain.yaml"));

/** The lines of a unit: `Section.Key` to its value. */
function directives(text: string): ReadonlyMap<string, string> {
	let section = "";
	const found = new Map<string, string>();
	for (const line of text.split("\n").filter((each) => /^[^#]/.test(each))) {
		const [key = "", ...value] = line.split("=");
		if (line.startsWith("[")) section = line.slice(1, -1);
		else found.set(`${section}.${key}`, value.join("="));
	}
	return found;
}

it("the unit's secret is the one that the config asks for, in a file that the document makes", () => {
	const file = UNIT.get("Service.EnvironmentFile");
	expect(DOCUMENT).toContain(`umask 077; echo "${CONFIG.secretEnv}=$(openssl rand -hex 24)" > ${file})`);
});

it("Prosody's unit gives Prosody the same secret, by the name that its config takes", () => {
	expect([...PROSODY_UNIT]).toEqual([["Service.EnvironmentFile", UNIT.get("Service.EnvironmentFile")]]);
	expect(PROSODY).toContain(`component_secret = ENV_${CONFIG.secretEnv}\n`);
});

it("the state file is where the unit's user can write, and the document makes that user", () => {
	expect(dirname(CONFIG.stateFile ?? "")).toBe(`/var/lib/${UNIT.get("Service.StateDirectory")}`);
	expect(DOCUMENT).toMatch(new RegExp(`^useradd .* ${UNIT.get("Service.User")}$`, "m"));
});

it("the unit starts a command that there is, again after whatever a restart can mend, and at boot", async () => {
	const [env, program, command, ...flags] = UNIT.get("Service.ExecStart")?.split(" ") ?? [];
	expect([env, program]).toEqual(["/usr/bin/env", "antiphon"]);
	const known = (await makeProgram(command)).commands.find((each) => each.name() === command);
	expect(known?.options.map(({ long }) => long)).toContain(flags[0]);
	expect(flags[1]?.startsWith("/etc/antiphon/")).toBe(true);
	expect(UNIT.get("Service.Restart")).toBe("always");
	expect(UNIT.get("Install.WantedBy")).toBe("multi-user.target");
});

it("the document has the config looked at as that user, with that secret", () => {
	const look = `-p User=${UNIT.get("Service.User")} -p EnvironmentFile=${UNIT.get("Service.EnvironmentFile")} \\\n`;
	expect(DOCUMENT).toContain(`systemd-run --pipe --wait ${look}`);
	expect(DOCUMENT).toContain(`  ${UNIT.get("Service.ExecStart")?.replace("/usr/bin/env ", "")} --check\n`);
});
