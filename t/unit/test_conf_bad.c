/* SPDX-License-Identifier: ISC */
/* test_conf_bad: bad configurations, and what is said about them. */
#include "core/conf.h"

#include "conf_aid.h"

/* libconfig loses a string that stands where it expects none. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

static const struct bad {
	const char *label, *text, *says;
	int flags;
} bad[] = {
	/* Syntax */
	{ "no value", "domain = ;\n" MORE, "x.conf:1: syntax error", 0 },
	{ "no quotes", "\n\ndomain = example;\n" MORE, "x.conf:3: syntax error",
	    0 },
	{ "name with a digit first", "\n2nd = \"x\";\n" MORE,
	    "x.conf:2: syntax error: \"2nd\" is no name: a name is a letter",
	    0 },
	{ "name with a dot", "log.to = \"stderr\";\n" MORE,
	    "x.conf:1: syntax error: \"log.to\" is no name", 0 },
	{ "duplicate key", "domain = \"a.test\";\ndomain = \"b.test\";\n" MORE,
	    "x.conf:2: duplicate setting name", 0 },
	{ "duplicate profile",
	    "profiles = {\np = {" GOOD "};\np = {" GOOD "}; };\n",
	    "x.conf:3: duplicate setting name", 0 },
	{ "string without an equals sign", "\ndomain \"a.test\";\n" MORE,
	    "x.conf:2: syntax error", 0 },
	{ "string without end", "\ndomain = \"a.test;\n" MORE,
	    "x.conf:4: syntax error", 0 },
	{ "string without end at the end of the file", "\ndomain = \"a.test;\n",
	    "x.conf:2: the string that begins here does not end", 0 },
	{ "comment without end", "\n\n/* x\n" MORE,
	    "x.conf:3: the comment that begins here does not end", 0 },
	{ "number that wraps around",
	    "queue = {\n max_message = 5000000000;\n};\n" MORE,
	    "x.conf:2: the number is too large", 0 },
	{ "hexadecimal number that wraps around",
	    "queue = {\n max_message = 0x100000000; };\n" MORE,
	    "x.conf:2: the number is too large", 0 },
	{ "empty file", "", "x.conf: profiles: is missing", 0 },
	{ "no profile", "domain = \"example.com\";\n",
	    "x.conf: profiles: is missing", 0 },
	{ "empty profiles", "\nprofiles = { };\n",
	    "x.conf:2: profiles: must have at least one", 0 },
	{ "profiles as a string", "profiles = \"x\";\n",
	    "x.conf:1: profiles: must be a group { ... }, and is a string", 0 },
	{ "a profile as a string", "profiles = {\n p = \"x\"; };\n",
	    "x.conf:2: profiles.p: must be a group", 0 },
	{ "profile name with a star", "profiles = {\n p* = {" GOOD "}; };\n",
	    "x.conf:2: profiles: \"p*\": a profile's name is a letter", 0 },
	/* Keys */
	{ "unknown key", "\ndomian = \"example.com\";\n" MORE,
	    "x.conf:2: domian: unknown key; did you mean \"domain\"?", 0 },
	{ "unknown key, none near", "wxyzwxyz = 1;\n" MORE,
	    "x.conf:1: wxyzwxyz: unknown key; known here: domain hostname", 0 },
	{ "unknown key of a profile", P("adress = \"a@example.com\";"),
	    "x.conf:2: profiles.p.adress: unknown key; did you mean "
	    "\"address\"?",
	    0 },
	{ "unknown key of a group", P(GOOD "\ntls = { mod = \"none\"; };"),
	    "x.conf:3: profiles.p.tls.mod: unknown key; did you mean \"mode\"",
	    0 },
	{ "unknown group", "lgo = { to = \"syslog\"; };\n" MORE,
	    "x.conf:1: lgo: unknown key; did you mean \"log\"?", 0 },
	{ "a key of a later version", P(GOOD "\nfallback = \"q\";"),
	    "x.conf:3: profiles.p.fallback: unknown key", 0 },
	{ "a profile's key at the top", "address = \"a@example.com\";\n" MORE,
	    "x.conf:1: address: unknown key", 0 },
	/* Types */
	{ "number for a string", "domain = 5;\n" MORE,
	    "x.conf:1: domain: must be a string, and is a number", 0 },
	{ "string for bool", "runner = \"true\";\n" MORE,
	    "x.conf:1: runner: must be true or false, without quotes, and is a "
	    "string",
	    SYSTEM },
	{ "string for a group", "log = \"syslog\";\n" MORE,
	    "x.conf:1: log: must be a group { ... }, and is a string", 0 },
	{ "group for a string", "domain = { };\n" MORE,
	    "x.conf:1: domain: must be a string, and is a group", 0 },
	{ "array for a string", "domain = [ \"a.test\" ];\n" MORE,
	    "x.conf:1: domain: must be a string, and is an array", 0 },
	{ "list for an array", "local_names = ( \"a\" );\n" MORE,
	    "x.conf:1: local_names: must be a string, or several as", 0 },
	{ "numbers in an array", "local_names = [\n1, 2 ];\n" MORE,
	    "x.conf:2: local_names: must be a string, or several as", 0 },
	{ "number for a duration", P(GOOD "timeouts = {\ntls = 60; };"),
	    "x.conf:3: profiles.p.timeouts.tls: must be a string such as "
	    "\"90s\", and is a number",
	    0 },
	{ "number for a secret", P(WHO SERVER "\npassword = 1234;"),
	    "x.conf:3: profiles.p.password: must be \"sealed:v1:...\", { file",
	    0 },
	/* Values at the top */
	{ "empty domain", "domain = \"\";\n" MORE,
	    "x.conf:1: domain: \"\": must be a domain", 0 },
	{ "domain with a blank", "domain = \"example .com\";\n" MORE,
	    "domain: \"example .com\": must be a domain", 0 },
	{ "domain with a line end", "domain = \"example.com\\nx\";\n" MORE,
	    "domain: \"example.com?x\": must be UTF-8 without control", 0 },
	{ "hostname with underscore", "hostname = \"my_host\";\n" MORE,
	    "x.conf:1: hostname: \"my_host\": must be a host name of letters",
	    0 },
	{ "hostname of a bad literal", "hostname = \"[192.0.2]\";\n" MORE,
	    "hostname: \"[192.0.2]\": must be a host name", 0 },
	{ "label that ends in a hyphen", "hostname = \"a-.test\";\n" MORE,
	    "hostname: \"a-.test\": must be a host name", 0 },
	{ "local_names with an empty one",
	    "local_names = [ \"a\",\n\"\" ];\n" MORE,
	    "x.conf:2: local_names: \"\": must be a domain", 0 },
	{ "admin bare", "admin = \"root\";\n" MORE,
	    "x.conf:1: admin: \"root\": must be an address with a domain", 0 },
	{ "admin with a name", "admin = \"Me <a@example.com>\";\n" MORE,
	    "must be the address alone, \"a@example.com\"", 0 },
	{ "admin null", "admin = \"<>\";\n" MORE,
	    "admin: \"<>\": must be an address", 0 },
	{ "admin twice in one", "admin = \"a@b.test, c@d.test\";\n" MORE,
	    "x.conf:1: admin: \"a@b.test, c@d.test\": must be an address", 0 },
	{ "unaliased", "unaliased = \"rejct\";\n" MORE,
	    "must be \"admin\", \"domain\" or \"reject\"; did you mean "
	    "\"reject\"?",
	    0 },
	{ "unaliased by an admin that is not set",
	    "\nunaliased = \"admin\";\n" MORE,
	    "x.conf:2: unaliased: \"admin\": admin is not set", 0 },
	{ "runner in a user's file", "runner = true;\n" MORE,
	    "x.conf:1: runner: true: only the system's file has a runner", 0 },
	{ "runner with -C", "runner = true;\n" MORE,
	    "x.conf:1: runner: true: only the system's file", GIVEN },
	{ "state relative", "state = \"state\";\n" MORE,
	    "x.conf:1: state: \"state\": must be an absolute path", 0 },
	{ "state by ~ in the system's file", "state = \"~/state\";\n" MORE,
	    "state: \"~/state\": must be an absolute path; \"~/\"", SYSTEM },
	{ "size", "queue = { max_message = \"50X\"; };\n" MORE,
	    "x.conf:1: queue.max_message: \"50X\": must be a size such as", 0 },
	{ "size too small", "queue = { max_message = 1023; };\n" MORE,
	    "queue.max_message: \"1023\": must be from 1k to 1024G", 0 },
	{ "spool relative", "spool = \"spool\";\n" MORE,
	    "x.conf:1: spool: \"spool\": must be an absolute path, or "
	    "\"none\"",
	    0 },
	{ "spool empty", "spool = \"\";\n" MORE, "spool: \"\": must be", 0 },
	{ "no spool for a runner", "\nspool = \"none\";\n" MORE,
	    "x.conf:2: spool: \"none\": a runner works through a queue: write "
	    "runner = false",
	    SYSTEM },
	{ "lifetime too short", "queue = { lifetime = \"59m\"; };\n" MORE,
	    "queue.lifetime: \"59m\": must be from 1h to 60d", 0 },
	{ "lifetime too long", "queue = { lifetime = \"61d\"; };\n" MORE,
	    "queue.lifetime: \"61d\": must be from 1h to 60d", 0 },
	{ "warning after the end",
	    "queue = { lifetime = \"1d\";\nwarn_after = \"24h\"; };\n" MORE,
	    "x.conf:2: queue.warn_after: has no effect: it is not shorter than "
	    "queue.lifetime",
	    0 },
	{ "warn_after without unit", "queue = { warn_after = \"4\"; };\n" MORE,
	    "queue.warn_after: \"4\": must be a duration", 0 },
	{ "keep_failed", "queue = { keep_failed = \"0\"; };\n" MORE,
	    "queue.keep_failed: \"0\": must be from 1h to", 0 },
	{ "retry_first", "queue = { retry_first = \"0\"; };\n" MORE,
	    "queue.retry_first: \"0\": must be from 1s to 1h", 0 },
	{ "retry_max", "queue = { retry_max = \"25h\"; };\n" MORE,
	    "queue.retry_max: \"25h\": must be from 1s to 1d", 0 },
	{ "first longer than most",
	    "queue = { retry_max = \"1m\";\nretry_first = \"2m\"; };\n" MORE,
	    "x.conf:2: queue.retry_first: must not be longer than "
	    "queue.retry_max",
	    0 },
	{ "min_free", "queue = { min_free = \"64MB\"; };\n" MORE,
	    "queue.min_free: \"64MB\": must be a size", 0 },
	{ "number as a string", "queue = { min_inodes = \"5\"; };\n" MORE,
	    "x.conf:1: queue.min_inodes: must be a number, without quotes, and "
	    "is a string",
	    0 },
	{ "number with a fraction", "queue = { min_inodes = 1.5; };\n" MORE,
	    "queue.min_inodes: must be a number, without quotes, and is a "
	    "number with a fraction",
	    0 },
	{ "number negative", "queue = { min_inodes = -1; };\n" MORE,
	    "queue.min_inodes: \"-1\": must be from 0 to 2147483647", 0 },
	{ "number too small", "queue = { reports_per_hour = 0; };\n" MORE,
	    "queue.reports_per_hour: \"0\": must be from 1 to 10000", 0 },
	{ "number too large",
	    "queue = { reports_per_hour = 99999999999L; };\n" MORE,
	    "queue.reports_per_hour: \"99999999999\": must be from 1 to", 0 },
	{ "size negative", "queue = { max_message = -1; };\n" MORE,
	    "x.conf:1: queue.max_message: \"-1\": must be", 0 },
	{ "log.to", "log = { to = \"sylog\"; };\n" MORE,
	    "log.to: \"sylog\": must be \"syslog\", \"stderr\" or an absolute",
	    0 },
	{ "log.level", "log = {\nlevel = \"information\"; };\n" MORE,
	    "x.conf:2: log.level: \"information\": must be \"error\", \"warn\"",
	    0 },
	{ "log.format", "log = { format = \"xml\"; };\n" MORE,
	    "log.format: \"xml\": must be \"text\" or \"json\"", 0 },
	{ "log.facility", "log = { facility = \"post\"; };\n" MORE,
	    "log.facility: \"post\": must be a facility", 0 },
	/* References */
	{ "default unknown", "default = \"q\";\n" MORE,
	    "x.conf:1: default: \"q\": no profile has this name", 0 },
	{ "default with a near one",
	    "default = \"noreplay\";\nprofiles = { noreply = {" GOOD "}; };",
	    "x.conf:1: default: \"noreplay\": no profile has this name; did "
	    "you mean \"noreply\"?",
	    0 },
	{ "default empty", "default = \"\";\n" MORE,
	    "x.conf:1: default: \"\": must not be empty", 0 },
	{ "default a mailbox", "default = \"p\";\n" P(BOX ADDRESS SERVER OPEN),
	    "x.conf:1: default: \"p\": must be a profile of kind \"system\"",
	    0 },
	{ "unmatched unknown", "\nunmatched = \"refuse\";\n" MORE,
	    "x.conf:2: unmatched: \"refuse\": no profile has this name", 0 },
	/* What is required */
	{ "no kind", P(ADDRESS SERVER OPEN),
	    "x.conf:1: profiles.p.kind: is missing", 0 },
	{ "no address", "\n" P(KIND SERVER OPEN),
	    "x.conf:2: profiles.p.address: is missing", 0 },
	{ "no server", P(WHO OPEN), "x.conf:1: profiles.p.server: is missing",
	    0 },
	{ "no users of a mailbox of the system's", P(BOX ADDRESS SERVER OPEN),
	    "x.conf:1: profiles.p.users: is missing", SYSTEM },
	/* Values of a profile */
	{ "kind", P("kind = \"sytem\";"),
	    "x.conf:2: profiles.p.kind: \"sytem\": must be \"system\" or "
	    "\"mailbox\"; did you mean \"system\"?",
	    0 },
	{ "kind is exact", P("kind = \"System\";"), "must be \"system\"", 0 },
	{ "address empty", P(KIND "address = \"\";"),
	    "x.conf:2: profiles.p.address: \"\": must be an address", 0 },
	{ "address bare", P(KIND "address = \"noreply\";"),
	    "address: \"noreply\": must be an address with a domain", 0 },
	{ "address with a line end",
	    P(KIND "address = \"a@example.com\\r\\nX: y\";"),
	    "must be UTF-8 without control", 0 },
	{ "address that is not UTF-8", P(KIND "address = \"a\xff@b.test\";"),
	    "must be UTF-8", 0 },
	{ "also with a star inside", P(GOOD "also = [\n\"a*b@example.com\" ];"),
	    "x.conf:3: profiles.p.also: \"a*b@example.com\": must be an "
	    "address, \"*@domain\" or \"name+*@domain\"",
	    0 },
	{ "also name*", P(GOOD "also = \"name*@example.com\";"),
	    "also: \"name*@example.com\": must be an address", 0 },
	{ "also star in the domain", P(GOOD "also = \"*@*.example.com\";"),
	    "also: \"*@*.example.com\": must be an address", 0 },
	{ "also plus alone", P(GOOD "also = \"+*@example.com\";"),
	    "also: \"+*@example.com\": must be an address", 0 },
	{ "also bare", P(GOOD "also = \"help\";"),
	    "also: \"help\": must be an address with a domain", 0 },
	{ "also star alone", P(GOOD "also = \"*\";"),
	    "also: \"*\": must be an address", 0 },
	{ "name template", P(GOOD "name = \"%x\";"),
	    "name: \"%x\": after % must come u (login)", 0 },
	{ "name template's end", P(GOOD "name = \"100%\";"),
	    "name: \"100%\": after % must come", 0 },
	{ "users empty name", P(GOOD "users = [ \"\" ];"),
	    "users: \"\": must be a login name, a uid", 0 },
	{ "users group without name", P(GOOD "users = \"@\";"),
	    "users: \"@\": must be a login name", 0 },
	{ "users as one string", P(GOOD "users = \"a, b\";"),
	    "users: \"a, b\": must be a login name", 0 },
	{ "reply_to bare", P(GOOD "reply_to = \"me\";"),
	    "reply_to: \"me\": must be an address with a domain", 0 },
	{ "user empty", P(GOOD "user = \"\";"), "user: \"\": must not be empty",
	    0 },
	/* Servers */
	{ "server without scheme", P(WHO "\nserver = \"mail.example.com\";"),
	    "x.conf:3: profiles.p.server: \"mail.example.com\": must be "
	    "\"smtp://host[:port]\" (STARTTLS), \"smtps://host[:port]\" or "
	    "\"smtp+unix:/path\"",
	    0 },
	{ "server srv:", P(WHO "server = \"srv:example.com\";"),
	    "\"smtp+unix:/path\"; srv: is not known", 0 },
	{ "server empty", P(WHO "server = \"\";"), "server: \"\": must be", 0 },
	{ "server without host", P(WHO "server = \"smtp://\";"),
	    "server: \"smtp://\": must have a host name", 0 },
	{ "server with a path", P(WHO "server = \"smtp://a.test/x\";"),
	    "server: \"smtp://a.test/x\": must have a host name", 0 },
	{ "server with port 0", P(WHO "server = \"smtp://a.test:0\";"),
	    "the port must be from 1 to 65535", 0 },
	{ "server with a large port",
	    P(WHO "server = \"smtp://a.test:65536\";"),
	    "the port must be from 1 to 65535", 0 },
	{ "server with an empty port", P(WHO "server = \"smtp://a.test:\";"),
	    "the port must be from 1 to 65535", 0 },
	{ "IPv6 without brackets", P(WHO "server = \"smtp://::1\";"),
	    "server: \"smtp://::1\": must have a host name", 0 },
	{ "IPv6 that is none", P(WHO "server = \"smtp://[::g]\";"),
	    "server: \"smtp://[::g]\": must have a host name", 0 },
	{ "IPv6 without its end", P(WHO "server = \"smtp://[::1\";"),
	    "server: \"smtp://[::1\": must have a host name", 0 },
	{ "something behind the brackets", P(WHO "server = \"smtp://[::1]x\";"),
	    "nothing may stand behind the host", 0 },
	{ "unix socket relative", P(WHO "server = \"smtp+unix:run/x\";"),
	    "must have an absolute path", 0 },
	{ "no server in the list", P(WHO "\nserver = [ ];"),
	    "x.conf:3: profiles.p.server: must have from 1 to 16 values, not 0",
	    0 },
	{ "bad second server",
	    P(WHO "server = [ \"smtp://a.test\",\n\n\"b.test\" ];"),
	    "x.conf:4: profiles.p.server: \"b.test\": must be", 0 },
	/* TLS */
	{ "tls.mode", P(GOOD "\ntls = { mode = \"starttls\"; };"),
	    "x.conf:3: profiles.p.tls.mode: \"starttls\": must be \"none\"",
	    0 },
	{ "tls.min", P(GOOD "tls = { min = \"1.1\"; };"),
	    "tls.min: \"1.1\": must be \"1.2\" or \"1.3\"", 0 },
	{ "tls.ca_file relative", P(GOOD "tls = { ca_file = \"ca.pem\"; };"),
	    "tls.ca_file: \"ca.pem\": must be an absolute path", 0 },
	{ "no TLS for smtps",
	    P(WHO OPEN "server = \"smtps://a.test\";\n"
		       "tls = { mode = \"none\"; };"),
	    "x.conf:3: profiles.p.tls.mode: \"none\": the server "
	    "smtps://a.test",
	    0 },
	{ "no TLS and a CA",
	    P(GOOD "tls = { mode = \"none\"; ca_file = \"/ca.pem\"; };"),
	    "tls.ca_file: has no effect beside tls.mode = \"none\"", 0 },
	{ "no TLS and a version",
	    P(GOOD "tls = { mode = \"none\"; min = \"1.3\"; };"),
	    "tls.min: has no effect", 0 },
	{ "credentials in clear",
	    P(WHO SERVER PASSWORD "\ntls = { mode = \"none\"; };"),
	    "x.conf:3: profiles.p.tls.mode: \"none\": credentials never go to "
	    "mail.example.com without TLS",
	    0 },
	{ "credentials in clear to the second server",
	    P(WHO PASSWORD "server = [ \"smtp://127.0.0.1\", "
			   "\"smtp://128.0.0.1\" ];\ntls = { mode = "
			   "\"none\"; };"),
	    "credentials never go to 128.0.0.1", 0 },
	{ "no TLS and a pin",
	    P(GOOD "tls = { mode = \"none\"; pin = \"" PIN "\"; };"),
	    "tls.pin: has no effect", 0 },
	{ "no TLS and a name",
	    P(GOOD "tls = { mode = \"none\"; server_name = \"a.test\"; };"),
	    "tls.server_name: has no effect", 0 },
	{ "no TLS and a certificate",
	    P(GOOD "tls = { mode = \"none\"; cert = \"/c\"; };"),
	    "tls.cert: has no effect", 0 },
	{ "pin without its scheme",
	    P(GOOD "tls = {\npin = "
		   "\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"; };"),
	    "x.conf:3: profiles.p.tls.pin: "
	    "\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\": must be "
	    "\"sha256//\" and the SHA-256",
	    0 },
	{ "pin too short", P(GOOD "tls = { pin = \"sha256//AAAA\"; };"),
	    "tls.pin: \"sha256//AAAA\": must be", 0 },
	{ "pin too long",
	    P(GOOD "tls = { pin = \"sha256//AAAA"
		   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"; };"),
	    "must be \"sha256//\" and", 0 },
	{ "two pins in one string",
	    P(GOOD "tls = { pin = \"" PIN ";" PIN "\"; };"),
	    "must be \"sha256//\" and", 0 },
	{ "no pin", P(GOOD "tls = { pin = [ ]; };"),
	    "tls.pin: must have from 1 to 16 values, not 0", 0 },
	{ "pin of the endpoint", P(WHO SERVER OAUTH("pin = \"x\";")),
	    "oauth.pin: \"x\": must be \"sha256//\"", 0 },
	{ "server_name an address",
	    P(GOOD "tls = { server_name = \"[::1]\"; };"),
	    "tls.server_name: \"[::1]\": must be a domain", 0 },
	{ "cert relative", P(GOOD "tls = { cert = \"c.pem\"; };"),
	    "tls.cert: \"c.pem\": must be an absolute path", 0 },
	{ "key without a certificate", P(GOOD "tls = {\nkey = \"/k\"; };"),
	    "x.conf:3: profiles.p.tls.key: there is no tls.cert", 0 },
	{ "passphrase without a certificate",
	    P(GOOD "tls = { key_passphrase = { file = \"/k\"; }; };"),
	    "tls.key_passphrase: there is no tls.cert", 0 },
	/* Limits */
	{ "no recipients", P(GOOD "limits = { recipients = 0; };"),
	    "limits.recipients: \"0\": must be from 1 to 50000", 0 },
	{ "many recipients", P(GOOD "limits = {\nrecipients = 50001; };"),
	    "x.conf:3: profiles.p.limits.recipients: \"50001\": must be from",
	    0 },
	{ "a limit of a later version", P(GOOD "limits = { size = \"1M\"; };"),
	    "profiles.p.limits.size: unknown key", 0 },
	/* Credentials of another profile */
	{ "credentials unknown",
	    "profiles = {\nnoreply = {" WHO "\ncredentials = \"suport\"; };\n"
	    "support = {" GOOD "}; };",
	    "x.conf:3: profiles.noreply.credentials: \"suport\": no profile "
	    "has this name; did you mean \"support\"?",
	    0 },
	{ "credentials of itself", P(WHO "\ncredentials = \"p\";"),
	    "x.conf:3: profiles.p.credentials: \"p\": names itself", 0 },
	{ "credentials by two steps",
	    "profiles = { a = {" WHO "credentials = \"b\"; };\n"
	    "b = {" WHO "credentials = \"c\"; }; c = {" GOOD "}; };",
	    "x.conf:1: profiles.a.credentials: \"b\" has none of its own: name "
	    "\"c\"",
	    0 },
	{ "credentials and a server",
	    "profiles = { a = {" WHO "credentials = \"b\";\n" SERVER "};\n"
	    "b = {" GOOD "}; };",
	    "x.conf:2: profiles.a.server: must not stand beside credentials: "
	    "it is taken from profile \"b\"",
	    0 },
	{ "credentials and TLS",
	    "profiles = { a = {" WHO "credentials = \"b\"; tls = { }; };\n"
	    "b = {" GOOD "}; };",
	    "profiles.a.tls: must not stand beside", 0 },
	{ "credentials and auth",
	    "profiles = { a = {" WHO "credentials = \"b\";" OPEN "};\n"
	    "b = {" GOOD "}; };",
	    "profiles.a.auth: must not stand beside", 0 },
	{ "credentials and sasl",
	    "profiles = { a = {" WHO "credentials = \"b\"; sasl = \"PLAIN\"; "
	    "};\nb = {" GOOD "}; };",
	    "profiles.a.sasl: must not stand beside", 0 },
	{ "credentials and a user",
	    "profiles = { a = {" WHO "credentials = \"b\"; user = \"u\"; };\n"
	    "b = {" GOOD "}; };",
	    "profiles.a.user: must not stand beside", 0 },
	{ "credentials and a password",
	    "profiles = { a = {" WHO "credentials = \"b\";" PASSWORD "};\n"
	    "b = {" GOOD "}; };",
	    "profiles.a.password: must not stand beside", 0 },
	{ "credentials and oauth",
	    "profiles = { a = {" WHO
	    "credentials = \"b\";" OAUTH("") "};\n"
					     "b = {" GOOD "}; };",
	    "profiles.a.oauth: must not stand beside", 0 },
	{ "credentials empty", P(WHO "credentials = \"\";"),
	    "credentials: \"\": must not be empty", 0 },
	/* Ways to authenticate */
	{ "no way", P(WHO SERVER),
	    "x.conf:1: profiles.p.auth: neither oauth nor a password is given",
	    0 },
	{ "auth unknown", P(WHO SERVER "\nauth = [ \"key\" ];"),
	    "x.conf:3: profiles.p.auth: \"key\": must be \"oauth\", "
	    "\"password\", \"cert\" or \"none\"",
	    0 },
	{ "auth cert without it", P(WHO SERVER "\nauth = [ \"cert\" ];"),
	    "x.conf:3: profiles.p.auth: \"cert\": there is no tls.cert", 0 },
	{ "auth cert over a socket",
	    P(WHO "server = \"smtp+unix:/s\"; auth = \"cert\"; tls = { cert "
		  "= \"/c\"; };"),
	    "auth: \"cert\": /s is reached without TLS", 0 },
	{ "a certificate is no way by itself",
	    P(WHO SERVER "tls = { cert = \"/c\"; };"),
	    "auth: neither oauth nor a password is given", 0 },
	{ "auth empty", P(WHO SERVER "auth = [ ];"),
	    "auth: must have from 1 to 4 values, not 0", 0 },
	{ "auth twice",
	    P(WHO SERVER PASSWORD "auth = [ \"password\", \"password\" ];"),
	    "auth: \"password\": stands in the list twice", 0 },
	{ "auth oauth without it", P(WHO SERVER "\nauth = \"oauth\";"),
	    "x.conf:3: profiles.p.auth: \"oauth\": there is no oauth group",
	    0 },
	{ "auth password without it", P(WHO SERVER "auth = \"password\";"),
	    "auth: \"password\": there is no password", 0 },
	{ "auth none first",
	    P(WHO SERVER PASSWORD "auth = [ \"none\", \"password\" ];"),
	    "auth: \"none\" must come last", 0 },
	{ "sasl unknown", P(WHO SERVER PASSWORD "\nsasl = \"GSSAPI\";"),
	    "x.conf:3: profiles.p.sasl: \"GSSAPI\": must be \"XOAUTH2\", "
	    "\"OAUTHBEARER\", \"SCRAM-SHA-256\", \"PLAIN\", \"LOGIN\", "
	    "\"CRAM-MD5\" or \"EXTERNAL\"",
	    0 },
	{ "sasl EXTERNAL without cert",
	    P(WHO SERVER PASSWORD "sasl = [ \"PLAIN\", \"EXTERNAL\" ];"),
	    "sasl: \"EXTERNAL\" takes a certificate (\"cert\"), which auth "
	    "does not name",
	    0 },
	{ "cert without EXTERNAL",
	    P(WHO SERVER PASSWORD "tls = { cert = \"/c\"; }; auth = [ "
				  "\"cert\", \"password\" ]; sasl = "
				  "\"CRAM-MD5\";"),
	    "sasl: no mechanism here takes a certificate (\"cert\"), which "
	    "auth names: add \"EXTERNAL\"",
	    0 },
	{ "sasl fits no way", P(WHO SERVER PASSWORD "sasl = \"XOAUTH2\";"),
	    "sasl: \"XOAUTH2\" takes a token (\"oauth\"), which auth does not "
	    "name",
	    0 },
	{ "sasl with an open relay", P(GOOD "sasl = \"PLAIN\";"),
	    "sasl: \"PLAIN\" takes a password (\"password\"), which auth", 0 },
	{ "way without a mechanism",
	    P(WHO SERVER PASSWORD OAUTH("") "sasl = \"PLAIN\"; auth = [ "
					    "\"oauth\", \"password\" ];"),
	    "sasl: no mechanism here takes a token (\"oauth\"), which auth "
	    "names: add \"XOAUTH2\" or \"OAUTHBEARER\"",
	    0 },
	{ "password without a mechanism",
	    P(WHO SERVER PASSWORD OAUTH("") "sasl = \"xoauth2\"; auth = [ "
					    "\"oauth\", \"password\" ];"),
	    "sasl: no mechanism here takes a password (\"password\")", 0 },
	{ "sasl twice",
	    P(WHO SERVER PASSWORD "sasl = [ \"PLAIN\", \"plain\" ];"),
	    "sasl: \"PLAIN\": stands in the list twice", 0 },
	/* Timeouts */
	{ "timeout too short", P(GOOD "timeouts = {\nconnect = \"99ms\"; };"),
	    "x.conf:3: profiles.p.timeouts.connect: \"99ms\": must be from "
	    "100ms to 1h",
	    0 },
	{ "timeout too long", P(GOOD "timeouts = { final = \"61m\"; };"),
	    "timeouts.final: \"61m\": must be from 100ms to 1h", 0 },
	{ "timeout 0", P(GOOD "timeouts = { token = \"0\"; };"),
	    "timeouts.token: \"0\": must be from 100ms", 0 },
	{ "timeout without unit", P(GOOD "timeouts = { reply = \"60\"; };"),
	    "timeouts.reply: \"60\": must be a duration such as", 0 },
	{ "timeout empty", P(GOOD "timeouts = { data = \"\"; };"),
	    "timeouts.data: \"\": must be a duration", 0 },
	/* Secrets */
	{ "secret in clear, readable",
	    P(WHO SERVER "\npassword = \"hunter2\";"),
	    "x.conf:3: profiles.p.password: a secret may stand in clear only "
	    "in a file of mode 0600, or 0640 with group osmtp, and this one "
	    "has 0644",
	    READABLE },
	{ "sealed", P(WHO SERVER "\npassword = \"sealed:v1:abc\";"),
	    "x.conf:3: profiles.p.password: ", 0 },
	{ "sealed by a later version",
	    P(WHO SERVER "\npassword = \"sealed:v2:abc\";"),
	    "x.conf:3: profiles.p.password: ", 0 },
	{ "secret empty", P(WHO SERVER "password = \"\";"),
	    "password: must not be empty", 0 },
	{ "secret by another form",
	    P(WHO SERVER "password = {\nxyz = \"PW\"; };"),
	    "x.conf:3: profiles.p.password: { xyz ... } is no form of a "
	    "secret, which is \"sealed:v1:...\", { file = \"/path\"; }, ",
	    0 },
	{ "secret by a form that is near",
	    P(WHO SERVER "password = { comand = [ \"/x\" ]; };"),
	    "password: { comand ... } is no form of a secret; did you mean "
	    "\"command\"?",
	    0 },
	{ "secret of nothing", P(WHO SERVER "password = { };"),
	    "password: a group with 0 members is no form of a secret", 0 },
	{ "secret of two",
	    P(WHO SERVER "password = { file = \"/a\"; env = \"b\"; };"),
	    "password: a group with 2 members is no form of a secret", 0 },
	{ "secret env", P(WHO SERVER "password = { env = \"A=B\"; };"),
	    "password: env must be the name of a variable", 0 },
	{ "secret env empty", P(WHO SERVER "password = { env = \"\"; };"),
	    "password: env must be the name of a variable", 0 },
	{ "secret env with a digit first",
	    P(WHO SERVER "password = { env = \"1A\"; };"),
	    "password: env must be the name of a variable", 0 },
	{ "secret credential with a slash",
	    P(WHO SERVER "password = { credential = \"a/b\"; };"),
	    "password: credential must be a name without \"/\"", 0 },
	{ "secret credential up",
	    P(WHO SERVER "password = { credential = \"..\"; };"),
	    "password: credential must be a name without \"/\"", 0 },
	{ "secret credential empty",
	    P(WHO SERVER "password = { credential = \"\"; };"),
	    "password: credential must be a name", 0 },
	{ "secret command of nothing",
	    P(WHO SERVER "password = { command = [ ]; };"),
	    "password: command must have a program", 0 },
	{ "secret command without a path",
	    P(WHO SERVER "password = { command = [ \"pass\", \"x\" ]; };"),
	    "password: command must begin with the absolute path of a program, "
	    "or with \"~/\"; no shell is asked",
	    0 },
	{ "secret command by ~ in the system's",
	    P(WHO SERVER "password = { command = \"~/pass\"; };"),
	    "password: command must begin with the absolute path of a program; "
	    "no shell",
	    SYSTEM },
	{ "secret command of numbers",
	    P(WHO SERVER "password = { command = [ 1, 2 ]; };"),
	    "password: command must be a string, or several as [ \"a\", \"b\" "
	    "], and is an array",
	    0 },
	{ "secret command a list",
	    P(WHO SERVER "password = { command = ( \"/a\", 1 ); };"),
	    "password: command must be a string, or several", 0 },
	{ "secret file several",
	    P(WHO SERVER "password = { file = [ \"/a\" ]; };"),
	    "password: file must be a string, and is an array", 0 },
	{ "secret file with a line end",
	    P(WHO SERVER "password = { file = \"/a\\nb\"; };"),
	    "password: must be UTF-8 without control characters", 0 },
	{ "secret file relative",
	    P(WHO SERVER "password = {\nfile = \"pw\"; };"),
	    "x.conf:3: profiles.p.password: \"pw\": must be an absolute path",
	    0 },
	{ "secret file by ~ in the system's",
	    P(WHO SERVER "password = { file = \"~/pw\"; };"),
	    "password: \"~/pw\": must be an absolute path", SYSTEM },
	{ "secret file a number", P(WHO SERVER "password = { file = 1; };"),
	    "password: file must be a string, and is a number", 0 },
	/* Includes */
	{ "include of nothing", "\n@include \"none.conf\"\n" MORE,
	    "x.conf:2: @include: ", 0 },
	{ "include of a directory", "@include \".\"\n" MORE,
	    "x.conf:1: @include: ", 0 },
	{ "include of itself", "@include \"x.conf\"\n" MORE,
	    "x.conf:1: @include: includes nest deeper than 10", 0 },
	{ "include without quotes", "@include x.conf\n" MORE,
	    "x.conf:1: syntax error", 0 },
};

