import { expect, it } from "vitest";
import { isLoopback } from "./loopback.js";

it.each(["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])("%s is on this machine", (address) => {
	expect(isLoopback(address)).toBe(true);
});

it.each(["10.0.0.1", "::2", "::ffff:10.0.0.1", "127.example.org", "127.0.0.1.example.org", "localhost", ""])(
	"%j is not, as far as can be told",
	(address) => {
		expect(isLoopback(address)).toBe(false);
	},
);
