import { randomFillSync } from "node:crypto";

const ID_BYTES = 16;
const POOL_IDS = 256;
const pool = Buffer.allocUnsafe(ID_BYTES * POOL_IDS);
let at = pool.length;

/** 128 random bits, base64url: nobody who has not seen a request can name its id. Random bytes are drawn in bulk. */
export function stanzaId(): string {
	if (at === pool.length) {
		randomFillSync(pool);
		at = 0;
	}
	at += ID_BYTES;
	return pool.toString("base64url", at - ID_BYTES, at);
}
