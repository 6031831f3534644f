import { describe as describeService } from "@antiphon/contract";
import { Jid, quietLog } from "@antiphon/protocol";
import { get, service } from "antiphon";
import type { ServedService } from "antiphon/modules";
import { expect, it } from "vitest";
import type { DomainHost } from "../host/domain-host.js";
import { resolveLimits } from "../limits.js";
import { Registry } from "../registry/registry.js";
import { forwarded } from "./forwarded.js";

/** The module alone, with what it does counted. */
function listing() {
	const counted = { lookedUp: 0, added: 0, removed: 0 };
	const lines: string[] = [];
	const listed: ServedService[] = [];
	let tell = (_service: string) => {};
	const registry = new Registry(resolveLimits(), (name) => tell(name));
	const instances = registry.instances.bind(registry);
	registry.instances = (name) => {
		counted.lookedUp++;
		return instances(name);
	};
	const add = (served: ServedService) => {
		counted.added++;
		listed.push(served);
		return () => {
			counted.removed++;
			listed.splice(listed.indexOf(served), 1);
		};
	};
	const log = { ...quietLog, error: (line: string) => void lines.push(line) };
	const node = { now: () => 0, log, directory: { add, knowAlso: () => {} }, every: () => {} };
	const onChange = (listener: (service: string) => void) => {
		tell = listener;
	};
	forwarded({ node, registry, onChange, limits: resolveLimits(), domain: "d.example" } as unknown as DomainHost);
	return { counted, lines, listed, registry };
}

const worker = Jid.parse("worker@example.org/x");
const described = (version: string) => describeService(service("dictionary", version, { define: get({}) }));
function register(registry: Registry, version: string, instance: string, description = described(version)) {
	const { service, fingerprint } = description;
	registry.add({ service, version, fingerprint, instance, concurrency: 1, labels: {} }, worker, description, 0);
}

it("However many instances come and change, nobody is looked up before somebody is needed", () => {
	const { counted, listed, registry } = listing();
	for (let i = 0; i < 1_000; i++) register(registry, `${1 + (i % 8)}.0.0`, `${i}`);
	const lines = Array.from({ length: 1_000 }, (_, i) => {
		return { service: "dictionary", instance: `${i}`, state: "draining" as const, running: 0 };
	});
	registry.renew(worker, lines, 1);
	expect(counted).toEqual({ lookedUp: 0, added: 8, removed: 0 });
	for (const served of listed) expect(served.instances()).toHaveLength(125);
	for (const served of listed) expect(served.instances()).toHaveLength(125);
	expect(counted.lookedUp).toBe(8);
	registry.remove({ service: "dictionary", instance: "0" }, worker);
	expect(listed.map((served) => served.instances().length)).toEqual([124, 125, 125, 125, 125, 125, 125, 125]);
	registry.removeNode(worker);
	expect(counted).toMatchObject({ added: 8, removed: 8 });
});

it("What cannot be listed is told of once, and not with each change", () => {
	const { counted, lines, registry } = listing();
	const broken = { ...described("1.0.0"), functions: {} };
	for (let i = 0; i < 100; i++) register(registry, "1.0.0", `${i}`, broken);
	expect(lines).toEqual([expect.stringMatching(/^dictionary cannot be listed: .*no functions/)]);
	expect(counted.added).toBe(0);
});
