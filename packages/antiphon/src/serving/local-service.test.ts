import { describe as describeService, type FunctionContract, type Functions, type Handlers } from "@antiphon/contract";
import { type AccessRule, BusError, decodeReply, encodeCall, Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Admission } from "../bounds/admission.js";
import { Denials } from "../bounds/denials.js";
import { CallAbort } from "../calls/call-abort.js";
import type { AdmittedCall } from "../calls/call-outcome.js";
import { DOMAIN, echoing, failureOf, gate, keepingLog, type ProbeHandlers, probe } from "../testing/bus.js";
import { LocalService } from "./local-service.js";

const alice = Jid.parse("alice@example.org/x");
const eve = Jid.parse("eve@evil.example/x");
/** The domain itself, and an address of its. */
const host = [Jid.parse(`${DOMAIN}/host`), Jid.parse(`probe.echo@${DOMAIN}`)] as const;
const rule = (effect: AccessRule["effect"], who: string, what: string): AccessRule => ({ effect, who, what });

function local(handlers: Partial<ProbeHandlers> = {}) {
	const log = keepingLog();
	const denials = new Denials(log);
	const service = new LocalService({
		service: probe,
		description: describeService(probe),
		handlers: { ...echoing, ...handlers } as unknown as Handlers<Functions>,
		admission: new Admission("probe", 8),
		instance: "one",
		log,
		denials,
	});
	return { service, log: log.lines };
}

/** What a caller meets with: nothing, or this. */
function refusal(service: LocalService, who: Jid, fn: keyof ProbeHandlers = "echo"): BusError | undefined {
	try {
		service.requireCaller(who, fn);
		return undefined;
	} catch (error) {
		return error as BusError;
	}
}

function echo(word: unknown): AdmittedCall {
	const head = { fn: "probe.echo", version: "1.2.0", ttlMs: 1_000, encoding: "json" } as const;
	return {
		from: alice,
		to: host[1],
		callId: "1",
		kind: "get",
		payload: encodeCall({ ...head, input: { word } }),
		head: { ...head, for: undefined, traceparent: undefined, tracestate: undefined },
		caller: alice,
		fn: probe.functions.echo as unknown as FunctionContract,
		fnName: "echo",
		deadlineMs: performance.now() + head.ttlMs,
	};
}

describe("whom a service lets in", () => {
	it("is everybody where there is no domain, and nobody is believed about whom a call is for", () => {
		const { service } = local();
		for (const who of [alice, eve, ...host]) {
			expect(refusal(service, who)).toBeUndefined();
			expect([service.isVisibleTo(who), service.isVisibleTo(who, "echo"), service.trusts(who)]).toEqual([
				true,
				true,
				false,
			]);
		}
	});

	it("is nobody until its domain has said who: the domain alone may look at it", () => {
		const { service, log } = local();
		service.awaitRulesOf(DOMAIN);
		for (const who of [alice, eve, ...host]) {
			expect(refusal(service, who)).toMatchObject({
				code: "unavailable",
				executed: "no",
				message: expect.stringContaining("not registered with fn."),
			});
		}
		for (const who of host) expect([service.isVisibleTo(who, "echo"), service.trusts(who)]).toEqual([true, true]);
		for (const who of [alice, eve]) expect([service.isVisibleTo(who), service.trusts(who)]).toEqual([false, false]);
		// It is nobody's fault, and soon over.
		expect(log).toEqual([]);
	});

	it("is whom the rules of its domain name, for the functions that they name", () => {
		const { service } = local();
		service.awaitRulesOf(DOMAIN);
		service.registeredWith(DOMAIN, [rule("allow", "*@example.org", "probe.echo")]);
		expect(refusal(service, alice)).toBeUndefined();
		const message = "alice@example.org may not call probe.learn: the policy of fn.example.org does not allow it";
		expect(refusal(service, alice, "learn")).toMatchObject({ code: "forbidden", executed: "no", message });
		expect(refusal(service, eve)).toMatchObject({ code: "forbidden" });
		// Who may call something of it sees the service, but not what is not for them.
		expect([undefined, "echo", "learn"].map((fn) => service.isVisibleTo(alice, fn))).toEqual([true, true, false]);
		expect([undefined, "echo", "learn"].map((fn) => service.isVisibleTo(eve, fn))).toEqual([false, false, false]);
		// The domain sees everything, and calls for others; for itself it may call what the rules say.
		expect([undefined, "echo", "learn"].map((fn) => service.isVisibleTo(host[0], fn))).toEqual([true, true, true]);
		expect(refusal(service, host[0])).toMatchObject({ code: "forbidden" });
	});

	it("changes with every grant, and nobody is believed who only looks like the domain", () => {
		const { service } = local();
		service.registeredWith(DOMAIN, [rule("allow", "*", "*")]);
		expect(refusal(service, eve)).toBeUndefined();
		service.registeredWith(DOMAIN, []);
		expect(refusal(service, alice)).toMatchObject({ code: "forbidden" });
		for (const other of [`a@b.${DOMAIN}/x`, `x.${DOMAIN}`, "example.org", `a@example.org/${DOMAIN}`]) {
			expect(service.trusts(Jid.parse(other)), other).toBe(false);
		}
	});

	it("is told in the log, ten times in a second, whoever knocks", () => {
		const { service, log } = local();
		service.registeredWith(DOMAIN, []);
		for (let i = 0; i < 1_000; i++) refusal(service, eve);
		expect(log).toHaveLength(10);
		expect(log[0]).toBe(
			"warn refused: eve@evil.example may not call probe.echo: the policy of fn.example.org does not allow it",
		);
		expect(() => service.deny(eve)).toThrow(/may not call probe: /);
	});
});

