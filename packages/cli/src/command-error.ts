/** The command line, or a file that it names, is wrong: said in one line for each problem, exit status 2. */
export class UsageError extends Error {
	override readonly name = "UsageError";
	/** Further problems, a line each. */
	readonly others: readonly string[];

	constructor(message: string, others: readonly string[] = []) {
		super(message);
		this.others = others;
	}
}
