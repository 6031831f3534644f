import { BusError } from "antiphon";

/** What was answered, or the refusal. @throws BusError where asking further makes no sense */
export async function orRefusal<T>(answer: Promise<T>): Promise<T | BusError> {
	try {
		return await answer;
	} catch (thrown) {
		const error = BusError.from(thrown);
		if (error.code === "link-lost" || error.code === "deadline-exceeded" || error.code === "cancelled") throw error;
		return error;
	}
}
