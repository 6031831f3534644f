import { describe, expect, it } from "vitest";
import { ScramClient, ScramError, type ScramMechanism, ScramServer, scramCredentials } from "./scram.js";

// RFC 5802 section 5 and RFC 7677 section 3
const VECTORS = [
	{
		mechanism: "SCRAM-SHA-1" as const,
		clientNonce: "fyko+d2lbbFgONRv9qkxdawL",
		serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
		clientFinal: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		serverFinal: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
	},
	{
		mechanism: "SCRAM-SHA-256" as const,
		clientNonce: "rOprNGfwEbeRWgbNEkqO",
		serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		clientFinal:
			"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	},
];

describe.each(VECTORS)("$mechanism", (vector) => {
	it("gives the RFC's messages on the client's side", async () => {
		const client = new ScramClient(vector.mechanism, "user", "pencil", vector.clientNonce);
		expect(client.first()).toBe(`n,,n=user,r=${vector.clientNonce}`);
		expect(await client.final(vector.serverFirst)).toBe(vector.clientFinal);
		expect(() => client.verify(vector.serverFinal)).not.toThrow();
	});

	it("refuses a server that does not know the password", async () => {
		const client = new ScramClient(vector.mechanism, "user", "pencil", vector.clientNonce);
		await client.final(vector.serverFirst);
		expect(() => client.verify("v=AAAA")).toThrow(ScramError);
		expect(() => client.verify("e=other-error")).toThrow(/refused: other-error/);
	});

	it("refuses a nonce that is not a continuation, and work without bound", async () => {
		const client = () => new ScramClient(vector.mechanism, "user", "pencil", vector.clientNonce);
		await expect(client().final("r=other,s=QSXCR+Q6sek8bf92,i=4096")).rejects.toThrow(/nonce/);
		await expect(client().final(`r=${vector.clientNonce},s=QSXCR+Q6sek8bf92,i=4096`)).rejects.toThrow(/nonce/);
		for (const iterations of ["1", "4095", "1000000000", "4096.5", "x"]) {
			const serverFirst = `r=${vector.clientNonce}x,s=QSXCR+Q6sek8bf92,i=${iterations}`;
			await expect(client().final(serverFirst)).rejects.toThrow(/iterations/);
		}
	});

	it("lets a client in with the right password only", async () => {
		expect(await login(vector.mechanism, "a=b,c", "pässwörd", "pässwörd")).toBe("verified");
		await expect(login(vector.mechanism, "a", "right", "wrong")).rejects.toThrow(/proof/);
	});
});

describe("messages that do not keep to the protocol", () => {
	const lookUp = () => scramCredentials("SCRAM-SHA-256", "pencil", Buffer.from("salt"));
	const server = () => new ScramServer("SCRAM-SHA-256", "server-nonce");

	it.each([
		["nothing", ""],
		["channel binding", "p=tls-unique,,n=user,r=nonce"],
		["no user", "n,,r=nonce"],
		["an empty user", "n,,n=,r=nonce"],
		["no nonce", "n,,n=user"],
		["a mandatory extension", "n,,m=x,n=user,r=nonce"],
		["an attribute twice", "n,,n=user,n=admin,r=nonce"],
		["a part that is no attribute", "n,,n=user,r=nonce,nonsense"],
		["too many characters", `n,,n=user,r=${"x".repeat(5000)}`],
	])("are refused by the server: %s in the first", async (_, message) => {
		await expect(server().first(message, lookUp)).rejects.toThrow(ScramError);
	});

	it.each([
		["another nonce", "c=biws,r=other,p=AAAA", /nonce/],
		["other channel binding", "c=eSws,r=nonceserver-nonce,p=AAAA", /channel binding/],
		["no proof", "c=biws,r=nonceserver-nonce", /attribute p/],
		["a proof of the wrong length", "c=biws,r=nonceserver-nonce,p=AAAA", /wrong proof/],
		["a proof of zeros", `c=biws,r=nonceserver-nonce,p=${Buffer.alloc(32).toString("base64")}`, /wrong proof/],
	])("are refused by the server: %s in the last", async (_, message, reason) => {
		const scram = server();
		await scram.first("n,,n=user,r=nonce", lookUp);
		expect(() => scram.final(message)).toThrow(reason);
	});

	it("are refused when they come out of order", () => {
		expect(() => server().final("c=biws,r=nonceserver-nonce,p=AAAA")).toThrow(/before the first/);
		expect(() => new ScramClient("SCRAM-SHA-1", "user", "pencil", "nonce").verify("v=AAAA")).toThrow(/did not prove/);
	});
});

async function login(mechanism: ScramMechanism, user: string, known: string, given: string): Promise<string> {
	const server = new ScramServer(mechanism, "server-nonce");
	const client = new ScramClient(mechanism, user, given, "client-nonce");
	const { username, message } = await server.first(client.first(), () =>
		scramCredentials(mechanism, known, Buffer.from("salt")),
	);
	expect(username).toBe(user);
	client.verify(server.final(await client.final(message)));
	return "verified";
}
