/** The little of DER (X.690) that an X.509 certificate needs: definite lengths, encoded from the inside out. */

export function der(tag: number, ...contents: Uint8Array[]): Buffer {
	const body = Buffer.concat(contents);
	if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
	const length: number[] = [];
	for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
	return Buffer.concat([Buffer.of(tag, 0x80 | length.length, ...length), body]);
}

export const sequence = (...contents: Uint8Array[]): Buffer => der(0x30, ...contents);
export const set = (...contents: Uint8Array[]): Buffer => der(0x31, ...contents);
export const octetString = (content: Uint8Array): Buffer => der(0x04, content);
export const bitString = (content: Uint8Array): Buffer => der(0x03, Buffer.of(0), content);
export const utf8String = (text: string): Buffer => der(0x0c, Buffer.from(text));
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.of(value ? 0xff : 0));
/** Context-specific and constructed, as for `[0] EXPLICIT`. */
export const explicit = (number: number, ...contents: Uint8Array[]): Buffer => der(0xa0 | number, ...contents);
/** Context-specific and primitive, as for `[2] IMPLICIT IA5String`. */
export const implicit = (number: number, content: Uint8Array): Buffer => der(0x80 | number, content);

/** A non-negative INTEGER from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
	let start = 0;
	while (start < bytes.length - 1 && bytes[start] === 0) start++;
	const digits = bytes.subarray(start);
	return der(0x02, (digits[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

export function objectId(dotted: string): Buffer {
	const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
	const bytes = [first * 40 + second];
	for (const arc of rest) {
		const base128 = [arc % 128];
		for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
			base128.unshift(0x80 | (left % 128));
		bytes.push(...base128);
	}
	return der(0x06, Buffer.from(bytes));
}

/** UTCTime, to the second; good for the years 1950 to 2049. */
export function utcTime(date: Date): Buffer {
	const digits = date.toISOString().replace(/[-:T]/g, "").slice(2, 14);
	return der(0x17, Buffer.from(`${digits}Z`, "ascii"));
}
