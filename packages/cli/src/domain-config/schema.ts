import { domainLimits } from "@antiphon/domain";
import { z } from "zod";

const LIMITS = Object.keys(domainLimits());

const text = z.string().min(1);
const texts = z.union([text, z.array(text).min(1)]);
const entry = z.strictObject({ allow: texts.optional(), deny: texts.optional(), to: texts.optional() });

/** 16 MiB, of which something is left when the store has its own, to 16 TiB, which a process can map. */
const [MIN_BYTES, MAX_BYTES] = [2 ** 24, 2 ** 44];
const bytes = z.int().min(MIN_BYTES).max(MAX_BYTES);
const BYTES = `a whole number from ${MIN_BYTES} to ${MAX_BYTES}`;

/** The keys of a domain's config file. */
export const fileSchema = z.strictObject({
	url: text,
	domain: text,
	secret: text.optional(),
	secretEnv: text.optional(),
	secretFile: text.optional(),
	ca: text.optional(),
	insecure: z.boolean().optional(),
	access: z
		.strictObject({
			register: z.array(entry).optional(),
			call: z.array(entry).optional(),
			admin: z.array(entry).optional(),
		})
		.optional(),
	owners: z.record(z.string(), text).optional(),
	limits: z.strictObject(Object.fromEntries(LIMITS.map((name) => [name, z.number().optional()]))).optional(),
	stateFile: text.optional(),
	store: text.optional(),
	storeMaxBytes: bytes.optional(),
	storeReserveBytes: bytes.optional(),
	log: z.enum(["debug", "info", "warn", "error"]).optional(),
});

export type FileContent = z.infer<typeof fileSchema>;
export type FileEntry = z.infer<typeof entry>;

const LIST = "a list such as [{ allow: worker@example.org, to: dictionary }]";
const WHO = 'whom it is about, such as worker@example.org, "*@example.org" or a list of these';

/** What to write behind a key; the indices of lists are left out. */
export const WHAT_TO_WRITE: Readonly<Record<string, string>> = {
	"": "keys and values, such as url: xmpp://127.0.0.1:5347",
	url: "the server's port for components, such as xmpp://127.0.0.1:5347",
	domain: "the domain to host, such as fn.example.org",
	secret: "the component's secret as text, in quotes",
	secretEnv: "the name of the variable that holds the secret, such as FN_SECRET",
	secretFile: "the file that holds the secret, such as /etc/antiphon/fn.secret",
	ca: "a file with the certificates to trust, PEM",
	insecure: "true or false",
	access: "register, call and admin, each a list of entries",
	"access.register": LIST,
	"access.call": LIST,
	"access.admin": "a list such as [{ allow: operator@example.org }]",
	"access.*": "an entry such as { allow: worker@example.org, to: dictionary }",
	"access.*.allow": WHO,
	"access.*.deny": WHO,
	"access.*.to": 'services or functions, such as dictionary, dictionary.define, "lab-*" or a list of these',
	owners: "names of services and accounts, such as dictionary: worker@example.org",
	"owners.*": "the account that owns it, such as worker@example.org",
	limits: "names of limits and numbers, such as maxInstances: 1000",
	"limits.*": "a whole number above 0",
	stateFile: "the file in which owners and subscriptions are kept, such as /var/lib/antiphon/fn.json",
	store: "the folder in which durable calls are kept, such as /var/lib/antiphon/fn",
	storeMaxBytes: `how large the store may get, in bytes: ${BYTES}`,
	storeReserveBytes: `what is to be left on its disk, in bytes: ${BYTES}`,
	log: "debug, info, warn or error",
};
