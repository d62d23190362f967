/* SPDX-License-Identifier: ISC */
/* wire: links over libcurl. */
/*
 * Connecting is libcurl's, in one multi handle that is driven by the loop; the
 * easy handle stays in it, and from WIRE_UP on carries curl_easy_send() and
 * curl_easy_recv(). Where libcurl stands while it connects is read off the
 * lines the server sent (each reaches the header call-back) and off its own
 * time marks, so that each stage can have a deadline of its own.
 */
#include "gate/wire_part.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"

enum {
	HELLO_MAX = 64 * 1024, /* octets of one reply */
	HELLO_LINES = 200,     /* lines of one reply */
	CHAIN_MAX = 256 * 1024,
	NEVER_S = 86400 /* libcurl's own time-outs, out of the way */
};

struct wire {
	CURLM *multi;
	struct loop *loop;
	struct loop_timer timer;     /* libcurl's */
	struct loop_timer stillborn; /* tells of links that never began */
	struct wire_link *links;
};

struct wire_link {
	struct wire *wire;
	struct wire_link *next;
	CURL *easy;
	struct curl_slist *connect_to;	/* or NULL */
	bool connected;			/* TCP is up */
	char address[INET6_ADDRSTRLEN]; /* to this */
	const struct wire_target *target;
	wire_changed_fn *changed;
	void *ctx;
	char error[CURL_ERROR_SIZE];
	struct buf hello;   /* lines of the reply that is coming in */
	struct buf last;    /* the last line that came, without code */
	int code;	    /* its code */
	unsigned lines;	    /* in this reply */
	unsigned greetings; /* replies 220: the greeting, STARTTLS's */
	unsigned hellos;    /* replies 250: EHLO's */
	int refusal_code;   /* what EHLO got instead of 250 */
	struct buf refusal;
	struct buf chain; /* the server's certificates, PEM, if wanted */
	bool malformed;	  /* what came is no reply */
	bool reply_open;  /* more lines of the reply follow */
	bool done;
	bool up;
	struct wire_failure failure;
};

/* ---- what the server says while libcurl connects */

static size_t
link_take_line(char *p, size_t size, size_t n, void *ctx)
{
	struct wire_link *k = ctx;
	size_t len = size * n;
	size_t end = len;
	int code = 0;

	while (end > 0 && (p[end - 1] == '\n' || p[end - 1] == '\r'))
		end--;
	if (end < 3 || !text_is_digit(p[0]) || !text_is_digit(p[1]) ||
	    !text_is_digit(p[2])) {
		/* libcurl would pass it over and wait on. */
		k->malformed = true;
		return 0; /* stops the transfer with CURLE_WRITE_ERROR */
	}
	code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	if (k->reply_open && code != k->code) {
		k->malformed = true;
		return 0;
	}
	if (!k->reply_open) {
		k->lines = 0;
		if (code == 250)
			buf_reset(&k->hello); /* only the last EHLO counts */
	}
	k->code = code;
	k->reply_open = end > 3 && p[3] == '-';
	if (code == 220 && !k->reply_open)
		k->greetings++;
	if (code == 250 && !k->reply_open)
		k->hellos++;
	buf_reset(&k->last);
	if (end > 4)
		buf_add(&k->last, p + 4, end - 4 > 1000 ? 1000 : end - 4);
	if (code != 250 && code != 220) {
		k->refusal_code = code;
		buf_reset(&k->refusal);
		buf_add(&k->refusal, k->last.data, k->last.len);
	}
	if (code == 250 && end > 4)
		buf_add(&k->hello, p + 4, end - 4);
	if (code == 250)
		buf_add_char(&k->hello, '\n');
	if (k->hello.full || ++k->lines > HELLO_LINES)
		return 0;
	return len;
}

/* Is TCP up? libcurl has no mark for it that holds for smtps. It also waits
 * for its resolver, by a socket pair, which is up and says nothing. */
static void
link_look_at(struct wire_link *k, int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	if (getpeername(fd, (struct sockaddr *)&a, &n) != 0 ||
	    (a.ss_family == AF_UNIX && k->target->unix_path == NULL))
		return;
	k->connected = true;
	if (a.ss_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)&a)->sin_addr,
		    k->address, sizeof(k->address));
	else if (a.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&a)->sin6_addr,
		    k->address, sizeof(k->address));
}

static bool
link_is_secured(const struct wire_link *k)
{
	curl_off_t t = 0;

	return curl_easy_getinfo(k->easy, CURLINFO_APPCONNECT_TIME_T, &t) ==
		   CURLE_OK &&
	       t > 0;
}

enum wire_stage
wire_stage(struct wire_link *k)
{
	if (k->done)
		return k->up ? WIRE_UP : WIRE_FAILED;
	if (k->greetings > 1)
		return link_is_secured(k) ? WIRE_HELLO : WIRE_SECURING;
	if (k->greetings == 1)
		return WIRE_HELLO;
	if (!k->connected)
		return WIRE_CONNECTING;
	if (k->target->tls == WIRE_TLS && !link_is_secured(k))
		return WIRE_SECURING;
	return WIRE_GREETING;
}

