import { BusError, type BusErrorCode } from "@antiphon/protocol";

/** Of this node: what ends the waiting and not the call. */
const OF_WAITING: ReadonlySet<BusErrorCode> = new Set<BusErrorCode>(["deadline-exceeded", "cancelled", "link-lost"]);

/** The same error, and which durable call it is about. */
export function about(callId: string, thrown: unknown): BusError {
	const error = BusError.from(thrown);
	return error.callId === undefined ? changed(error, { callId }) : error;
}

/**
 * Waits for what is asked about a durable call. Who does not wait any longer is told how to find it again.
 * @param waited rejects with an error of this node or of the domain, and not with the outcome of the call
 * @param what is to be said when the waiting ends
 * @throws BusError that names the call, unless it has left no trace
 */
export async function asked<T>(callId: string, waited: Promise<T>, what: string): Promise<T> {
	try {
		return await waited;
	} catch (thrown) {
		const error = BusError.from(thrown);
		if (error.executed === "no") throw error;
		if (!OF_WAITING.has(error.code)) throw about(callId, error);
		// Who has ended the waiting knows it, unless that was the end of the node.
		const message = error.code === "link-lost" ? `${error.message}: ${what}` : what;
		throw changed(error, { callId, goesOn: true, message, cause: error });
	}
}

/** How a call is found again, for the end of a sentence. */
export function foundBy(callId: string): string {
	return `node.outcome("${callId}") waits for it, node.cancel() ends it`;
}

interface Changes {
	readonly callId?: string;
	readonly goesOn?: boolean;
	readonly message?: string;
	readonly cause?: BusError;
}

export function changed(error: BusError, { message = error.message, ...changes }: Changes): BusError {
	const { code, executed, name, data, retryAfterMs, callId, goesOn, cause } = error;
	return new BusError(code, message, {
		executed,
		name,
		data,
		cause,
		goesOn,
		...(retryAfterMs !== undefined && { retryAfterMs }),
		...(callId !== undefined && { callId }),
		...changes,
	});
}
