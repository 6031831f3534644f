import { BusError, Jid, message } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { describe, expect, it, vi } from "vitest";
import { final, type LinkFailure, passing } from "./failure.js";
import { type Session, type SessionEvents, SupervisedLink } from "./supervisor.js";
import { ManualClock } from "./testing/manual-clock.js";
import { Recorder } from "./testing/recorder.js";

interface Attempt {
	readonly events: SessionEvents;
	readonly signal: AbortSignal;
	succeed(): Promise<FakeSession>;
	fail(failure: unknown): Promise<void>;
}

class FakeSession implements Session {
	readonly jid = Jid.parse("user@example.org/r");
	readonly maxStanzaBytes = 1234;
	readonly backlog = 0.25;
	readonly log: string[] = [];
	begin() {
		this.log.push("begin");
	}
	send(stanza: Element) {
		this.log.push(`send ${stanza.name}`);
	}
	async close() {
		this.log.push("close");
	}
	destroy() {
		this.log.push("destroy");
	}
}

/** Lets promises that are settled already take their course. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function setUp() {
	const clock = new ManualClock();
	const attempts: Attempt[] = [];
	const recorder = new Recorder();
	const link = new SupervisedLink(
		{ kind: "client", ownedDomain: undefined },
		{ attemptMs: 10_000, stableMs: 5000, backoff: { minMs: 100, maxMs: 30_000 }, maxStanzaBytes: 65_536 },
		(events, signal) =>
			new Promise<Session>((resolve, reject) => {
				attempts.push({
					events,
					signal,
					async succeed() {
						const session = new FakeSession();
						resolve(session);
						await settle();
						return session;
					},
					async fail(failure) {
						reject(failure);
						await settle();
					},
				});
			}),
		clock,
		() => 0.999999,
	);
	const open = () => link.open(recorder, { timeoutMs: 60_000 });
	const last = () => attempts.at(-1) as Attempt;
	const states = () => recorder.states.map((state) => state.state).join(" ");
	return { clock, attempts, recorder, link, open, last, states };
}

const down = () => passing("link-lost", "down");

describe("A supervised link", () => {
	it("is open when the first attempt has succeeded, and begins after it has said so", async () => {
		const { link, open, last, states } = setUp();
		const opening = open();
		const session = await last().succeed();
		await opening;
		expect(states()).toBe("connecting online");
		expect(session.log).toEqual(["begin"]);
		expect(link.maxStanzaBytes).toBe(1234);
	});

	it("waits longer after each failure", async () => {
		const { clock, attempts, recorder, open, last } = setUp();
		void open();
		for (const waitMs of [200, 400, 800, 1600]) {
			await last().fail(down());
			expect(recorder.states.at(-1)).toMatchObject({ state: "waiting", retryInMs: waitMs });
			const before = attempts.length;
			clock.advance(waitMs - 1);
			expect(attempts.length).toBe(before);
			clock.advance(1);
			expect(attempts.length).toBe(before + 1);
		}
	});

	it("starts the back-off over only after it was online for a while", async () => {
		const { clock, recorder, open, last } = setUp();
		void open();
		const fall = async (onlineMs: number) => {
			await last().succeed();
			clock.advance(onlineMs);
			last().events.onEnd(passing("link-lost", "cut"));
			const state = recorder.states.at(-1);
			if (state?.state !== "waiting") throw new Error("not waiting");
			clock.advance(state.retryInMs);
			return state.retryInMs;
		};
		expect(await fall(10)).toBe(200);
		expect(await fall(10)).toBe(400);
		expect(await fall(10)).toBe(800);
		expect(await fall(5000)).toBe(200);
	});

	it("comes back soon when it loses a session that it got after a long outage", async () => {
		const { clock, recorder, open, last } = setUp();
		open().catch(() => {});
		await last().succeed();
		last().events.onEnd(down());
		for (let i = 0; i < 12; i++) {
			clock.advance(30_000);
			await last().fail(down());
		}
		expect(recorder.states.at(-1)).toMatchObject({ state: "waiting", retryInMs: 30_000 });
		clock.advance(30_000);
		await last().succeed();
		last().events.onEnd(down());
		expect(recorder.states.at(-1)).toMatchObject({ state: "waiting", retryInMs: 400 });
	});

	it("waits out a refusal that anybody may have made, once it was online", async () => {
		const { clock, recorder, open, last } = setUp();
		void open();
		await last().succeed();
		last().events.onEnd(down());
		for (let i = 0; i < 20; i++) {
			clock.advance(30_000);
			await last().fail(final("forbidden", "another certificate"));
			expect(recorder.states.at(-1)).toMatchObject({ state: "waiting", cause: { code: "forbidden" } });
		}
		clock.advance(30_000);
		await last().succeed();
		expect(recorder.states.at(-1)?.state).toBe("online");
	});

	it("gives an attempt up when it takes too long, saying how far it got, and ignores what comes of it later", async () => {
		const { clock, attempts, recorder, open } = setUp();
		void open();
		attempts[0]?.events.onStep("counting sheep");
		clock.advance(10_000);
		expect(recorder.states.at(-1)).toMatchObject({ state: "waiting", cause: { code: "link-lost" } });
		expect((recorder.states.at(-1) as { cause: BusError }).cause.message).toContain("counting sheep");
		expect(attempts[0]?.signal.aborted).toBe(true);
		const late = await attempts[0]?.succeed();
		expect(late?.log).toEqual(["destroy"]);
		expect(recorder.states.at(-1)?.state).toBe("waiting");
	});

	it("ends for good on a failure that no retry can mend, and open rejects with it", async () => {
		const { clock, attempts, recorder, link, open, last } = setUp();
		const opening = open();
		const failed = expect(opening).rejects.toMatchObject({ code: "unauthenticated" });
		await last().fail(final("unauthenticated", "wrong password"));
		await failed;
		clock.advance(3_600_000);
		expect(attempts).toHaveLength(1);
		expect(recorder.states.at(-1)).toMatchObject({ state: "closed", cause: { code: "unauthenticated" } });
		expect(() => link.send(message({}))).toThrow(expect.objectContaining({ code: "link-lost", executed: "no" }));
		expect(clock.pending).toBe(0);
	});

	it("ends for good on such a failure after it was online, too", async () => {
		const { clock, attempts, recorder, open, last } = setUp();
		void open();
		const session = await last().succeed();
		last().events.onEnd(final("conflict", "somebody else"));
		clock.advance(3_600_000);
		expect(attempts).toHaveLength(1);
		expect(session.log).toContain("destroy");
		expect(recorder.states.at(-1)).toMatchObject({ state: "closed", cause: { code: "conflict" } });
	});

	it("takes a conflict that refuses it after it was cut off for its own ghost, and asks again", async () => {
		const { clock, recorder, open, last } = setUp();
		void open();
		await last().succeed();
		last().events.onEnd(passing("link-lost", "cut"));
		clock.advance(1000);
		await last().fail(final("conflict", "taken"));
		expect(recorder.states.at(-1)).toMatchObject({ state: "waiting", cause: { code: "conflict" } });
		clock.advance(1000);
		await last().succeed();
		last().events.onEnd(final("conflict", "replaced"));
		expect(recorder.states.at(-1)).toMatchObject({ state: "closed", cause: { code: "conflict" } });
	});

	it("takes a conflict that refuses it from the start for another process", async () => {
		const { recorder, open, last } = setUp();
		const failed = expect(open()).rejects.toMatchObject({ code: "conflict" });
		await last().fail(final("conflict", "taken"));
		await failed;
		expect(recorder.states.at(-1)?.state).toBe("closed");
	});

	it("rejects open after its time limit with the last failure in the message, and stops trying", async () => {
		const { clock, recorder, link, last } = setUp();
		const opening = link.open(recorder, { timeoutMs: 150 });
		const failed = expect(opening).rejects.toMatchObject({
			code: "link-lost",
			executed: "no",
			message: "not connected to the XMPP server after 150 ms: down",
		});
		await last().fail(down());
		clock.advance(150);
		await failed;
		expect(link.state.state).toBe("closed");
		expect(clock.pending).toBe(0);
	});

	it("rejects open after its time limit with what the attempt under way was doing", async () => {
		const { clock, recorder, link, last } = setUp();
		const opening = link.open(recorder, { timeoutMs: 150 });
		const failed = expect(opening).rejects.toMatchObject({
			message: "not connected to the XMPP server after 150 ms: gave up while counting sheep",
		});
		last().events.onStep("counting sheep");
		clock.advance(150);
		await failed;
	});

	it("rejects open with the last failure also while there is another attempt", async () => {
		const { clock, recorder, link, attempts, last } = setUp();
		const opening = link.open(recorder, { timeoutMs: 5_000 });
		const failed = expect(opening).rejects.toMatchObject({
			message: "not connected to the XMPP server after 5000 ms: down; gave up while counting sheep",
		});
		await last().fail(down());
		clock.advance(1_000);
		expect(attempts).toHaveLength(2);
		last().events.onStep("counting sheep");
		clock.advance(4_000);
		await failed;
	});

	it("can be opened once only", async () => {
		const { open } = setUp();
		void open();
		await expect(open()).rejects.toMatchObject({ code: "invalid-argument" });
	});

	it("refuses to send while it is not online", async () => {
		const { link, open, last } = setUp();
		const offline = expect.objectContaining({ code: "link-lost", executed: "no" });
		expect(() => link.send(message({}))).toThrow(offline);
		expect(link.backlog).toBe(0);
		void open();
		expect(() => link.send(message({}))).toThrow(offline);
		const session = await last().succeed();
		link.send(message({}));
		expect(session.log).toEqual(["begin", "send message"]);
		expect(link.backlog).toBe(session.backlog);
		last().events.onEnd(passing("link-lost", "cut"));
		expect(() => link.send(message({}))).toThrow(offline);
	});

	it("closes in order from online, and at once from every other state", async () => {
		const online = setUp();
		void online.open();
		const session = await online.last().succeed();
		await online.link.close();
		await online.link.close();
		expect(session.log).toEqual(["begin", "close"]);
		expect(online.states()).toBe("connecting online closed");

		const waiting = setUp();
		const opening = expect(waiting.open()).rejects.toMatchObject({ code: "cancelled" });
		await waiting.last().fail(down());
		await waiting.link.close();
		await opening;
		expect(waiting.clock.pending).toBe(0);

		const connecting = setUp();
		const opening2 = expect(connecting.open()).rejects.toMatchObject({ code: "cancelled" });
		connecting.link.destroy();
		connecting.link.destroy();
		await opening2;
		expect(connecting.last().signal.aborted).toBe(true);
		expect(connecting.states()).toBe("connecting closed");
	});

	it("may be closed by its own listener at any moment", async () => {
		for (const when of ["connecting", "online", "waiting"] as const) {
			const { clock, attempts, link, last } = setUp();
			const seen: string[] = [];
			const opening = link
				.open(
					{
						onStanza: () => {},
						onState: (state) => {
							seen.push(state.state);
							if (state.state === when) link.destroy(new BusError("cancelled", "enough"));
						},
					},
					{ timeoutMs: 1000 },
				)
				.catch(() => {});
			if (when === "online") {
				const session = await last().succeed();
				expect(session.log).toEqual(["destroy"]);
			}
			if (when === "waiting") await last().fail(down());
			await opening;
			expect(seen.at(-1)).toBe("closed");
			clock.advance(100_000);
			expect(attempts.length).toBeLessThanOrEqual(1);
			expect(clock.pending).toBe(0);
		}
	});

	it("is not broken by a listener that throws, and a warning tells of the first time", async () => {
		const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
		const { link, last } = setUp();
		const seen: string[] = [];
		const opening = link.open(
			{
				onStanza: (stanza) => {
					seen.push(stanza.name);
					throw new Error("of the application");
				},
				onState: (state) => {
					seen.push(state.state);
					throw new Error("of the application");
				},
			},
			{ timeoutMs: 1000 },
		);
		await last().succeed();
		await opening;
		last().events.onStanza(message({}));
		last().events.onStanza(message({}));
		expect(seen).toEqual(["connecting", "online", "message", "message"]);
		expect(warned).toHaveBeenCalledTimes(1);
		expect(warned.mock.calls[0]?.[0]).toContain("of the application");
		warned.mockRestore();
	});

	it("hears nothing of a session that is over", async () => {
		const { clock, recorder, open, last } = setUp();
		void open();
		await last().succeed();
		const old = last();
		old.events.onEnd(passing("link-lost", "cut"));
		clock.advance(1000);
		await last().succeed();
		const states = recorder.states.length;
		old.events.onStanza(message({}));
		old.events.onEnd(final("conflict", "late") satisfies LinkFailure);
		expect(recorder.stanzas).toEqual([]);
		expect(recorder.states.length).toBe(states);
	});
});
