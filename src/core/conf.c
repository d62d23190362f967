/* SPDX-License-Identifier: ISC */
/*
 * conf: which files count for whom, and what comes from which.
 *
 * The user's own file stands before the system's wherever both are walked
 * over: that is the order of the profiles. Keys that hold for the whole
 * process go the other way round, and the system's file wins.
 */
#include "core/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/conf_build.h"
#include "core/conf_read.h"
#include "core/conf_table.h"
#include "core/conf_net.h"

enum { MAX_HOST_TEXT = 1024 };

#define FILE_NAME "osmtp.conf"

/* The files of one load. d[i] goes with c->homes[i]. */
struct loading {
	struct conf *c;
	struct conf_draft d[CONF_MAX_SOURCES];
	size_t n;
	struct err *e;
};

/* The file that sets the key: the system's, else the user's, else NULL. */
static struct conf_draft *
setter(struct loading *l, enum conf_id id)
{
	for (size_t i = l->n; i-- > 0;)
		if (l->d[i].top.at[id].path != NULL)
			return &l->d[i];
	return NULL;
}

/* Where mail waits. h->runner and h->state are known. */
static int
fill_spool(const struct conf_draft *d, struct profile_home *h, struct err *e)
{
	const struct conf_top *top = &d->top;
	const char *by_default = d->source->spool;

	if (top->spool == NULL)
		h->spool = by_default != NULL
			       ? mem_dup(by_default)
			       : mem_printf("%s/spool", h->state);
	else if (strcmp(top->spool, "none") != 0)
		h->spool = mem_dup(top->spool);
	else if (h->runner)
		return conf_table_complain(e, &top->at[CONF_SPOOL], CONF_SPOOL,
		    NULL,
		    "\"none\": a runner works through a queue: write runner = "
		    "false beside it");
	return 0;
}

/* How long mail waits. */
static int
fill_queue(const struct conf_draft *d, struct profile_home *h, struct err *e)
{
	const struct conf_place *at = d->top.at;
	struct profile_queue *q = &h->queue;

	*q = d->top.queue;
	if (at[CONF_QUEUE_WARN_AFTER].path != NULL &&
	    q->warn_after >= q->lifetime)
		return conf_table_complain(e, &at[CONF_QUEUE_WARN_AFTER],
		    CONF_QUEUE_WARN_AFTER, NULL,
		    "has no effect: it is not shorter than queue.lifetime; "
		    "\"0\" stands for never");
	if (q->retry_first <= q->retry_max)
		return 0;
	if (at[CONF_QUEUE_RETRY_FIRST].path != NULL)
		return conf_table_complain(e, &at[CONF_QUEUE_RETRY_FIRST],
		    CONF_QUEUE_RETRY_FIRST, NULL,
		    "must not be longer than queue.retry_max");
	q->retry_first = q->retry_max; /* its default must not be */
	return 0;
}

/* The file's own settings, which hold for the mail of its profiles. */
static int
fill_home(struct conf_draft *d, struct profile_home *h, struct err *e)
{
	const struct conf_source *s = d->source;
	struct conf_top *top = &d->top;
	const struct conf_place *runner = &top->at[CONF_RUNNER];

	if (!s->is_system && top->runner)
		return conf_table_complain(e, runner, CONF_RUNNER, NULL,
		    "true: only the system's file has a runner");
	h->path = mem_dup(s->path);
	h->is_system = s->is_system;
	h->runner = runner->path != NULL ? top->runner : s->is_system;
	h->state = mem_dup(top->state != NULL ? top->state : s->state);
	if (h->state == NULL)
		return err_set(e, EX_CONFIG,
		    "%s: state: there is no home directory to keep it in: set "
		    "state",
		    s->path);
	if (fill_spool(d, h, e) != 0 || fill_queue(d, h, e) != 0)
		return EX_CONFIG;
	h->stamp = crc_add(0, d->text.flat.data, d->text.flat.len);
	h->log_to = mem_dup(top->log_to);
	h->log_facility = mem_dup(top->log_facility);
	h->log.to = h->log_to;
	h->log.facility = h->log_facility;
	h->log.level = (enum log_level)top->log_level; /* words in its order */
	h->log.json = top->log_format == 1;	       /* the second word */
	return 0;
}