describe("a call that a service runs", () => {
	const counts = ({ service }: ReturnType<typeof local>) => service.stats.report("echo")[0];

	it("is counted while it runs, and then with what it came to", async () => {
		const { open, opened } = gate<string>();
		const made = local({ echo: async () => ({ text: await opened }) });
		const running = made.service.run(echo("x"), new CallAbort());
		expect(counts(made)).toMatchObject({ calls: 0, running: 1 });
		open("late");
		const outcome = await running;
		expect("reply" in outcome && decodeReply(outcome.reply)).toEqual({ text: "late" });
		expect(counts(made)).toMatchObject({ calls: 1, errors: 0, running: 0, lastError: undefined });
		expect(await made.service.run(echo(7), new CallAbort())).toMatchObject({ error: { code: "invalid-argument" } });
		expect(counts(made)).toMatchObject({ calls: 2, errors: 1, lastError: { code: "invalid-argument" } });
	});

	it("is counted as its caller saw it: as ended before, whatever comes of it later", async () => {
		const { open, opened } = gate<string>();
		const made = local({ echo: async () => ({ text: await opened }) });
		const abort = new CallAbort();
		const running = made.service.run(echo("x"), abort);
		abort.abort(new BusError("deadline-exceeded", "too late"));
		open("in vain");
		expect(await running).toHaveProperty("reply");
		expect(counts(made)).toMatchObject({
			calls: 1,
			errors: 1,
			lastError: { code: "deadline-exceeded", message: "too late" },
		});
	});

	it("is counted once also when it throws what cannot be looked at, of which nothing is told", async () => {
		const evil = new Proxy(new BusError("conflict", "secret"), {
			get() {
				throw new Error("secret");
			},
			getPrototypeOf() {
				throw new Error("secret");
			},
		});
		const made = local({ echo: () => Promise.reject(evil) });
		await failureOf(made.service.run(echo("x"), new CallAbort()));
		expect(counts(made)).toMatchObject({
			calls: 1,
			errors: 1,
			running: 0,
			lastError: { code: "internal", message: "internal error" },
		});
		expect(JSON.stringify(made.service.stats.report())).not.toContain("secret");
	});
});

it("a service has one instance, and is idle since it last ran", async () => {
	const { service } = local();
	expect(service.instances()).toEqual(["one"]);
	service.admission.enter("alice");
	expect(service.idleMs).toBe(0);
	service.admission.leave("alice");
	expect(service.idleMs).toBeGreaterThanOrEqual(0);
});
