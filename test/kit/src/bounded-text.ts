/** Text that keeps only its newest part. Overflow policy: the oldest half goes, and a mark says so. */
export interface BoundedText {
	append(text: string): void;
	toString(): string;
}

const DROPPED = "[… older output dropped]\n";

/** `maxLength` counts UTF-16 units; what is kept is between half of it and all of it. */
export function boundedText(maxLength: number): BoundedText {
	let text = "";
	let dropped = false;
	return {
		append(more) {
			text += more;
			if (text.length > maxLength) {
				text = text.slice(-Math.ceil(maxLength / 2));
				dropped = true;
			}
		},
		toString: () => (dropped ? DROPPED + text : text),
	};
}
