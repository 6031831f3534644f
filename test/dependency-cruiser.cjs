const { existsSync, readdirSync } = require("node:fs");
const { join } = require("node:path");

// What each package may import: the table of docs/adr/0001-layout.md. A package that is not here fails the check.
const PACKAGES = {
	xml: [],
	protocol: ["xml"],
	contract: ["protocol"],
	delivery: ["protocol"],
	store: ["delivery"],
	link: ["xml", "protocol"],
	antiphon: ["xml", "protocol", "contract", "delivery", "link"],
	domain: ["xml", "protocol", "contract", "delivery", "link", "antiphon"],
	server: ["xml", "protocol"],
	cli: ["xml", "protocol", "server", "antiphon", "domain", "store", "dictionary"],
	dictionary: ["antiphon"],
};
/** Packages from the registry, by the package that may import them. */
const REGISTRY = {
	protocol: ["msgpackr"],
	contract: ["@standard-schema/spec"],
	store: ["lmdb"],
	link: ["@xmpp/client", "@xmpp/component"],
	cli: ["commander", "cli-table3", "yaml", "zod"],
	dictionary: ["zod"],
};

/**
 * The folders of a package, lowest first: each may import those before it and what is named first, which all may. Those of one
 * list stand side by side and may not import each other. What lies beside the folders puts them together.
 */
const LAYERS = {
	antiphon: [[], "bounds", "calls", "host", "calling", "serving", "answers"],
	domain: [["limits"], "policy", "registry", "callers", "host", "asking", "forwarding", "queueing", "modules"],
	delivery: [["calls"], "journal", "engine", ["outbox", "queue", "inbox"]],
	protocol: [
		["errors", "jid", "legible", "limits", "log", "names", "namespaces", "printable", "scope", "settings"],
		"stanza",
		"call",
		"disco",
		"domain",
		"delivery",
		"queue",
	],
	server: [["limits", "log", "options", "software"], "streams", "peers", "routing", "login", "host", "modules"],
};

/** Modules of Node.js that compute and nothing else: all that the packages without I/O may import of it. */
const WITHOUT_IO = {
	xml: ["buffer"],
	protocol: ["buffer", "crypto", "url", "util", "util/types"],
	contract: ["crypto", "util"],
	delivery: ["buffer", "crypto", "zlib"],
};

const ROOT = join(__dirname, "..");
const folder = (name) => (name === "dictionary" ? "services/dictionary" : `packages/${name}`);
const TESTS = "\\.test(-d)?\\.ts$|/testing/";

const boundaries = Object.entries(PACKAGES).map(([name, allowed]) => ({
	name: `${name}-imports`,
	severity: "error",
	comment: `${name} may import only: ${[...allowed, ...(REGISTRY[name] ?? [])].join(", ") || "nothing"}`,
	from: { path: `^${folder(name)}/src/`, pathNot: TESTS },
	to: {
		dependencyTypesNot: ["core"],
		pathNot: [
			`^${folder(name)}/`,
			...allowed.map((other) => `^${folder(other)}/`),
			...(REGISTRY[name] ?? []).map((dependency) => `node_modules/${dependency}/`),
		],
	},
}));

const folders = ["packages", "services"].flatMap((parent) =>
	readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`),
);
const known = Object.keys(PACKAGES).map(folder);
const strangers = folders.filter((path) => existsSync(join(ROOT, path, "src")) && !known.includes(path));
if (strangers.length > 0) {
	throw new Error(`${strangers.join(", ")}: say in test/dependency-cruiser.cjs what this package may import`);
}

const withoutIo = Object.entries(WITHOUT_IO).map(([name, modules]) => ({
	name: `${name}-without-io`,
	severity: "error",
	comment: `of Node.js, ${name} may import only: ${modules.join(", ")}`,
	from: { path: `^${folder(name)}/src/`, pathNot: TESTS },
	to: { dependencyTypes: ["core"], pathNot: `^(node:)?(${modules.join("|")})$` },
}));

const layers = Object.entries(LAYERS).flatMap(([name, [common, ...levels]]) => {
	const src = `${folder(name)}/src`;
	const unknown = readdirSync(join(ROOT, src), { withFileTypes: true }).filter(
		(entry) => entry.isDirectory() && ![...levels.flat(), "testing"].includes(entry.name),
	);
	if (unknown.length > 0) throw new Error(`${src}/${unknown[0].name}: say in LAYERS what this folder may import`);
	const beside = common.map((file) => `${file}\\.ts$`);
	const placed = levels.flatMap((level, i) => [level].flat().map((layer) => [layer, levels.slice(0, i).flat()]));
	return placed.map(([layer, below]) => ({
		name: `${name}-layer-${layer}`,
		severity: "error",
		comment: `in ${name}, ${layer} may import only: ${[...common, ...below].join(", ") || "nothing"}`,
		from: { path: `^${src}/${layer}/`, pathNot: TESTS },
		to: {
			path: `^${src}/`,
			pathNot: `^${src}/(${[...below, layer]
				.map((each) => `${each}/`)
				.concat(beside)
				.join("|")})`,
		},
	}));
});

module.exports = {
	forbidden: [
		...boundaries,
		...layers,
		...withoutIo,
		{ name: "no-cycles", severity: "error", comment: "imports point one way", from: {}, to: { circular: true } },
		{
			name: "no-deep-imports",
			severity: "error",
			comment: "a package is imported by its name",
			from: { path: "^(packages|services)/([^/]+)/" },
			to: { path: "^(packages|services)/[^/]+/src/", pathNot: "^$1/$2/" },
		},
		{
			name: "no-tests-in-code",
			severity: "error",
			comment: "what ships does not import what tests",
			from: { path: "^(packages|services)/[^/]+/src/", pathNot: TESTS },
			to: { path: `^(packages|services)/.*(${TESTS})|^test/` },
		},
		{
			name: "resolvable",
			severity: "error",
			comment: "an import that leads nowhere escapes every other rule",
			from: {},
			to: { couldNotResolve: true },
		},
	],
	options: {
		doNotFollow: { path: "node_modules|/dist/|/bundle/" },
		exclude: { path: "/dist/.*\\.test|/bundle/" },
		tsPreCompilationDeps: true,
		tsConfig: { fileName: "tsconfig.base.json" },
		enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "default"] },
	},
};
