import { BusError, type BusErrorCode } from "@antiphon/protocol";

/** Why a connection attempt or a stream came to its end, and whether another attempt may do better. */
export class LinkFailure extends Error {
	override readonly name = "LinkFailure";
	readonly error: BusError;
	/**
	 * No retry can mend this, if it is true: wrong password, wrong domain, bad certificate, somebody else has the address.
	 * Whether it is believed depends on who said it, and when: see `RetryPolicy`.
	 */
	readonly final: boolean;
	/** Nobody but the server can have said so. Before TLS, and in the handshake, anybody on the way can. */
	readonly authentic: boolean;

	constructor(error: BusError, final: boolean, authentic = false) {
		super(error.message, { cause: error });
		this.error = error;
		this.final = final;
		this.authentic = authentic;
	}

	static from(thrown: unknown): LinkFailure {
		return thrown instanceof LinkFailure ? thrown : new LinkFailure(BusError.from(thrown), false);
	}

	/** The same, as it was heard on this wire. */
	heardOn(wire: { readonly authentic: boolean }): LinkFailure {
		return new LinkFailure(this.error, this.final, wire.authentic);
	}
}

/** A failure that another attempt may mend. */
export function passing(code: BusErrorCode, message: string, cause?: unknown): LinkFailure {
	return new LinkFailure(new BusError(code, message, { executed: "no", cause }), false);
}

/** A failure that ends the link, if it is to be believed. */
export function final(code: BusErrorCode, message: string, cause?: unknown): LinkFailure {
	return new LinkFailure(new BusError(code, message, { executed: "no", cause }), true);
}
