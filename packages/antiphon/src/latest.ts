/**
 * Gives what happens to any number of readers, each an async iterable. A reader that is slow misses states in between
 * and gets the newest: a state is worth no queue.
 */
export class Latest<T> {
	#value: T;
	#version = 0;
	#ended = false;
	#wake: (() => void)[] = [];

	constructor(initial: T) {
		this.#value = initial;
	}

	get value(): T {
		return this.#value;
	}

	set(value: T): void {
		if (this.#ended) return;
		this.#value = value;
		this.#version++;
		for (const wake of this.#wake.splice(0)) wake();
	}

	/** Readers get the last value and end. */
	end(): void {
		this.#ended = true;
		for (const wake of this.#wake.splice(0)) wake();
	}

	async *read(): AsyncGenerator<T, void, undefined> {
		for (let seen = -1; ; ) {
			if (seen !== this.#version) {
				seen = this.#version;
				yield this.#value;
			} else if (this.#ended) {
				return;
			} else {
				await new Promise<void>((resolve) => this.#wake.push(resolve));
			}
		}
	}
}
