/** Is this address (IPv4, IPv6, or IPv4 inside IPv6) of this machine, so that nobody is on the way? Names are none. */
export function isLoopback(address: string): boolean {
	return /^(?:::ffff:)?127(?:\.\d{1,3}){3}$|^::1$/.test(address);
}
