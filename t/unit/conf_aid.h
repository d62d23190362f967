/* SPDX-License-Identifier: ISC */
/*
 * conf_aid: configuration files of a test's own directory, loaded; and the
 * pieces of text that they are made of.
 */
#ifndef T_CONF_AID_H
#define T_CONF_AID_H

#include "core/conf.h"

#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "aid.h"

static struct conf c;
static struct err e;
static struct sys_user me;
static char full_name[300]; /* of this host */

static inline void
begin(void)
{
	struct buf b;

	aid_make_dir();
	umask(022);
	memset(&c, 0, sizeof(c));
	memset(&e, 0, sizeof(e));
	memset(&me, 0, sizeof(me));
	me.uid = geteuid() == 1000 ? 1001 : 1000; /* not whoever runs this */
	me.known = true;
	me.login = mem_dup("alice");
	me.gecos = mem_dup("");
	me.home = mem_dup(aid_dir);
	buf_init(&b, sizeof(full_name) - 1);
	sys_hostname(&b);
	snprintf(full_name, sizeof(full_name), "%s", b.data);
	buf_clear(&b);
}

static inline void
end(void)
{
	conf_clear(&c);
	sys_user_clear(&me);
	aid_remove_dir();
}

/* What a file is, for load(). */
enum { SYSTEM = 1, GIVEN = 2, READABLE = 4 /* mode 0644, not 0600 */ };

static inline struct conf_source
source(const char *name, int flags)
{
	struct conf_source s = { 0 };

	s.path = mem_dup(aid_path(name));
	s.is_system = (flags & SYSTEM) != 0;
	s.given = (flags & GIVEN) != 0;
	s.owners[0] = s.owners[1] = geteuid();
	if (!s.is_system)
		s.home = mem_dup("/home/alice");
	s.state = mem_dup(s.is_system ? "/state/of/system" : "/state/of/user");
	if (s.is_system)
		s.spool = mem_dup("/spool/of/system");
	return s;
}

static inline void
put(const char *name, const char *text, int flags)
{
	aid_write(aid_path(name), text);
	ck_assert_int_eq(
	    chmod(aid_path(name), flags & READABLE ? 0644 : 0600), 0);
}

/* Load one text. */
static inline int
load(const char *text, int flags)
{
	struct conf_source s = source("x.conf", flags);
	int rc;

	conf_clear(&c);
	memset(&e, 0, sizeof(e));
	put("x.conf", text, flags);
	rc = conf_load_files(&c, &s, 1, &me, &e);
	conf_source_clear(&s);
	return rc;
}

/* Load two, the user's and the system's. */
static inline int
load_both(const char *own, const char *of_system)
{
	struct conf_source v[] = { source("own.conf", 0),
		source("system.conf", SYSTEM) };
	int rc;

	conf_clear(&c);
	memset(&e, 0, sizeof(e));
	put("own.conf", own, 0);
	put("system.conf", of_system, READABLE);
	rc = conf_load_files(&c, v, 2, &me, &e);
	conf_source_clear(&v[0]);
	conf_source_clear(&v[1]);
	return rc;
}

static inline void
must_load(const char *text, int flags)
{
	int rc = load(text, flags);

	ck_assert_msg(rc == 0, "%s: %s", text, e.text);
}

static inline const struct profile *
profile(const char *name)
{
	const struct profile *p = profile_find(&c.set, name);

	ck_assert_msg(p != NULL, "no profile %s", name);
	return p;
}

/* A file with one profile, p, whose body begins at line 2. */
#define P(body)	 "profiles = { p = {\n" body "\n}; };\n"
#define KIND	 "kind = \"system\"; "
#define BOX	 "kind = \"mailbox\"; "
#define ADDRESS	 "address = \"a@example.com\"; "
#define SERVER	 "server = \"smtp://mail.example.com\"; "
#define OPEN	 "auth = \"none\"; "
#define PASSWORD "password = { file = \"/secret\"; }; "
#define WHO	 KIND ADDRESS
#define GOOD	 KIND ADDRESS SERVER OPEN
#define OAUTH(more)                                                         \
	"oauth = { client_id = \"id\"; client_secret = { file = \"/s\"; };" \
	" token_url = \"https://login.example.com/token\"; " more " }; "
#define REFRESH(more)                                              \
	"oauth = { grant = \"refresh_token\"; client_id = \"id\";" \
	" refresh_token = { file = \"/r\"; };"                     \
	" token_url = \"https://login.example.com/token\"; " more " }; "
#define PIN  "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define MORE P(GOOD) /* behind what stands at the top */

#endif
