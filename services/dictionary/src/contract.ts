import { get, service, set } from "antiphon";
import { z } from "zod";

const word = z.string().trim().min(1).max(64);

export const dictionary = service("dictionary", "1.0.0", {
	define: get({
		summary: "Look a word up",
		input: z.object({ word }),
		output: z.object({ text: z.string() }),
		faults: { "unknown-word": z.object({ near: z.array(z.string()) }) },
	}),
	learn: set({
		summary: "Add a word, or give it another meaning",
		input: z.object({ word, text: z.string().min(1).max(4096) }),
		output: z.object({ words: z.number().int() }),
		faults: { full: z.object({ words: z.number().int() }) },
	}),
});
