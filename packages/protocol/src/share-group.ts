/**
 * With whom an account shares what is bounded: at home with nobody, elsewhere with all of its domain, which may have as many
 * accounts as somebody likes.
 * @param account a bare JID
 * @param home the domain whose accounts are at home; `undefined`: everybody is
 * @returns the account itself, or its domain
 */
export function shareGroup(account: string, home: string | undefined): string {
	const domain = account.slice(account.indexOf("@") + 1);
	return home === undefined || domain === home ? account : domain;
}
