import { createDomain } from "@antiphon/domain";
import { type BusError, createNode, memoryBus, type Node, service, set } from "antiphon";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { freeName, keptName, keptNames } from "./kept-names.js";

const DOMAIN = "fn.example.org";
const deadline = { remainingMs: () => 10_000 };

const refusal = (asked: Promise<unknown>) =>
	asked.then(
		() => undefined,
		({ code, message }: BusError) => ({ code, message }),
	);

describe("the names of a domain", () => {
	let boss: Node;
	let join: (jid: string) => Promise<Node>;

	beforeEach(async () => {
		const bus = memoryBus();
		const access = { register: [{ allow: "*@example.org" }], admin: [{ allow: "boss@example.org" }] };
		const owners = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`fixed-${i}`, "teller@example.org"]));
		const link = bus.link(DOMAIN);
		// Nobody was there before.
		const domain = await createDomain({ link, access, owners, limits: { settleMs: 1 } });
		onTestFinished(() => domain.close());
		join = async (jid) => {
			const node = await createNode({ link: bus.link(jid) });
			onTestFinished(() => node.close());
			return node;
		};
		boss = await join("boss@example.org/x");
		const worker = await join("worker@example.org/x");
		const lab = service("lab", "1.0.0", { run: set({}) });
		await (await worker.serve(lab, { run: () => {} }, { domain: DOMAIN })).drain();
	});

	it("are all listed, page after page", async () => {
		const kept = await keptNames(boss, DOMAIN, deadline);
		expect(kept).toHaveLength(301);
		expect(kept.at(-1)).toEqual({
			service: "lab",
			owner: "worker@example.org",
			unusedMs: expect.any(Number),
			isFixed: false,
			isServed: false,
		});
		expect(await keptName(boss, DOMAIN, "lab", deadline)).toMatchObject({ owner: "worker@example.org" });
		const unknown = { code: "not-found", message: `${DOMAIN} keeps no name nothing: it is free` };
		expect(await refusal(keptName(boss, DOMAIN, "nothing", deadline))).toEqual(unknown);
	});

	it("are given up one by one", async () => {
		expect(await freeName(boss, DOMAIN, "lab", deadline)).toEqual({ service: "lab", owner: "worker@example.org" });
		expect(await keptNames(boss, DOMAIN, deadline)).toHaveLength(300);
		expect(await refusal(freeName(boss, DOMAIN, "lab", deadline))).toMatchObject({ code: "not-found" });
		expect(await refusal(freeName(boss, DOMAIN, "fixed-7", deadline))).toMatchObject({ code: "conflict" });
	});

	it("are for administrators, and where no host is that is said", async () => {
		const other = await join("worker@example.org/y");
		for (const asked of [keptNames(other, DOMAIN, deadline), freeName(other, DOMAIN, "lab", deadline)]) {
			expect(await refusal(asked)).toMatchObject({ code: "forbidden" });
		}
		const away = await refusal(keptNames(boss, "nowhere.example.org", deadline));
		expect(away?.message).toMatch(/Does a domain host run there \(antiphon domain\)\?$/);
	});
});
