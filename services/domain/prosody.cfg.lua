-- Prosody 0.12 or newer for a bus: example.org has the accounts, fn.example.org is hosted by `antiphon domain`.
-- Put your names in the place of these, the secret into the environment (ANTIPHON_SECRET; prosody-secret.conf beside this
-- file does it for systemd), and it can be used as it is.
-- Ports and folders are Debian's; another file that includes this one can set them anew behind its Include.

pidfile = "/run/prosody/prosody.pid"
certificates = "/etc/prosody/certs" -- example.org.crt and example.org.key, as `prosodyctl cert import` puts them there

modules_enabled = {
	"roster"; "saslauth"; "tls"; "disco"; "ping"; "version"; "time"; "blocklist"; "carbons"; "private"; "smacks";
	"dialback"; "limits"; "posix";
}

-- Debian's file allows a client 10 KiB a second, which is two or three calls of some size. Over the rate Prosody reads
-- more slowly, so what comes too fast waits; it is not lost.
limits = {
	c2s = { rate = "4mb/s"; burst = "5s" };
	s2sin = { rate = "4mb/s"; burst = "5s" };
}
-- One stanza over its limit ends the whole stream. Nodes send up to 64 KiB unless they are told otherwise.
c2s_stanza_size_limit = 256 * 1024
s2s_stanza_size_limit = 512 * 1024
component_stanza_size_limit = 512 * 1024

-- How long the session of a client that was cut off is kept for its return. Until it ends, nobody is told that the client
-- has gone: a provider would get calls for ten minutes. A domain host forgets it after 15 s in any case.
smacks_hibernation_time = 10

authentication = "internal_hashed"
c2s_require_encryption = true
s2s_require_encryption = true
-- Other servers have to show a certificate. For those that call functions it has to be one for fn.example.org here, too,
-- and DNS has to lead there: an SRV record _xmpp-server._tcp.fn.example.org, or an address of that name.
s2s_secure_auth = true

-- The host's connection is not encrypted: it has to run on this machine, or behind a tunnel.
component_ports = { 5347 }
component_interfaces = { "127.0.0.1" }

VirtualHost "example.org"

Component "fn.example.org"
	component_secret = ENV_ANTIPHON_SECRET
	-- A second host of the same domain is refused, and says so. (The other choice, kick_old, lets two fight.)
	component_conflict_resolve = "kick_new"
