import { createServer } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeCertificate } from "../../../../test/kit/src/index.js";
import { UsageError } from "../command-error.js";
import { startOnPorts } from "./start-on-ports.js";

const holder = createServer();
const tls = makeCertificate({ domains: ["localhost"] });
const FREE = { port: 0, componentPort: 0, tlsPort: 0, tls, host: "127.0.0.1" };
let taken: number;

beforeAll(async () => {
	await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
	taken = (holder.address() as { port: number }).port;
});
afterAll(() => void holder.close());

const failure = (options: object): Promise<Error> =>
	startOnPorts({ ...FREE, ...options }).then(
		async (server) => {
			await server.close();
			throw new Error("it started");
		},
		(error) => error,
	);

it.each([
	["port", "another --port,"],
	["componentPort", "another --component-port,"],
	["tlsPort", "another --tls-port,"],
])("a %s that is in use is named as on the command line", async (option, advice) => {
	const { message } = await failure({ [option]: taken });
	expect(message).toContain(`port ${taken} on 127.0.0.1 is in use`);
	expect(message).toContain(advice);
});

it("a host that is none of this machine's is a mistake in --host, and a folder that is a file one in --data", async () => {
	const host = await failure({ host: "203.0.113.1" });
	expect(host).toBeInstanceOf(UsageError);
	expect(host.message).toMatch(/^--host 203\.0\.113\.1: /);
	const { pathname } = new URL(import.meta.url);
	for (const folder of [pathname, `${pathname}/data`]) {
		const data = await failure({ data: folder });
		expect(data).toBeInstanceOf(UsageError);
		expect(data.message).toMatch(/^--data .* cannot be used: /);
	}
});
