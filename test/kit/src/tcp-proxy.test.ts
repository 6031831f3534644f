import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.js";

describe("A TCP proxy of the kit", () => {
	let echo: Server;
	let proxy: TcpProxy;
	const sockets: Socket[] = [];

	beforeEach(async () => {
		echo = createServer((socket) => socket.on("error", () => {}).pipe(socket));
		echo.listen(0, "127.0.0.1");
		await once(echo, "listening");
		proxy = await startTcpProxy({ target: { port: (echo.address() as AddressInfo).port } });
	});
	afterEach(async () => {
		for (const socket of sockets.splice(0)) socket.destroy();
		await proxy.stop();
		echo.close();
	});

	async function open(port = proxy.port): Promise<{ socket: Socket; received: () => string; outcome: () => string }> {
		let text = "";
		let outcome = "open";
		const socket = connect({ port, host: "127.0.0.1" });
		sockets.push(socket);
		socket.setEncoding("utf8").on("data", (more: string) => {
			text += more;
		});
		socket.on("end", () => {
			outcome = "ended";
		});
		socket.on("error", (error: NodeJS.ErrnoException) => {
			outcome = error.code ?? "error";
		});
		await Promise.race([once(socket, "connect"), once(socket, "close")]).catch(() => {});
		return { socket, received: () => text, outcome: () => outcome };
	}
	const soon = { timeout: 10_000, interval: 5 };

	it("forwards both ways and passes an end on after the data", async () => {
		const { socket, received, outcome } = await open();
		const text = "x".repeat(3_000_000);
		socket.end(text);
		await expect.poll(outcome, soon).toBe("ended");
		expect(received()).toBe(text);
		expect(proxy.bytes).toEqual({ up: text.length, down: text.length });
		await expect.poll(() => proxy.open, soon).toBe(0);
		expect(proxy.accepted).toBe(1);
	});

	it("holds everything back while it is stalled, takes new connections without a word, and then delivers all", async () => {
		const early = await open();
		early.socket.write("one");
		await expect.poll(early.received, soon).toBe("one");
		proxy.stall();
		const { up } = proxy.bytes;
		early.socket.write("two");
		const late = await open();
		late.socket.write("three");
		// Far more than the kernel holds: the sender's buffers stay full.
		for (let i = 0; i < 200; i++) early.socket.write("z".repeat(100_000));
		await expect.poll(() => early.socket.writableLength, soon).toBeGreaterThan(1_000_000);
		// A bystander's round trips to the same server give time for what must not happen.
		await using other = await startTcpProxy({ target: { port: (echo.address() as AddressInfo).port } });
		const bystander = await open(other.port);
		for (let i = 1; i <= 20; i++) {
			bystander.socket.write("x");
			await expect.poll(() => bystander.received().length, soon).toBe(i);
		}
		expect(proxy.bytes.up).toBe(up);
		expect([early.outcome(), late.outcome()]).toEqual(["open", "open"]);
		expect([early.received(), late.received()]).toEqual(["one", ""]);
		proxy.resume();
		await expect.poll(() => early.received().length, soon).toBe(6 + 20_000_000);
		await expect.poll(late.received, soon).toBe("three");
	});

	it("is deaf to its clients when only their direction is stalled, for new connections too", async () => {
		const speakers: Socket[] = [];
		const speaker = createServer((socket) => void speakers.push(socket.on("error", () => {})));
		speaker.listen(0, "127.0.0.1");
		await once(speaker, "listening");
		await using deaf = await startTcpProxy({ target: { port: (speaker.address() as AddressInfo).port } });
		const early = await open(deaf.port);
		await expect.poll(() => speakers.length, soon).toBe(1);
		deaf.stall("up");
		const late = await open(deaf.port);
		await expect.poll(() => speakers.length, soon).toBe(2);
		for (const { socket } of [early, late]) socket.write("unheard");
		for (const [index, client] of [early, late].entries()) {
			speakers[index]?.write("said");
			await expect.poll(client.received, soon).toBe("said");
		}
		expect(deaf.bytes.up).toBe(0);
		deaf.resume();
		await expect.poll(() => deaf.bytes.up, soon).toBe(14);
		for (const socket of speakers) socket.destroy();
		speaker.close();
	});

	it("cuts with a reset or hangs up with an end, and still takes new connections", async () => {
		const first = await open();
		first.socket.write("one");
		await expect.poll(first.received, soon).toBe("one");
		proxy.cut();
		await expect.poll(first.outcome, soon).toBe("ECONNRESET");
		const second = await open();
		second.socket.write("two");
		await expect.poll(second.received, soon).toBe("two");
		proxy.hangUp();
		await expect.poll(second.outcome, soon).toBe("ended");
		expect(proxy.accepted).toBe(2);
	});

	it("refuses new connections and later takes them again on the same port", async () => {
		const before = await open();
		await proxy.refuse();
		expect((await open()).outcome()).toBe("ECONNREFUSED");
		before.socket.write("still here");
		await expect.poll(before.received, soon).toBe("still here");
		await proxy.accept();
		const after = await open();
		after.socket.write("back");
		await expect.poll(after.received, soon).toBe("back");
	});

	it("delays chunks in each direction and keeps their order when the delay ends", async () => {
		const { socket, received } = await open();
		proxy.delay(60);
		const start = performance.now();
		socket.write("slow ");
		await expect.poll(() => proxy.bytes.up, soon).toBe(5);
		expect(performance.now() - start).toBeGreaterThanOrEqual(55);
		await expect.poll(received, soon).toBe("slow ");
		expect(performance.now() - start).toBeGreaterThanOrEqual(115);

		proxy.delay(300);
		socket.write("first ");
		await expect.poll(() => proxy.bytes.up, soon).toBe(11);
		proxy.delay(0);
		socket.write("second");
		await expect.poll(received, soon).toBe("slow first second");
	});

	it("resets its client when the target cannot be reached", async () => {
		await new Promise((resolve) => echo.close(resolve));
		const { socket, outcome } = await open();
		socket.write("anybody?");
		await expect.poll(outcome, soon).toBe("ECONNRESET");
	});
});
