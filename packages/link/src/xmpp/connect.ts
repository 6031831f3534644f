import { connect, type Socket } from "node:net";
import { final, type LinkFailure, passing } from "../failure.js";
import type { StreamSettings } from "../options.js";
import type { LinkEnvironment } from "./environment.js";
import type { Target } from "./srv.js";
import { startTls } from "./tls.js";
import { Wire } from "./wire.js";

export interface ConnectContext {
	readonly settings: StreamSettings;
	readonly environment: LinkEnvironment;
	readonly signal: AbortSignal;
	readonly contentNs?: { readonly from: string; readonly to: string };
	onStep(doing: string): void;
}

/**
 * Connects to the first target that can be reached. Each may use an equal share of the time that is left, so that one
 * that swallows packets does not keep the others from being tried.
 * @throws LinkFailure of the last target; a certificate that is refused ends the search
 */
export async function connectFirst(targets: readonly Target[], context: ConnectContext): Promise<Wire> {
	const { clock } = context.environment;
	const deadline = clock.now() + context.settings.attemptMs;
	let last: LinkFailure = passing("link-lost", "there is no server to connect to");
	for (const [index, target] of targets.entries()) {
		// Given up before this target's turn came: nobody would hear of the connection.
		if (context.signal.aborted) throw passing("cancelled", "the attempt was given up");
		const share = new AbortController();
		const giveUp = () => share.abort();
		const cancel = clock.after((deadline - clock.now()) / (targets.length - index), giveUp);
		context.signal.addEventListener("abort", giveUp);
		try {
			return await connectOne(target, context, share.signal);
		} catch (error) {
			last = error as LinkFailure;
			// A target that does not speak TLS says nothing about the next one.
			if ((last.final && last.error.code === "forbidden") || context.signal.aborted) throw last;
		} finally {
			cancel();
			context.signal.removeEventListener("abort", giveUp);
		}
	}
	throw last;
}

async function connectOne(target: Target, context: ConnectContext, signal: AbortSignal): Promise<Wire> {
	const { settings, environment } = context;
	context.onStep(`connecting to ${target.host}:${target.port}`);
	let socket = await connectTcp(target, signal);
	const loopback = environment.isLoopback(socket.remoteAddress ?? "");
	if (target.directTls) {
		context.onStep(`in the TLS handshake with ${target.host}:${target.port}`);
		try {
			socket = await startTls(socket, { ...settings.tls, verify: !settings.insecure }, signal);
		} catch (error) {
			throw isPlaintext(error as LinkFailure) ? plaintextAnswered(target, error) : error;
		}
	}
	return new Wire(socket, {
		maxStanzaBytes: settings.maxIncomingStanzaBytes,
		encrypted: target.directTls,
		verified: target.directTls && !settings.insecure,
		loopback,
		// With a `ca`, loopback is the near end of a tunnel: TLS is meant to reach beyond it.
		authentic: (target.directTls && !settings.insecure) || (loopback && settings.tls.ca === undefined),
		...(context.contentNs !== undefined && { contentNs: context.contentNs }),
	});
}

/** Was the answer to the first TLS record none? */
function isPlaintext({ error }: LinkFailure): boolean {
	return (error.cause as NodeJS.ErrnoException | undefined)?.code === "ERR_SSL_WRONG_VERSION_NUMBER";
}

function plaintextAnswered({ host, port }: Target, cause: unknown): LinkFailure {
	const advice = "Try xmpp:// instead of xmpps://: it uses STARTTLS where that is offered";
	return final("link-lost", `${host}:${port} does not speak TLS. ${advice}`, cause);
}

function connectTcp(target: Target, signal: AbortSignal): Promise<Socket> {
	const where = `${target.host}:${target.port}`;
	return new Promise((resolve, reject) => {
		const socket = connect({ host: target.host, port: target.port, noDelay: true });
		// Stays: between two owners of the socket an error must not go unheard, or Node ends the process.
		socket.on("error", () => {});
		const cleanUp = () => {
			socket.off("error", onError).off("connect", onConnect);
			signal.removeEventListener("abort", onAbort);
		};
		const stop = (failure: LinkFailure) => {
			cleanUp();
			socket.destroy();
			reject(failure);
		};
		const onError = (error: Error & { code?: string }) =>
			stop(passing("link-lost", `no connection to ${where}: ${error.message || error.code}`, error));
		const onAbort = () => stop(passing("link-lost", `no connection to ${where}: no answer in time`));
		const onConnect = () => {
			cleanUp();
			resolve(socket);
		};
		socket.on("error", onError).on("connect", onConnect);
		signal.addEventListener("abort", onAbort);
		if (signal.aborted) onAbort();
	});
}
