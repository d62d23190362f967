# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# What tests of messages share: profiles that send without TLS and AUTH.

# profile NAME ADDRESS KEYS [LISTENER]: one that sends to that listener (smtp)
# of the fake server, for the configuration; KEYS end with a semicolon each.
profile() {
	echo "$1 = { address = \"$2\"; users = \"*\"; $3
	    server = \"smtp://localhost:@PORT:${4:-smtp}@\";
	    tls = { mode = \"none\"; }; auth = \"none\"; };"
}

# Two system profiles: "plain", for local senders, leaves a message as it is;
# "noreply" rewrites, and has these KEYS, too.
header_profiles() {
	echo 'default = "plain"; profiles = {'
	profile plain box@example.com \
	    'kind = "system"; rewrite = false; auto_submitted = false;'
	profile noreply noreply@example.com "kind = \"system\"; $1"
	echo '};'
}

# The fake server, these two, and the program under the name sendmail.
header_setup() {
	start_fake - <<-'END'
		{"listeners": {"smtp": {}}}
	END
	conf <<-END
		domain = "example.com";
		hostname = "host.example.com";
		received = false;
		log = { to = "@TMP@/log"; };
		$(header_profiles '')
	END
	# shellcheck disable=SC2034 # the test has them
	sendmail=$TMP/sendmail sent=0
	ln -s "$OSMTP" "$sendmail"
}

# The same with one profile, which leaves a message as it is.
box_setup() {
	start_fake - <<-'END'
		{"listeners": {"smtp": {}}}
	END
	conf <<-END
		domain = "example.com";
		log = { to = "@TMP@/log"; };
		default = "box";
		profiles = {
		$(profile box box@example.com 'kind = "system"; rewrite = false;')
		};
	END
	# shellcheck disable=SC2034 # the test has them
	sendmail=$TMP/sendmail dead=$HOME/dead.letter sent=0
	ln -s "$OSMTP" "$sendmail"
}