/* Who may send by a mailbox of this file if it does not say. */
static char *
owner_name(const struct conf_draft *d, const struct sys_user *user)
{
	uid_t uid = d->text.parts[0]->st.st_uid;
	struct sys_user other = { 0 };
	char *name;

	if (d->source->is_system)
		return NULL;
	if (uid == user->uid && user->known)
		return mem_dup(user->login);
	sys_user_load(&other, uid);
	name = other.known ? mem_dup(other.login)
			   : mem_printf("%u", (unsigned)uid);
	sys_user_clear(&other);
	return name;
}

/* The one of n profiles that is called so, or NULL. */
static struct profile *
find_among(struct profile *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

/* The key at that place names a profile that there is not among n. */
static int
unknown_profile(struct err *e, const struct conf_place *at, enum conf_id id,
    const char *of, const struct profile *v, size_t n, const char *name)
{
	const char *near = profile_nearest(v, n, name);

	if (near != NULL)
		return conf_table_complain(e, at, id, of,
		    "\"%s\": no profile has this name; did you mean \"%s\"?",
		    name, near);
	return conf_table_complain(
	    e, at, id, of, "\"%s\": no profile has this name", name);
}

/* May the n profiles of the file use the accounts that they name? The pointers
 * themselves are set when the set grows no more. */
static int
check_credentials(const struct conf_draft *d, struct profile *v, struct err *e)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct conf_entry *x = &d->entries[i];
		const struct conf_place *at = &x->at[CONF_CREDENTIALS];
		const struct profile *from;

		if (x->credentials == NULL)
			continue;
		from = find_among(v, d->n, x->credentials);
		if (from == NULL)
			return unknown_profile(e, at, CONF_CREDENTIALS,
			    v[i].name, v, d->n, x->credentials);
		if (from == &v[i])
			return conf_table_complain(e, at, CONF_CREDENTIALS,
			    v[i].name, "\"%s\": names itself", from->name);
		if (d->entries[from - v].credentials != NULL)
			return conf_table_complain(e, at, CONF_CREDENTIALS,
			    v[i].name,
			    "\"%s\" has none of its own: name \"%s\"",
			    from->name, d->entries[from - v].credentials);
	}
	return 0;
}

/* The file's profiles go into the set. */
static int
add_profiles(
    struct loading *l, struct conf_draft *d, const struct sys_user *user)
{
	struct profile_set *set = &l->c->set;
	struct profile_home *home = &l->c->homes[l->c->n_homes++];
	size_t first = set->n;
	char *owner;
	int rc;

	rc = fill_home(d, home, l->e);
	if (rc != 0)
		return rc;
	owner = owner_name(d, user);
	for (size_t i = 0; rc == 0 && i < d->n; i++) {
		rc = conf_build(&d->entries[i], home, owner, l->e);
		if (rc != 0)
			break;
		set->v = mem_grow(set->v, set->n + 1, sizeof(*set->v));
		set->v[set->n++] = d->entries[i].p;
		memset(&d->entries[i].p, 0, sizeof(d->entries[i].p));
	}
	free(owner);
	if (rc == 0 && d->n > 0)
		rc = check_credentials(d, &set->v[first], l->e);
	return rc;
}

/* Take back what a file has brought so far. */
static void
drop_home(struct conf *c, size_t n_homes, size_t n_profiles)
{
	while (c->set.n > n_profiles)
		profile_clear(&c->set.v[--c->set.n]);
	while (c->n_homes > n_homes) {
		struct profile_home *h = &c->homes[--c->n_homes];

		free(h->path);
		free(h->state);
		free(h->spool);
		free(h->log_to);
		free(h->log_facility);
		memset(h, 0, sizeof(*h));
	}
}

char *
conf_hostname(const struct conf *c)
{
	struct buf b;

	if (c->hostname != NULL)
		return mem_dup(c->hostname);
	buf_init(&b, MAX_HOST_TEXT);
	sys_hostname(&b);
	return buf_take(&b);
}

void
conf_clear(struct conf *c)
{
	drop_home(c, 0, 0);
	free(c->set.v);
	text_list_clear(&c->set.local_names);
	free(c->domain);
	free(c->hostname);
	free(c->aliases);
	addr_clear(&c->admin);
	memset(c, 0, sizeof(*c));
}

/* Read one more file. EX_NOINPUT: it does not exist. */
static int
load_file(
    struct loading *l, const struct conf_source *s, const struct sys_user *user)
{
	struct conf_draft *d = &l->d[l->n];
	size_t n_homes = l->c->n_homes, n_profiles = l->c->set.n;
	int rc;

