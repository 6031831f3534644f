import type { StoreError } from "@antiphon/delivery";
import type { Delivery } from "../delivery.js";
import type { Disk } from "../disk.js";
import type { Happening, History } from "../history.js";
import type { Machine, Process } from "../machine.js";
import type { Network, Stanza } from "../network.js";
import type { Options } from "../options.js";
import type { Random } from "../random.js";
import type { Schedule } from "../schedule.js";
import { type Body, DOMAIN, wrongWith } from "../wire.js";
import { type Answer, Requests } from "./requests.js";

/** What all who take part are made from. */
export interface NodeParts {
	readonly delivery: Delivery;
	readonly options: Options;
	readonly schedule: Schedule;
	readonly random: Random;
	readonly network: Network<Body>;
	readonly history: History;
	readonly machine: Machine;
	readonly disk: Disk;
	/** Where each instance is registered. The domain's registry is taken to be right: it has tests of its own. */
	readonly registry: Map<string, string>;
	/** The number of the next run of a handler in all of the world. */
	nextRun(): number;
}

/** What a program of a process does when something comes to it. */
export interface Program {
	/** A session stands: under this address. */
	online(address: string): void;
	offline(): void;
	/** Something that is to be answered, with `answer`, or is a hint. */
	receive(stanza: Stanza<Body>): void;
}

const RESTART_MS = 1_000;
/** How long it is down after its disk has failed. */
const REPAIR_MS = 5_000;

/** A machine with a program on it that is started again whenever it dies, and its session with the server. */
export abstract class Node {
	protected readonly parts: NodeParts;
	protected readonly random: Random;
	/** Stays down, when it is down. */
	#isGone = false;
	#address: string | undefined;
	#sessions = 0;
	#program: Program | undefined;
	#requests: Requests | undefined;
	/** Of the process that runs, or has run last. */
	#number = 0;
	#isRestartDue = false;

	constructor(parts: NodeParts) {
		this.parts = parts;
		this.random = parts.random.stream(parts.machine.name);
	}

	get name(): string {
		return this.parts.machine.name;
	}

	get machine(): Machine {
		return this.parts.machine;
	}

	get disk(): Disk {
		return this.parts.disk;
	}

	/** The program, made anew from what is on the disk. */
	protected abstract program(process: Process): Program;
	/** The address of a session, each time another one. */
	protected abstract addressFor(session: number): string;

	start(): void {
		if (this.#isGone || this.machine.process !== undefined) return;
		const process = this.machine.start(() => this.#died(RESTART_MS));
		this.#number = process.number;
		this.#note({ type: "process", machine: this.name, process: process.number, is: "started" });
		this.#requests = new Requests(this.parts.network, process);
		try {
			this.#program = this.program(process);
		} catch (error) {
			this.#note({ type: "wrong", rule: 0, what: `${this.name} cannot start: ${(error as Error).stack}` });
			this.#isGone = true;
			this.kill(0);
			return;
		}
		this.#connectSoon(process);
	}

	/** @param forMs how long it stays down */
	kill(forMs: number): void {
		if (this.machine.process === undefined) return;
		this.machine.kill();
		this.#died(forMs);
	}

	/** Down for good. */
	remove(): void {
		this.#isGone = true;
		this.kill(0);
	}

	/** Its session ends, and it gets another one. */
	relink(): void {
		const process = this.machine.process;
		if (this.#address === undefined || process === undefined) return;
		this.#detach();
		process.run(() => this.closed());
	}

	/** The server, or somebody on the way, has closed its session. */
	closed(): void {
		const process = this.machine.process;
		if (process === undefined) return;
		this.#detach();
		this.#program?.offline();
		this.#requests?.lost();
		this.#connectSoon(process);
	}

	protected note(process: Process, happening: Happening): void {
		if (!process.isOver) this.#note(happening);
	}

	protected wrong(process: Process, what: string): void {
		this.note(process, { type: "wrong", rule: 0, what: `${this.name}: ${what}` });
	}

	/** The engine has ended, and with it the process: what has failed is started anew, and read again. */
	protected ended(process: Process, error: StoreError): void {
		const cause = error.cause instanceof Error ? `: ${error.cause.stack}` : "";
		if (!this.disk.hasFailed) this.wrong(process, `its engine ended: ${error.message}${cause}`);
		this.kill(REPAIR_MS);
	}

	/** Nothing comes of it without a session. */
	protected ask(to: string, body: Body, timeoutMs: number, done: (answer: Answer) => void): void {
		if (this.#address === undefined) {
			this.machine.process?.clock.after(0, () => done({ is: "error", executed: "no" }));
			return;
		}
		const wrong = wrongWith(body);
		if (wrong !== undefined) this.#note({ type: "wrong", rule: 11, what: `${this.name}: ${wrong}` });
		this.#requests?.ask(this.fromFor(to, this.#address), to, body, timeoutMs, done);
	}

	protected hint(process: Process, to: string, body: Body): void {
		if (this.#address === undefined || !process.acts()) return;
		this.parts.network.send({ kind: "headline", id: "", from: this.fromFor(to, this.#address), to, body });
	}

	protected answer(process: Process, { id, from, to }: Stanza<Body>, body: Body): void {
		if (this.#address === undefined || !process.acts()) return;
		this.parts.network.send({ kind: "result", id, from: to, to: from, body });
	}

	/** An answer to what nobody has asked it. */
	protected forge(process: Process, to: string, id: string, body: Body): void {
		if (this.#address !== undefined) this.answer(process, { kind: "set", id, from: to, to: this.#address, body }, body);
	}

	/** Which of its names it speaks with. */
	protected fromFor(_to: string, address: string): string {
		return address;
	}

	#connectSoon(process: Process): void {
		process.clock.after(this.random.spread(10, 3_000), () => this.#connect(process));
	}

	#connect(process: Process): void {
		if (this.#address !== undefined) return;
		const address = this.addressFor(++this.#sessions);
		const port = {
			process,
			receive: (stanza: Stanza<Body>) => {
				if (this.#address !== address) return;
				if (stanza.kind === "result" || stanza.kind === "error") this.#requests?.answered(stanza);
				else this.#program?.receive(stanza);
			},
			closed: () => {
				if (this.#address === address) this.closed();
			},
		};
		if (!this.parts.network.attach(address, port)) {
			this.#connectSoon(process);
			return;
		}
		this.#address = address;
		this.#program?.online(address);
	}

	#detach(): void {
		if (this.#address === undefined) return;
		const { network } = this.parts;
		network.detach(this.#address);
		// As the server sees it: presence of type unavailable.
		network.send({ kind: "headline", id: "", from: this.#address, to: DOMAIN, body: { is: "unavailable" } });
		this.#address = undefined;
	}

	#died(forMs: number): void {
		this.#note({ type: "process", machine: this.name, process: this.#number, is: "dead" });
		this.#detach();
		this.disk.crash();
		this.#program = undefined;
		if (this.#isRestartDue) return;
		this.#isRestartDue = true;
		this.parts.schedule.after(Math.max(1, forMs), () => {
			this.#isRestartDue = false;
			this.start();
		});
	}
	#note(happening: Happening): void {
		this.parts.history.add(happening);
	}
}
