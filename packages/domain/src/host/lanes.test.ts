import { Jid } from "@antiphon/protocol";
import { expect, it } from "vitest";
import type { Owners } from "../policy/owners.js";
import type { Registry } from "../registry/registry.js";
import { lanes } from "./lanes.js";

it("Providers, and accounts of the bus's own domain, wait apart from the others, however many these are", () => {
	const has = (local: string) => (who: Jid) => who.local === local;
	const laneOf = lanes({ hasOf: has("worker") } as Registry, { isOwner: has("owner") } as Owners, "example.org");
	const of = (...jids: string[]) => jids.map((jid) => laneOf(Jid.parse(jid)));
	const [home] = new Set(of("worker@example.org/x", "owner@example.org/x"));
	const [foreign] = new Set(of("worker@partner.example/x", "owner@partner.example/x"));
	expect(new Set([home, foreign, ...of("me@example.org/x", "me@partner.example/x")]).size).toBe(4);
	expect(of("worker@example.org/y", "owner@example.org", "owner@other.example")).toEqual([home, home, foreign]);
});