	memset(d, 0, sizeof(*d));
	d->source = s;
	rc = conf_read(d, l->e);
	if (rc == 0)
		rc = add_profiles(l, d, user);
	if (rc == 0) {
		l->n++;
		return 0;
	}
	drop_home(l->c, n_homes, n_profiles);
	conf_draft_clear(d);
	return rc;
}

/* The host's full name, or something harmless if it is none. */
static char *
host_name(void)
{
	struct buf b;
	char *name;

	buf_init(&b, MAX_HOST_TEXT);
	sys_hostname(&b);
	name = mem_dup(conf_net_is_host(b.data) ? b.data : "localhost");
	buf_clear(&b);
	return name;
}

static void
merge_domain(struct loading *l, const char *host)
{
	const struct conf_draft *d = setter(l, CONF_DOMAIN);
	const char *dot = strchr(host, '.');
	struct buf mailname;

	if (d != NULL) {
		l->c->domain = mem_dup(d->top.domain);
		l->c->domain_set = true;
		return;
	}
	buf_init(&mailname, MAX_HOST_TEXT);
	if (sys_mailname(&mailname) && conf_net_is_host(mailname.data))
		l->c->domain = buf_take(&mailname);
	else
		l->c->domain =
		    mem_dup(dot != NULL && dot[1] != '\0' ? dot + 1 : host);
	buf_clear(&mailname);
}

static void
merge_names(struct loading *l)
{
	struct conf *c = l->c;
	const struct conf_draft *d;
	struct text_list *names = &c->set.local_names;
	char *host = host_name();

	merge_domain(l, host);
	d = setter(l, CONF_HOSTNAME);
	c->hostname = mem_dup(d != NULL ? d->top.hostname : host);
	d = setter(l, CONF_LOCAL_NAMES);
	if (d != NULL) {
		for (size_t i = 0; i < d->top.local_names.n; i++)
			text_list_add(names, d->top.local_names.v[i]);
	} else {
		char *brief = mem_dup_n(host, strcspn(host, "."));

		text_list_add(names, "localhost");
		if (!text_list_has_case(names, brief))
			text_list_add(names, brief);
		if (!text_list_has_case(names, host))
			text_list_add(names, host);
		free(brief);
	}
	free(host);
}

/* The system's have a file by default, a user's own have not. */
static void
merge_aliases(struct loading *l)
{
	const struct conf_draft *d = setter(l, CONF_ALIASES);
	size_t i;

	if (d != NULL)
		l->c->aliases = mem_dup(d->top.aliases);
	for (i = 0; i < l->n && l->c->aliases == NULL; i++) {
		if (l->d[i].source->is_system)
			l->c->aliases = mem_dup(sys_aliases_file());
	}
}

static int
merge_admin(struct loading *l)
{
	struct conf *c = l->c;
	const struct conf_draft *d = setter(l, CONF_RECEIVED);

	c->received = d == NULL || d->top.received;

	d = setter(l, CONF_ADMIN);
	if (d != NULL)
		addr_copy(&c->admin, &d->top.admin);
	d = setter(l, CONF_UNALIASED);
	if (d == NULL)
		return 0;
	/* AUTO has no word and comes before those that have one. */
	c->unaliased =
	    (enum conf_unaliased)(CONF_UNALIASED_ADMIN + d->top.unaliased);
	if (c->unaliased == CONF_UNALIASED_ADMIN && c->admin.local == NULL)
		return conf_table_complain(l->e, &d->top.at[CONF_UNALIASED],
		    CONF_UNALIASED, NULL, "\"admin\": admin is not set");
	return 0;
}

/* A profile by the name that the file d gives it: its own, else the system's
 * where d is the user's. */
static const struct profile *
referred(struct loading *l, const struct conf_draft *d, const char *name)
{
	const struct profile_set *set = &l->c->set;
	const struct profile_home *own = &l->c->homes[d - l->d];
	const struct profile *found = NULL;

	for (size_t i = 0; i < set->n; i++) {
		const struct profile *p = &set->v[i];

		if (strcmp(p->name, name) != 0)
			continue;
		if (p->home == own)
			return p;
		if (!d->source->is_system)
			found = p;
	}
	return found;
}

/* What default or unmatched of the file d refers to. */
static int
refer(struct loading *l, const struct conf_draft *d, enum conf_id id,
    const char *name, const struct profile **out)
{
	const struct profile_set *set = &l->c->set;

	*out = referred(l, d, name);
	if (*out != NULL)
		return 0;
	return unknown_profile(
	    l->e, &d->top.at[id], id, NULL, set->v, set->n, name);
}

