import type { QueueResult } from "@antiphon/delivery";
import { BusError } from "@antiphon/protocol";
import { errorOfRefusal } from "antiphon/modules";

/** Why a question to the queue was not answered as it should be: it was refused. */
export function unexpected(result: QueueResult): BusError {
	if (result.is === "refused") return errorOfRefusal(result.refusal);
	return new BusError("internal", `the queue has answered ${result.is}`);
}
