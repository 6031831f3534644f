import type { OutcomeText, QueueResult } from "@antiphon/delivery";
import { BusError, type Outcome } from "@antiphon/protocol";
import { parseElement } from "@antiphon/xml";
import { errorOfRefusal } from "antiphon/modules";

/** An outcome that the queue has kept. */
export function outcomeOf({ text, code, name, executed }: OutcomeText): Outcome {
	return { element: parseElement(text), code, name, executed };
}

/** Why a question to the queue was not answered as it should be: it was refused. */
export function unexpected(result: QueueResult): BusError {
	if (result.is === "refused") return errorOfRefusal(result.refusal);
	return new BusError("internal", `the queue has answered ${result.is}`);
}
