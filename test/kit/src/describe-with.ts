import { describe, expect, it } from "vitest";
import { available, installCommand, type Requirement, serversRequired } from "./requirements.js";

/**
 * A `describe` for a suite that needs servers or foreign clients. Where they are installed, it runs. Otherwise the suite
 * is skipped under a name that tells the command that adds them, or fails if ANTIPHON_REQUIRE_SERVERS=1.
 */
export function describeWith(needs: Requirement | readonly Requirement[], title: string, body: () => void): void {
	const missing = (typeof needs === "string" ? [needs] : needs).filter((need) => !available(need));
	if (missing.length === 0) {
		describe(title, body);
		return;
	}
	const remedy = `${missing.join(" and ")} not installed; add with: ${installCommand(missing)}`;
	if (serversRequired()) {
		describe(title, () => {
			it("finds what ANTIPHON_REQUIRE_SERVERS=1 asks for", () => expect.fail(remedy));
		});
		return;
	}
	// The body is not run: it may start servers while it collects.
	describe(`${title} [${remedy}]`, () => {
		it.skip("is skipped", () => {});
	});
}