/* ---- why it failed */

static void
link_failed(struct wire_link *k, enum wire_stage stage, CURLcode result)
{
	struct wire_failure *f = &k->failure;

	wire_blame(f, k->easy, k->target, result, k->error);
	f->stage = stage;
	if (k->hello.full || k->lines > HELLO_LINES) {
		wire_say(f, "the reply is too long", 21);
	} else if (k->malformed ||
		   (f->no_tls && (k->hellos > 1 || k->code / 100 == 3))) {
		/* A 250 or 354 to STARTTLS is neither refusal nor answer. */
		f->no_tls = false;
		wire_say(f, WIRE_OUT_OF_PLACE, strlen(WIRE_OUT_OF_PLACE));
	} else if (k->code >= 400 && !f->certificate) {
		f->code = k->code;
		f->theirs = true;
		wire_say(f, k->last.len ? k->last.data : "", k->last.len);
	}
}

/* ---- the multi handle and the loop */

static void
wire_finish(struct wire *w)
{
	struct wire_link *k;
	struct wire_link *next;
	enum wire_stage stage;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(w->multi, &left)) != NULL) {
		k = NULL;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
			(char **)&k) != CURLE_OK)
			continue;
		stage = wire_stage(k);
		k->done = true;
		k->up = m->data.result == CURLE_OK;
		if (k->target->keep_chain)
			wire_add_chain(&k->chain, k->easy);
		if (!k->up)
			link_failed(k, stage, m->data.result);
	}
	for (k = w->links; k != NULL; k = next) {
		next = k->next;
		if (k->changed != NULL)
			k->changed(k->ctx);
	}
}

static void
on_socket(void *ctx, int fd, unsigned events)
{
	struct wire *w = ctx;
	int running;

	curl_multi_socket_action(w->multi, fd,
	    ((events & LOOP_READ) ? CURL_CSELECT_IN : 0) |
		((events & LOOP_WRITE) ? CURL_CSELECT_OUT : 0),
	    &running);
	wire_finish(w);
}

static void
on_timer(void *ctx)
{
	struct wire *w = ctx;
	int running;

	curl_multi_socket_action(w->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	wire_finish(w);
}

static void
on_stillborn(void *ctx)
{
	wire_finish(ctx);
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
	struct wire *w = ctx;
	struct wire_link *k = NULL;
	unsigned events = 0;

	(void)unused;
	if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&k) ==
		CURLE_OK &&
	    k != NULL && what != CURL_POLL_REMOVE)
		link_look_at(k, fd);
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= LOOP_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= LOOP_WRITE;
	loop_watch(w->loop, fd, events, on_socket, w);
	return 0;
}

static int
want_timer(CURLM *multi, long ms, void *ctx)
{
	struct wire *w = ctx;

	(void)multi;
	if (ms < 0)
		loop_timer_stop(w->loop, &w->timer);
	else
		loop_timer_start(
		    w->loop, &w->timer, sys_mono() + ms, on_timer, w);
	return 0;
}

struct wire *
wire_new(struct loop *l)
{
	struct wire *w = mem_new(1, sizeof(*w));

	err_bug_if(curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK);
	w->loop = l;
	w->multi = curl_multi_init();
	err_bug_if(w->multi == NULL);
	curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w);
	curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
	return w;
}

void
wire_free(struct wire *w)
{
	if (w == NULL)
		return;
	while (w->links != NULL)
		wire_close(w->links);
	curl_multi_cleanup(w->multi);
	loop_timer_stop(w->loop, &w->timer);
	loop_timer_stop(w->loop, &w->stillborn);
	free(w);
}

/* ---- links */

static void
add_host_port(struct buf *b, const char *host, unsigned port)
{
	bool six = strchr(host, ':') != NULL;

	buf_add_fmt(b, six ? "[%s]:%u" : "%s:%u", host, port);
}

/* The name in the URL is the one that TLS asks for and verifies. */
static void
add_url(struct buf *url, const struct wire_target *t)
{
	if (t->unix_path != NULL)
		buf_add_str(url, "smtp://localhost");
	else {
		buf_add_str(url, t->tls == WIRE_TLS ? "smtps://" : "smtp://");
		add_host_port(url,
		    t->server_name != NULL ? t->server_name : t->host, t->port);
	}
	buf_add_char(url, '/');
	text_add_percent(url, t->hello, strlen(t->hello));
}

/* Where a URL that carries another name leads: whatever stands in it (that is
 * what the two empty words mean), go to host and port. */
static struct curl_slist *
make_connect_to(const struct wire_target *t)
{
	struct curl_slist *l;
	struct buf b;

	if (t->server_name == NULL || t->unix_path != NULL)
		return NULL;
	buf_init(&b, 1024);
	buf_add_str(&b, "::");
	add_host_port(&b, t->host, t->port);
	l = curl_slist_append(NULL, b.data);
	buf_clear(&b);
	return l;
}

