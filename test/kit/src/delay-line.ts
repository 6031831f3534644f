/** Where a delay line takes from and gives to. */
export interface DelayLineEnds {
	/** Returns false when the receiver is full, until `drained()` is called. */
	write(chunk: Buffer): boolean;
	end(): void;
	pause(): void;
	resume(): void;
}

/** One direction of a proxied connection: chunks leave in order, none before its time. */
export interface DelayLine {
	push(chunk: Buffer, delayMs: number): void;
	/** The sender has finished; passed on after what is still on its way. */
	end(delayMs: number): void;
	drained(): void;
	/** While held, nothing is taken and nothing leaves. */
	hold(held: boolean): void;
	/** Drops everything and stops the clock. */
	close(): void;
}

/** Overflow policy: the sender is paused, until half of this is gone. */
const MAX_BYTES = 1024 * 1024;

/** Starts held, with a sender that must be paused; `hold(false)` starts it. */
export function delayLine(ends: DelayLineEnds): DelayLine {
	const queue: { readonly chunk: Buffer | undefined; readonly dueAt: number }[] = [];
	let queuedBytes = 0;
	let full = false;
	let held = true;
	let paused = true;
	let timer: NodeJS.Timeout | undefined;

	function flush(): void {
		clearTimeout(timer);
		timer = undefined;
		while (!full && !held) {
			const head = queue[0];
			if (head === undefined) break;
			const waitMs = head.dueAt - performance.now();
			if (waitMs > 0) {
				timer = setTimeout(flush, Math.ceil(waitMs));
				break;
			}
			queue.shift();
			if (head.chunk === undefined) ends.end();
			else {
				queuedBytes -= head.chunk.length;
				full = !ends.write(head.chunk);
			}
		}
		const mustPause = held || full || queuedBytes > (paused ? MAX_BYTES / 2 : MAX_BYTES);
		if (mustPause === paused) return;
		paused = mustPause;
		if (paused) ends.pause();
		else ends.resume();
	}

	function enqueue(chunk: Buffer | undefined, delayMs: number): void {
		// It waits for its predecessor in any case, also when the delay has just been made shorter.
		queue.push({ chunk, dueAt: performance.now() + delayMs });
		queuedBytes += chunk?.length ?? 0;
		flush();
	}

	return {
		push: enqueue,
		end: (delayMs) => enqueue(undefined, delayMs),
		drained() {
			full = false;
			flush();
		},
		hold(nowHeld) {
			held = nowHeld;
			flush();
		},
		close() {
			clearTimeout(timer);
			queue.length = 0;
			held = true;
		},
	};
}
