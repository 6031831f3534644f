/**
 * The bytes at the end of `bytes` that begin a character whose rest has not come yet: 0 to 3.
 * Bytes that no valid character begins with are not counted, so that they are found to be wrong at once.
 */
export function incompleteTail(bytes: Uint8Array): number {
	const length = bytes.length;
	for (let size = 1; size <= 3 && size <= length; size++) {
		const byte = bytes[length - size] as number;
		if (byte < 0x80) return 0;
		if (byte >= 0xc0) return beginsCharacter(bytes, length - size, length) ? size : 0;
	}
	return 0;
}

/** Whether `bytes[from, to)` is the beginning of one valid character, and not the whole of it. */
export function beginsCharacter(bytes: Uint8Array, from: number, to: number): boolean {
	const lead = bytes[from] as number;
	const size = characterSize(lead);
	if (to - from >= size) return false;
	for (let i = from + 1; i < to; i++) {
		if (!continues(lead, bytes[i] as number, i - from)) return false;
	}
	return true;
}

/** The number of bytes, from the start, that are valid UTF-8. Only called for bytes that are not. */
export function validPrefix(bytes: Uint8Array): number {
	let i = 0;
	while (i < bytes.length) {
		const lead = bytes[i] as number;
		const size = characterSize(lead);
		if (size === 0 || i + size > bytes.length) return i;
		for (let at = 1; at < size; at++) {
			if (!continues(lead, bytes[i + at] as number, at)) return i;
		}
		i += size;
	}
	return i;
}

/** Bytes of the character that `lead` begins, 0 if it begins none (RFC 3629 section 4). */
export function characterSize(lead: number): number {
	if (lead < 0x80) return 1;
	if (lead < 0xc2) return 0;
	if (lead < 0xe0) return 2;
	if (lead < 0xf0) return 3;
	return lead < 0xf5 ? 4 : 0;
}

/** Overlong forms, surrogates and what is above U+10FFFF show in the second byte. */
function continues(lead: number, byte: number, at: number): boolean {
	if (at === 1) {
		if (lead === 0xe0) return byte >= 0xa0 && byte <= 0xbf;
		if (lead === 0xed) return byte >= 0x80 && byte <= 0x9f;
		if (lead === 0xf0) return byte >= 0x90 && byte <= 0xbf;
		if (lead === 0xf4) return byte >= 0x80 && byte <= 0x8f;
	}
	return byte >= 0x80 && byte <= 0xbf;
}
