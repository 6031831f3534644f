import type { XmlStream } from "./xml-stream.js";

/** Counts who is connected but not logged in. */
export interface LoginGate {
	unauthenticated: number;
}

/** Gives a stream its time to log in. @returns what ends that, because it has logged in or is gone; idempotent */
export function loginDeadline(gate: LoginGate, timeoutMs: number, stream: XmlStream): () => void {
	gate.unauthenticated++;
	const timer = setTimeout(() => {
		stream.fail("connection-timeout", `not logged in after ${timeoutMs} ms (limits.loginTimeoutMs)`);
	}, timeoutMs);
	let ended = false;
	return () => {
		if (ended) return;
		ended = true;
		clearTimeout(timer);
		gate.unauthenticated--;
	};
}
