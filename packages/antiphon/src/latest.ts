/**
 * Gives what happens to any number of readers, each an async iterable. A reader that is slow misses states in between
 * and gets the newest: a state is worth no queue.
 */
export class Latest<T> {
	#value: T;
	/** Goes up with each value, so that a reader knows whether it has seen this one. */
	#version = 0;
	#ended = false;
	readonly #waiting = new Set<Reader<T>>();

	constructor(initial: T) {
		this.#value = initial;
	}

	set(value: T): void {
		if (this.#ended) return;
		this.#value = value;
		this.#version++;
		this.#wake();
	}

	/** Readers get the last value and end. */
	end(): void {
		this.#ended = true;
		this.#wake();
	}

	/** From the value of now on. */
	read(): AsyncIterableIterator<T> {
		let seen = -1;
		const reader: Reader<T> = new Reader({
			poll: () => {
				if (seen === this.#version) return this.#ended ? { done: true, value: undefined } : undefined;
				seen = this.#version;
				return { done: false, value: this.#value };
			},
			wait: () => void this.#waiting.add(reader),
			leave: () => void this.#waiting.delete(reader),
		});
		return reader;
	}

	#wake(): void {
		for (const reader of [...this.#waiting]) reader.wake();
	}
}

interface Source<T> {
	/** What is there for this reader, if there is something. */
	poll(): IteratorResult<T, undefined> | undefined;
	/** Asks to be woken at the next change. */
	wait(): void;
	leave(): void;
}

/** Not a generator: the `return()` of one would wait until its pending `next()` has got something. */
class Reader<T> implements AsyncIterableIterator<T> {
	readonly #source: Source<T>;
	#pending: ((result: IteratorResult<T, undefined>) => void)[] = [];
	#done = false;

	constructor(source: Source<T>) {
		this.#source = source;
	}

	next(): Promise<IteratorResult<T, undefined>> {
		return new Promise((resolve) => {
			this.#pending.push(resolve);
			this.wake();
		});
	}

	return(): Promise<IteratorResult<T, undefined>> {
		this.#done = true;
		this.wake();
		return Promise.resolve({ done: true, value: undefined });
	}

	wake(): void {
		while (this.#pending.length > 0) {
			const result = this.#done ? { done: true as const, value: undefined } : this.#source.poll();
			if (result === undefined) {
				this.#source.wait();
				return;
			}
			this.#pending.shift()?.(result);
		}
		this.#source.leave();
	}

	[Symbol.asyncIterator](): this {
		return this;
	}
}
