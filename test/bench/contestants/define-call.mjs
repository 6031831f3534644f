const INPUT = { word: "stanza" };
const TEXT = /^The unit of meaning in XMPP/;

/** One typed call whose reply is looked at. */
export function defineCall(client) {
	return async () => {
		const { text } = await client.define(INPUT);
		if (!TEXT.test(text)) throw new Error(`the reply was ${text}`);
	};
}
