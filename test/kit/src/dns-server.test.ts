import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { expect, it } from "vitest";
import { type DnsServer, startDnsServer } from "./dns-server.js";

function resolverOf({ port }: DnsServer): Resolver {
	const resolver = new Resolver({ timeout: 5_000, tries: 2 });
	resolver.setServers([`127.0.0.1:${port}`]);
	return resolver;
}

it("A name server of the kit tells where the XMPP server of a domain is, however the domain is spelled", async () => {
	await using server = await startDnsServer();
	server.announce("Discovery.example", 5001);
	const resolver = resolverOf(server);
	for (const domain of ["discovery.example", "DISCOVERY.example"]) {
		await expect(resolver.resolve4(domain)).resolves.toEqual(["127.0.0.1"]);
		await expect(resolver.resolveSrv(`_xmpp-server._tcp.${domain}`)).resolves.toMatchObject([
			{ name: "discovery.example", port: 5001, priority: 0, weight: 0 },
		]);
	}
	server.announce("discovery.example", 5002);
	await expect(resolver.resolveSrv("_xmpp-server._tcp.discovery.example")).resolves.toMatchObject([{ port: 5002 }]);
	expect(server.asked()).toContain("discovery.example A");
});

it("A name server of the kit says at once that there is no other record, and no other name", async () => {
	await using server = await startDnsServer();
	server.announce("discovery.example", 5001);
	const resolver = resolverOf(server);
	await expect(resolver.resolve6("discovery.example")).rejects.toMatchObject({ code: "ENODATA" });
	await expect(resolver.resolveSrv("discovery.example")).rejects.toMatchObject({ code: "ENODATA" });
	await expect(resolver.resolveSrv("_xmpps-server._tcp.discovery.example")).rejects.toMatchObject({
		code: "ENOTFOUND",
	});
	await expect(resolver.resolve4("europa.example")).rejects.toMatchObject({ code: "ENOTFOUND" });
});

it("A name server of the kit answers nothing that is no query, and goes on", async () => {
	await using server = await startDnsServer();
	server.announce("discovery.example", 5001);
	const header = (flags: number, questions: number) => [0, 7, flags, 0, 0, questions, 0, 0, 0, 0, 0, 0];
	const a = [0, 1, 0, 1];
	const hostile = [
		[],
		[0],
		header(0, 1),
		header(0, 0),
		header(0, 0xff),
		[...header(0x80, 1), 1, 97, 0, ...a], // a response, which would be answered for ever by another such server
		[...header(0, 2), 1, 97, 0, ...a, 1, 98, 0, ...a],
		[...header(0, 1), 0xc0, 12, ...a], // a name that points at itself
		[...header(0, 1), 1, 97, 0xc0, 12, ...a], // one that never ends
		[...header(0, 1), 63, 97],
		[...header(0, 1), 0x80, 97, 0, ...a],
		[...header(0, 1), ...Array.from({ length: 5 }, () => [63, ...Array(63).fill(97)]).flat(), 0, ...a],
	];
	const socket = createSocket("udp4");
	const answered: number[] = [];
	socket.on("message", (datagram) => answered.push(datagram.readUInt16BE(0)));
	try {
		await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
		const send = (bytes: readonly number[]) =>
			new Promise((resolve) => socket.send(Buffer.from(bytes), server.port, "127.0.0.1", resolve));
		for (const bytes of hostile) await send(bytes);
		// What it does answer comes after all of these were read.
		await send([0, 9, ...header(0, 1).slice(2), 1, 97, 0, ...a]);
		await expect.poll(() => answered, { timeout: 5_000 }).toContain(9);
		expect(answered).toEqual([9]);
	} finally {
		await new Promise<void>((resolve) => socket.close(() => resolve()));
	}
	await expect(resolverOf(server).resolve4("discovery.example")).resolves.toEqual(["127.0.0.1"]);
});