START_TEST(bad_by_table)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int rc = load(bad[i].text, bad[i].flags);

		ck_assert_msg(rc == EX_CONFIG, "%s: code %d", bad[i].label, rc);
		ck_assert_int_eq(e.code, EX_CONFIG);
		ck_assert_msg(strstr(e.text, bad[i].says) != NULL, "%s: %s",
		    bad[i].label, e.text);
	}
}
END_TEST

/* Secrets, and what may hold one, are repeated by no complaint. */
START_TEST(complaints_keep_secrets)
{
	static const char *const texts[] = {
		P(WHO SERVER "password = \"hunter2\""),
		P(WHO SERVER "password = \"sealed:hunter2\";"),
		P(WHO "server = \"smtp://me:hunter2@mail.example.com\";"),
		P(WHO SERVER "oauth = { token_url = "
			     "\"https://me:hunter2@a.test/\"; };"),
		P(WHO SERVER "password = [ \"hunter2\" ];"),
		P(WHO SERVER "password = \"sealed:v1:hunter2:hunter2\";"),
		P(WHO SERVER "password = { credential = \"hunter2/\"; };"),
		P(WHO SERVER "password = { env = \"hunter2!\"; };"),
		P(WHO SERVER "password = { command = [ \"hunter2\" ]; };"),
		P(WHO SERVER "password = { file = [ \"hunter2\" ]; };"),
		P(WHO SERVER "tls = { key_passphrase = \"hunter2\"; };"),
		P(WHO SERVER REFRESH("refresh_token = \"hunter2\";")),
		P(WHO SERVER "password = \"hunter2\nhunter2\"; x = ;"),
		P(WHO SERVER "password = hunter2;"),
		P(WHO SERVER "password = \"a\"\nhunter2\";"),
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_msg(
		    load(texts[i], READABLE) == EX_CONFIG, "%s", texts[i]);
		ck_assert_msg(strstr(e.text, "hunter2") == NULL, "%s", e.text);
	}
}
END_TEST

START_TEST(nul_octet)
{
	struct conf_source s = source("x.conf", 0);
	FILE *f = fopen(s.path, "w");

	fwrite("# \0\n", 1, 4, f);
	fputs(MORE, f);
	fclose(f);
	ck_assert_int_eq(conf_load_files(&c, &s, 1, &me, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "NUL octet"));
	conf_source_clear(&s);
}
END_TEST

START_TEST(too_long)
{
	size_t n = CONF_FILE_MAX + 1;
	char *text = mem_new(n + 1, 1);

	memset(text, '\n', n);
	ck_assert_int_eq(load(text, 0), EX_CONFIG);
	free(text);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, bad_by_table);
	tcase_add_test(tc, complaints_keep_secrets);
	tcase_add_test(tc, nul_octet);
	tcase_add_test(tc, too_long);
}

int
main(void)
{
	return unit_main("conf_bad", add);
}