/* The only system profile of the system's file, or of the only file. */
static const struct profile *
only_system_profile(const struct loading *l)
{
	const struct profile_home *home = &l->c->homes[l->n - 1];
	const struct profile *found = NULL;

	for (size_t i = 0; i < l->c->set.n; i++) {
		const struct profile *p = &l->c->set.v[i];

		if (p->home != home || p->kind != PROFILE_SYSTEM)
			continue;
		if (found != NULL)
			return NULL;
		found = p;
	}
	return found;
}

/*
 * References are looked at in every file, though one of them may lose: a
 * fault must not sleep until the other file changes.
 */
static int
check_references(struct loading *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct conf_draft *d = &l->d[i];
		const struct profile *p;

		if (d->top.for_local != NULL) {
			if (refer(l, d, CONF_DEFAULT, d->top.for_local, &p) !=
			    0)
				return EX_CONFIG;
			if (p->kind != PROFILE_SYSTEM)
				return conf_table_complain(l->e,
				    &d->top.at[CONF_DEFAULT], CONF_DEFAULT,
				    NULL,
				    "\"%s\": must be a profile of kind "
				    "\"system\"",
				    p->name);
		}
		if (d->top.for_unmatched != NULL &&
		    strcmp(d->top.for_unmatched, "reject") != 0 &&
		    refer(l, d, CONF_UNMATCHED, d->top.for_unmatched, &p) != 0)
			return EX_CONFIG;
	}
	return 0;
}

static int
merge_references(struct loading *l)
{
	struct profile_set *set = &l->c->set;
	const struct conf_draft *d;

	if (check_references(l) != 0)
		return EX_CONFIG;
	d = setter(l, CONF_DEFAULT);
	set->for_local = d != NULL ? referred(l, d, d->top.for_local)
				   : only_system_profile(l);
	d = setter(l, CONF_UNMATCHED);
	if (d == NULL)
		set->for_unmatched = set->for_local;
	else if (strcmp(d->top.for_unmatched, "reject") != 0)
		set->for_unmatched = referred(l, d, d->top.for_unmatched);
	return 0;
}

/* Profiles of the files stand in the set one behind the other. */
static void
merge_credentials(struct loading *l)
{
	struct profile *v = l->c->set.v;

	for (size_t i = 0; i < l->n; v += l->d[i++].n)
		for (size_t k = 0; k < l->d[i].n; k++) {
			const struct conf_entry *x = &l->d[i].entries[k];

			if (x->credentials != NULL)
				conf_build_borrower(x, &v[k],
				    find_among(v, l->d[i].n, x->credentials));
		}
}

static int
merge(struct loading *l)
{
	struct profile_set *set = &l->c->set;
	int rc;

	if (set->n == 0)
		return err_set(l->e, EX_CONFIG,
		    "%s: profiles: is missing: there must be at least one",
		    l->d[l->n - 1].source->path);
	merge_names(l);
	merge_aliases(l);
	merge_credentials(l);
	for (size_t i = 0; i < set->n; i++)
		for (size_t k = 0; k < set->v[i].n_servers; k++)
			set->v[i].servers[k].wire.hello = l->c->hostname;
	rc = merge_admin(l);
	if (rc == 0)
		rc = merge_references(l);
	return rc;
}

/* May a fault of the file be passed over? For daemons and root the system's
 * profiles stand in; nobody else's mail goes under another name unasked. */
static bool
may_skip(const struct conf_source *s, const struct sys_user *user)
{
	return !s->is_system && !s->given &&
	       (user->uid == 0 || sys_is_system_uid(user->uid));
}

/* Read what there is, passing over what may be. *skipped: the fault of it. */
static int
load_present(struct loading *l, const struct conf_source *v, size_t n,
    const struct sys_user *user, struct err *skipped)
{
	for (size_t i = 0; i < n; i++) {
		int rc = load_file(l, &v[i], user);

		if (rc == 0 || (rc == EX_NOINPUT && !v[i].given))
			continue;
		if (!may_skip(&v[i], user))
			return EX_CONFIG;
		*skipped = *l->e;
	}
	if (l->n > 0)
		return 0;
	if (skipped->code != 0)
		return err_set(l->e, EX_CONFIG, "%s", skipped->text);
	return err_set(l->e, EX_CONFIG,
	    "%s: there is no configuration: write this file, or "
	    "~/.config/osmtp/" FILE_NAME,
	    v[n - 1].path);
}