static CURLcode
set_link(struct wire_link *k, const char *url)
{
	const struct wire_target *t = k->target;
	CURL *easy = k->easy;
	CURLcode r = wire_set_common(easy, t, k->error);

	WIRE_SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	WIRE_SET(CURLOPT_URL, url);
	WIRE_SET(CURLOPT_CONNECT_ONLY, 1L);
	WIRE_SET(CURLOPT_USE_SSL,
	    (long)(t->tls == WIRE_STARTTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	if (t->unix_path != NULL)
		WIRE_SET(CURLOPT_UNIX_SOCKET_PATH, t->unix_path);
	if (k->connect_to != NULL)
		WIRE_SET(CURLOPT_CONNECT_TO, k->connect_to);
	WIRE_SET(CURLOPT_CONNECTTIMEOUT, (long)NEVER_S);
	WIRE_SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)NEVER_S);
	WIRE_SET(CURLOPT_HEADERFUNCTION, link_take_line);
	WIRE_SET(CURLOPT_HEADERDATA, k);
	WIRE_SET(CURLOPT_PRIVATE, k);
	return r;
}

int
wire_open(struct wire *w, const struct wire_target *t, wire_changed_fn *changed,
    void *ctx, struct wire_link **out, struct err *e)
{
	struct wire_link *k = mem_new(1, sizeof(*k));
	struct buf url;
	CURLcode r;

	k->wire = w;
	k->target = t;
	k->changed = changed;
	k->ctx = ctx;
	buf_init(&k->hello, HELLO_MAX);
	buf_init(&k->last, 1024);
	buf_init(&k->refusal, 1024);
	buf_init(&k->chain, CHAIN_MAX);
	k->next = w->links;
	w->links = k;
	k->easy = curl_easy_init();
	err_bug_if(k->easy == NULL);
	buf_init(&url, 2048);
	add_url(&url, t);
	k->connect_to = make_connect_to(t);
	r = set_link(k, url.data);
	buf_clear(&url);
	if (r == CURLE_SSL_CACERT_BADFILE || r == CURLE_SSL_CERTPROBLEM) {
		k->done = true;
		link_failed(k, WIRE_SECURING, r);
		loop_timer_start(
		    w->loop, &w->stillborn, sys_mono(), on_stillborn, w);
	} else if (r != CURLE_OK) {
		wire_close(k);
		return err_set(e, EX_SOFTWARE, "libcurl: option: %s",
		    curl_easy_strerror(r));
	} else {
		curl_multi_add_handle(w->multi, k->easy);
	}
	*out = k;
	return 0;
}

void
wire_close(struct wire_link *k)
{
	struct wire_link **at;

	if (k == NULL)
		return;
	for (at = &k->wire->links; *at != k; at = &(*at)->next)
		;
	*at = k->next;
	if (k->up)
		loop_watch(k->wire->loop, wire_fd(k), 0, NULL, NULL);
	curl_multi_remove_handle(k->wire->multi, k->easy);
	curl_easy_cleanup(k->easy);
	curl_slist_free_all(k->connect_to);
	buf_clear(&k->hello);
	buf_clear(&k->last);
	buf_clear(&k->refusal);
	buf_clear(&k->chain);
	free(k);
}

const struct wire_failure *
wire_failure(const struct wire_link *k)
{
	return &k->failure;
}

const char *
wire_hello_lines(const struct wire_link *k)
{
	return k->hello.len > 0 ? k->hello.data : "";
}

int
wire_hello_refusal(const struct wire_link *k, const char **words)
{
	*words = k->refusal.len > 0 ? k->refusal.data : "";
	return k->refusal_code;
}

const char *
wire_chain(const struct wire_link *k)
{
	return k->chain.len > 0 ? k->chain.data : "";
}

const char *
wire_address(const struct wire_link *k)
{
	return k->address;
}

const char *
wire_ca_file(void)
{
	return sys_ca_file();
}

int
wire_fd(const struct wire_link *k)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	curl_easy_getinfo(k->easy, CURLINFO_ACTIVESOCKET, &fd);
	return fd;
}

ssize_t
wire_read(struct wire_link *k, void *p, size_t n)
{
	size_t got = 0;
	CURLcode r = curl_easy_recv(k->easy, p, n, &got);

	if (r == CURLE_AGAIN)
		return WIRE_AGAIN;
	return r == CURLE_OK ? (ssize_t)got : WIRE_BROKEN;
}

ssize_t
wire_write(struct wire_link *k, const void *p, size_t n)
{
	size_t put = 0;
	CURLcode r = curl_easy_send(k->easy, p, n, &put);

	if (r == CURLE_AGAIN || (r == CURLE_OK && put == 0))
		return WIRE_AGAIN;
	return r == CURLE_OK ? (ssize_t)put : WIRE_BROKEN;
}
