import type { OutcomeEffect, QueueEvent } from "@antiphon/delivery";
import { BusError, decodeFault, decodeReceived, decodeStanzaError, encodeOutcomes, Jid } from "@antiphon/protocol";
import { BACKLOG, batches, type NodeHost, outcomeFrom } from "antiphon/modules";

/** How long a caller may take to say that it has an outcome, in milliseconds, and how often it is told. */
const RECEIVED_WITHIN_MS = 10_000;
const MAX_TIMES = 3;
/** What is being told, in bytes. What finds no room is not told: a caller that hears nothing asks. */
const MAX_UNRECEIVED_BYTES = 16 * 1024 * 1024;

type Batch = readonly [OutcomeEffect, ...OutcomeEffect[]];

/** Tells callers of outcomes until they have received them, or are gone. */
export class ToldOutcomes {
	readonly #node: NodeHost;
	readonly #domain: string;
	readonly #tell: (event: QueueEvent) => void;
	#unreceivedBytes = 0;

	constructor(node: NodeHost, domain: string, tell: (event: QueueEvent) => void) {
		this.#node = node;
		this.#domain = domain;
		this.#tell = tell;
	}

	tell(effects: readonly OutcomeEffect[]): void {
		const keyOf = ({ to, fn }: OutcomeEffect) => `${to} ${serviceOf(fn)}`;
		for (const batch of batches(effects, keyOf, bytesOf)) void this.#tellBatch(batch);
	}

	/** Never rejects. */
	async #tellBatch(batch: Batch): Promise<void> {
		const bytes = batch.reduce((sum, each) => sum + bytesOf(each), 0);
		if (this.#unreceivedBytes + bytes > MAX_UNRECEIVED_BYTES || this.#node.backlog > BACKLOG.calls) return;
		this.#unreceivedBytes += bytes;
		try {
			if (!(await this.#isReached(batch))) this.#tell({ type: "caller-gone", address: batch[0].to });
		} catch (thrown) {
			this.#node.log.error(`the outcomes for ${batch[0].to} cannot be told: ${BusError.from(thrown).message}`);
		} finally {
			this.#unreceivedBytes -= bytes;
		}
	}

	/** Tells it until somebody answers. */
	async #isReached(batch: Batch): Promise<boolean> {
		const [{ to, fn }] = batch;
		const calls = batch.map(({ id, attempts, outcome }) => ({ id, attempts, outcome: outcomeFrom(outcome) }));
		const payload = encodeOutcomes(calls);
		const [asked, from] = [Jid.parse(to), Jid.of(serviceOf(fn), this.#domain)];
		for (let times = 1; times <= MAX_TIMES; times++) {
			try {
				const timeoutMs = RECEIVED_WITHIN_MS;
				const answer = await this.#node.ask({ type: "set", to: asked, from, payload, timeoutMs });
				if (answer.attr("type") === "error") throw decodeFault(decodeStanzaError(answer), asked);
				decodeReceived(answer.child());
				return true;
			} catch (thrown) {
				if (BusError.from(thrown).code !== "deadline-exceeded") return false;
			}
		}
		return false;
	}
}

const serviceOf = (fn: string) => fn.slice(0, fn.indexOf("."));

const bytesOf = ({ outcome }: OutcomeEffect) => Buffer.byteLength(outcome.text);
