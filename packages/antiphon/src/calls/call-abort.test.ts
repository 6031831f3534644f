import { BusError } from "@antiphon/protocol";
import { describe, expect, it, vi } from "vitest";
import { CallAbort } from "./call-abort.js";

describe("CallAbort", () => {
	const reason = new BusError("cancelled", "first");

	it("gives one signal, which aborts with the first reason", () => {
		const abort = new CallAbort();
		const { signal } = abort;
		const listener = vi.fn();
		signal.addEventListener("abort", listener);
		expect(abort.signal).toBe(signal);
		expect([signal.aborted, abort.reason]).toEqual([false, undefined]);
		abort.abort(reason);
		abort.abort(new BusError("unavailable", "second"));
		expect(listener).toHaveBeenCalledOnce();
		expect([signal.reason, abort.reason]).toEqual([reason, reason]);
	});

	it("calls back once, and not when that was called off", () => {
		const abort = new CallAbort();
		const [early, late] = [vi.fn(), vi.fn()];
		abort.onAbort(early)();
		abort.onAbort(late);
		abort.abort(reason);
		abort.abort(reason);
		expect(early).not.toHaveBeenCalled();
		expect(late).toHaveBeenCalledExactlyOnceWith(reason);
	});

	it("calls back everybody who wants to know", () => {
		const abort = new CallAbort();
		const listeners = [vi.fn(), vi.fn()];
		for (const listener of listeners) abort.onAbort(listener);
		abort.abort(reason);
		for (const listener of listeners) expect(listener).toHaveBeenCalledExactlyOnceWith(reason);
	});

	it("gives an aborted signal to whoever asks afterwards", () => {
		const abort = new CallAbort();
		abort.abort(reason);
		expect(abort.signal.aborted).toBe(true);
		expect(abort.signal.reason).toBe(reason);
	});
});
