import { BUS_ERROR_CODES, BusError, type BusErrorCode, type CallHead, encodeCall, iq } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { CallAbort } from "../calls/call-abort.js";
import { get, type Handlers, isFault, service } from "../index.js";
import { DOMAIN, failureOf, join, keepingLog, type ProbeHandlers, probe, rawLink, world } from "../testing/bus.js";
import { callContext } from "./call-context.js";

type Echo = ProbeHandlers["echo"];

/** What a caller is told when the handler does this. */
async function outcome(echo: Echo) {
	const { caller, log } = await world({ echo });
	const error = await failureOf(caller.client(probe, { domain: DOMAIN }).echo({ word: "x" }));
	return { error, log: log.lines };
}

const INTERNAL = { code: "internal", executed: "yes", message: "internal error" };

describe("a handler", () => {
	it.each<[string, () => never]>([
		[
			"throws at once",
			() => {
				throw new Error("secret");
			},
		],
		[
			"throws a string",
			() => {
				throw "secret";
			},
		],
		[
			"throws undefined",
			() => {
				throw undefined;
			},
		],
		[
			"throws what cannot be shown",
			() => {
				throw Object.create(null);
			},
		],
		[
			"throws an error whose stack throws",
			() => {
				throw Object.defineProperty(new Error("secret"), "stack", {
					get: () => {
						throw new Error("worse");
					},
				});
			},
		],
	])("that %s is an internal error without detail, and a line in the log", async (_, throwing) => {
		for (const echo of [throwing as Echo, (async () => throwing()) as Echo]) {
			const { error, log } = await outcome(echo);
			expect(error).toMatchObject(INTERNAL);
			expect(JSON.stringify(error)).not.toContain("secret");
			expect(log).toEqual([expect.stringMatching(/^error probe\.echo, called by caller@example\.org\/x, failed: /)]);
		}
	});

	const PASSED: readonly BusErrorCode[] = [
		"invalid-argument",
		"not-found",
		"unavailable",
		"forbidden",
		"unauthenticated",
		"overloaded",
		"conflict",
	];
	it.each(BUS_ERROR_CODES)("that throws a BusError %s", async (code) => {
		const { error, log } = await outcome(() => {
			throw new BusError(code, "told", { retryAfterMs: 7, cause: new Error("secret"), name: "unknown", data: {} });
		});
		if (PASSED.includes(code)) {
			expect(error).toMatchObject({ code, message: "told", executed: "yes", retryAfterMs: 7 });
			expect(error["cause"]).toBeUndefined();
			expect(log).toEqual([]);
		} else {
			expect(error).toMatchObject(INTERNAL);
			expect(log.length).toBe(1);
		}
	});

	it("that throws what cannot even be looked at is an internal error, and gives its place back", async () => {
		const { caller, provider, log } = await world({
			echo: () => {
				const { proxy, revoke } = Proxy.revocable({}, {});
				revoke();
				throw proxy;
			},
		});
		const error = await failureOf(caller.client(probe, { domain: DOMAIN }).echo({ word: "x" }));
		expect(error).toMatchObject({ code: "internal", message: "internal error", executed: "unknown" });
		expect(log.lines).toEqual([expect.stringMatching(/^error probe\.echo failed: TypeError: /)]);
		expect(provider.stats().callsIn).toBe(0);
	});

	it("that throws a BusError with a time that is none answers without it", async () => {
		const { error } = await outcome(() => {
			throw new BusError("overloaded", "told", { retryAfterMs: 7n as never });
		});
		expect(error).toMatchObject({ code: "overloaded", executed: "yes", retryAfterMs: undefined });
	});

	it("that fails for every call does not fill the log, nor hide what another function has to tell", async () => {
		const log = keepingLog();
		const fail = () => {
			throw new Error("broken");
		};
		const { caller } = await world({ echo: fail, learn: fail }, { provider: { log } });
		const client = caller.client(probe, { domain: DOMAIN });
		await Promise.all(Array.from({ length: 200 }, () => failureOf(client.echo({ word: "x" }))));
		await failureOf(client.learn({ word: "x" }));
		expect(log.lines.length).toBeLessThan(50);
		expect(log.lines.at(-1)).toMatch(/^error probe\.learn, called by /);
	});

	it("may use its signal, its deadline and its caller's address", async () => {
		const { caller } = await world({
			echo: (_, ctx) => {
				const { signal, remainingMs, fail: _fail, callId, ...rest } = ctx;
				expect(signal.aborted).toBe(false);
				expect(callId).toMatch(/^caller@example\.org\/x\/[A-Za-z0-9_-]{22}$/);
				expect(ctx.remainingMs()).toBeLessThanOrEqual(10_000);
				return { text: JSON.stringify(rest) };
			},
		});
		const { text } = await caller.client(probe, { domain: DOMAIN }).echo({ word: "x" });
		expect(JSON.parse(text)).toEqual({ from: "caller@example.org/x", fn: "probe.echo", attempt: 1 });
	});

	it("knows no call by what a durable one of somebody else is known by, whatever id its stanza has", async () => {
		const ids: string[] = [];
		const { bus } = await world({
			echo: (_, { callId }) => {
				ids.push(callId);
				return { text: "" };
			},
		});
		const forged = "victim@example.org/AAAAAAAAAAAAAAAAAAAAAA";
		const { link, stanzas } = await rawLink(bus, "mallory@example.org/x");
		const head = { fn: "probe.echo", version: "1.0.0", ttlMs: 5_000, encoding: "json" } as const;
		const call = encodeCall({ ...head, input: { word: "x" } });
		link.send(iq("get", { to: `probe.echo@${DOMAIN}`, id: forged }, call));
		await expect.poll(() => stanzas.length).toBe(1);
		expect(ids).toEqual([`mallory@example.org/x/${forged}`]);
	});

	it("has no time left after its deadline, and not less", () => {
		const head = { fn: "probe.echo", version: undefined, ttlMs: 1, encoding: "json" } as CallHead;
		const deadlineMs = performance.now() - 5;
		const ctx = callContext({ from: "a@b/c", callId: "1", attempt: 1, head, abort: new CallAbort(), deadlineMs });
		expect(ctx.remainingMs()).toBe(0);
	});

	it("may be a method that uses this, own or inherited", async () => {
		class Base {
			readonly prefix = "said ";
			learn() {}
		}
		class Echo extends Base {
			echo({ word }: { word: string }) {
				return { text: this.prefix + word };
			}
		}
		const { provider, caller } = await world();
		const other = service("other", "1.0.0", probe.functions);
		await provider.serve(other, new Echo());
		const client = caller.client(other, { domain: DOMAIN });
		await expect(client.echo({ word: "x" })).resolves.toEqual({ text: "said x" });
		await expect(client.learn({ word: "x" })).resolves.toBeUndefined();
	});

	it.each<[string, Echo]>([
		["of another shape", () => ({ txt: "" }) as never],
		["missing", () => undefined as never],
		["that cannot be encoded", () => ({ text: "\ud800" })],
		["that is a class instance", () => new Date() as never],
	])("with an output %s is an internal error, and a line in the log", async (_, echo) => {
		const { error, log } = await outcome(echo);
		expect(error).toMatchObject(INTERNAL);
		expect(log).toEqual([expect.stringMatching(/^error probe\.echo, called by .* failed: /)]);
	});

	it("that returns something where nothing is declared is an internal error", async () => {
		const { caller } = await world({ learn: (() => 5) as never });
		expect(await failureOf(caller.client(probe, { domain: DOMAIN }).learn({ word: "x" }))).toMatchObject(INTERNAL);
	});

	it("with a reply that no stanza can hold is too-large, executed", async () => {
		const { error, log } = await outcome(() => ({ text: "x".repeat(100_000) }));
		expect(error).toMatchObject({
			code: "too-large",
			executed: "yes",
			message: expect.stringMatching(/^the reply is too large: the stanza has \d+ bytes/),
		});
		expect(log).toEqual([expect.stringMatching(/^warn an answer to caller@example\.org\/x could not be sent/)]);
		const fault = await outcome((_, ctx) => ctx.fail("unknown", { near: ["x".repeat(100_000)] }));
		expect(fault.error).toMatchObject({ code: "too-large", executed: "yes" });
	});

	it.each<[string, Echo]>([
		["that it does not declare", (_, ctx) => ctx.fail("other" as never, {} as never)],
		["that it does not declare, without data", (_, ctx) => ctx.fail("other" as never, undefined as never)],
		["called constructor", (_, ctx) => ctx.fail("constructor" as never, {} as never)],
		["with data of another shape", (_, ctx) => ctx.fail("unknown", { near: "x" } as never)],
		["with data that cannot be encoded", (_, ctx) => ctx.fail("unknown", { near: ["\ud800"] })],
	])("cannot fail with a fault %s", async (_, echo) => {
		const { error, log } = await outcome(echo);
		expect(error).toMatchObject(INTERNAL);
		expect(log.length).toBe(1);
	});

	it("does not pass the failure of a call of its own for a failure of itself", async () => {
		const inner = service("inner", "1.0.0", {
			f: get({ input: z.string(), faults: { unknown: z.object({ near: z.array(z.string()) }) } }),
		});
		const { bus, provider, caller, log } = await world();
		const handlers: Handlers<typeof inner.functions> = {
			f: (code, ctx) => {
				if (code === "fault") return ctx.fail("unknown", { near: [] });
				throw new BusError(code as BusErrorCode, "secret");
			},
		};
		await provider.serve(inner, handlers);
		const middle = await join(bus, "middle.example.org", { log });
		const innerClient = middle.client(inner, { domain: DOMAIN });
		let rethrow = false;
		await middle.serve(probe, {
			echo: async ({ word }) => {
				try {
					await innerClient.f(word);
				} catch (error) {
					if (rethrow) throw new BusError("not-found", (error as Error).message);
					throw error;
				}
				return { text: "" };
			},
			learn: () => {},
		});
		const client = caller.client(probe, { domain: "middle.example.org" });
		for (const word of ["fault", "not-found", "forbidden", "overloaded", "internal"]) {
			const error = await failureOf(client.echo({ word }));
			expect(error).toMatchObject(INTERNAL);
			expect(isFault(error, probe.functions.echo, "unknown")).toBe(false);
		}
		// What it says itself, it may say.
		rethrow = true;
		expect(await failureOf(client.echo({ word: "forbidden" }))).toMatchObject({ code: "not-found", executed: "yes" });
	});

	it("that fails because of its deadline is not a line for people to act on", async () => {
		const { caller, log } = await world({
			echo: (_, ctx) =>
				new Promise((_resolve, reject) => {
					ctx.signal.addEventListener("abort", () => reject(new Error("too late")));
				}),
		});
		await failureOf(caller.client(probe, { domain: DOMAIN }).echo({ word: "x" }, { timeoutMs: 20 }));
		await expect.poll(() => log.lines).toEqual([expect.stringMatching(/^debug probe\.echo, .*too late/)]);
	});

	it("is not disturbed by a log that throws", async () => {
		const throwing = () => {
			throw new Error("disk full");
		};
		const log = { debug: throwing, info: throwing, warn: throwing, error: throwing };
		const { caller } = await world(
			{
				echo: () => {
					throw new Error("mine");
				},
			},
			{ provider: { log } },
		);
		expect(await failureOf(caller.client(probe, { domain: DOMAIN }).echo({ word: "x" }))).toMatchObject(INTERNAL);
	});
});