int
conf_load_files(struct conf *c, const struct conf_source *v, size_t n,
    const struct sys_user *user, struct err *e)
{
	struct err fault = ERR_NONE, skipped = ERR_NONE;
	struct loading l = { .c = c, .e = &fault };
	bool again = false;
	int rc;

	err_bug_if(n == 0 || n > CONF_MAX_SOURCES);
	rc = load_present(&l, v, n, user, &skipped);
	if (rc == 0) {
		rc = merge(&l);
		/* It may be the user's file that does not fit. */
		again = rc != 0 && l.n > 1 && may_skip(&v[0], user);
		if (again)
			skipped = fault;
	}
	for (size_t i = 0; i < l.n; i++)
		conf_draft_clear(&l.d[i]);
	if (again) {
		conf_clear(c);
		rc = conf_load_files(c, v + 1, n - 1, user, &fault);
	}
	if (rc != 0)
		return err_set(e, EX_CONFIG, "%s", fault.text);
	if (skipped.code != 0)
		log_event(LOG_LEVEL_WARN, NULL, "config", "skipped",
		    skipped.text, NULL);
	return 0;
}

/* Is it a directory of the effective uid? Another's gives no orders. */
static bool
is_our_dir(const char *path, uid_t euid)
{
	struct stat st;

	return path != NULL && path[0] == '/' && stat(path, &st) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_uid == euid;
}

/* HOME if it counts, else what the password database says, or NULL. */
static const char *
home_of(const struct conf_request *q)
{
	return is_our_dir(q->home, q->euid) ? q->home : q->user->home;
}

/* Where a user's state is kept unless the file says otherwise, or NULL. */
static char *
state_of(const struct conf_request *q)
{
	const char *xdg = q->xdg_state, *home = home_of(q);
	struct stat st;

	/* It need not exist yet. */
	if (xdg != NULL && xdg[0] == '/' &&
	    (is_our_dir(xdg, q->euid) ||
		(stat(xdg, &st) != 0 && errno == ENOENT)))
		return mem_printf("%s/osmtp", xdg);
	return home != NULL ? mem_printf("%s/.local/state/osmtp", home) : NULL;
}

/* The path of the user's own file, or NULL: there can be none. */
static char *
own_path(const struct conf_request *q)
{
	if (sys_is_system_uid(q->user->uid))
		return NULL;
	if (is_our_dir(q->xdg_config, q->euid))
		return mem_printf("%s/osmtp/" FILE_NAME, q->xdg_config);
	if (is_our_dir(q->home, q->euid))
		return mem_printf("%s/.config/osmtp/" FILE_NAME, q->home);
	return NULL;
}

static bool
is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static void
fill_system(struct conf_source *s, char *path)
{
	s->path = path;
	s->is_system = true;
	s->state = mem_dup(sys_statedir());
	s->spool = mem_dup(sys_spooldir());
}

/* The user's own, or one that is given. */
static void
fill_user(struct conf_source *s, char *path, const struct conf_request *q)
{
	s->path = path;
	s->owners[0] = s->owners[1] = q->euid;
	s->home = mem_dup(home_of(q));
	s->state = state_of(q);
}

size_t
conf_sources(
    const struct conf_request *q, struct conf_source v[CONF_MAX_SOURCES])
{
	char *system = mem_printf("%s/" FILE_NAME, sys_confdir());
	char *own;
	size_t n = 0;

	memset(v, 0, CONF_MAX_SOURCES * sizeof(*v));
	if (q->file != NULL && !is_same_file(q->file, system)) {
		free(system);
		fill_user(&v[0], mem_dup(q->file), q);
		v[0].given = true;
		v[0].owners[0] = 0;
		if (q->sendmail_face)
			v[0].owners[1] = 0;
		return 1;
	}
	own = own_path(q);
	if (own != NULL)
		fill_user(&v[n++], own, q);
	fill_system(&v[n++], system);
	return n;
}

int
conf_load(struct conf *c, const struct conf_request *q, struct err *e)
{
	struct conf_source v[CONF_MAX_SOURCES];
	size_t n = conf_sources(q, v), first;
	struct stat st;
	int rc;

	/* What can't be looked at is as good as absent. */
	first = n > 1 && stat(v[0].path, &st) != 0 ? 1 : 0;
	rc = conf_load_files(c, v + first, n - first, q->user, e);
	for (size_t i = 0; i < n; i++)
		conf_source_clear(&v[i]);
	return rc;
}

bool
conf_key(size_t i, const char **group, const char **key)
{
	if (i >= CONF_IDS)
		return false;
	*group = conf_rows[i].group;
	*key = conf_rows[i].key;
	return true;
}
