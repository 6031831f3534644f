/** Undoes what was done: a LIFO stack of clean-up steps, run once. A step that throws does not keep the others from running. */
export class Scope implements Disposable {
	#steps: (() => void)[] = [];
	#closed = false;

	/** Adds a step. On a closed scope it runs at once, so nothing can slip through. */
	defer(step: () => void): void {
		if (this.#closed) step();
		else this.#steps.push(step);
	}

	[Symbol.dispose](): void {
		this.#closed = true;
		const failures: unknown[] = [];
		for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
			try {
				step();
			} catch (error) {
				failures.push(error);
			}
		}
		if (failures.length > 0) throw new AggregateError(failures, `${failures.length} clean-up step(s) failed`);
	}
}
