import { BusError, type BusErrorCode } from "@antiphon/protocol";

/** Why a connection attempt or a stream came to its end, and whether another attempt may do better. */
export class LinkFailure extends Error {
	override readonly name = "LinkFailure";
	readonly error: BusError;
	/** No retry can mend this: wrong password, wrong domain, bad certificate, somebody else has the address. */
	readonly final: boolean;

	constructor(error: BusError, final: boolean) {
		super(error.message, { cause: error });
		this.error = error;
		this.final = final;
	}

	static from(thrown: unknown): LinkFailure {
		return thrown instanceof LinkFailure ? thrown : new LinkFailure(BusError.from(thrown), false);
	}
}

/** A failure that another attempt may mend. */
export function passing(code: BusErrorCode, message: string, cause?: unknown): LinkFailure {
	return new LinkFailure(new BusError(code, message, { executed: "no", cause }), false);
}

/** A failure that ends the link. */
export function final(code: BusErrorCode, message: string, cause?: unknown): LinkFailure {
	return new LinkFailure(new BusError(code, message, { executed: "no", cause }), true);
}
