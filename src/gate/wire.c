/* SPDX-License-Identifier: ISC */
/* wire: links and requests over libcurl. */
/*
 * Connecting is libcurl's, in one multi handle that is driven by the loop; the
 * easy handle stays in it, and from WIRE_UP on carries curl_easy_send() and
 * curl_easy_recv(). Where libcurl stands while it connects is read off the
 * lines the server sent (each reaches the header call-back) and off its own
 * time marks, so that each stage can have a deadline of its own.
 */
#include "gate/wire.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"

enum {
	HELLO_MAX = 64 * 1024, /* octets of one reply */
	HELLO_LINES = 200,     /* lines of one reply */
	NEVER_S = 86400	       /* libcurl's own time-outs, out of the way */
};

#define OUT_OF_PLACE "what the server sent has no place there"

struct wire {
	CURLM *multi;
	struct loop *loop;
	struct loop_timer timer;
	struct wire_link *links;
};

struct wire_link {
	struct wire *wire;
	struct wire_link *next;
	CURL *easy;
	bool connected; /* TCP is up */
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
	bool malformed;	 /* what came is no reply */
	bool reply_open; /* more lines of the reply follow */
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

	if (getpeername(fd, (struct sockaddr *)&a, &n) == 0 &&
	    (a.ss_family != AF_UNIX || k->target->unix_path != NULL))
		k->connected = true;
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

/* The value of a line of the server's own certificate, or "". */
static const char *
certificate_line(CURL *easy, const char *name)
{
	struct curl_certinfo *info = NULL;
	const struct curl_slist *l;
	size_t n = strlen(name);

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return "";
	for (l = info->certinfo[0]; l != NULL; l = l->next)
		if (text_case_eq_n(l->data, name, n) && l->data[n] == ':')
			return l->data + n + 1;
	return "";
}

/* "2026-11-24 14:00:00 GMT", or -1. */
static time_t
certificate_time(const char *text)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	return strptime(text, "%Y-%m-%d %H:%M:%S", &tm) ? timegm(&tm) : -1;
}

/*
 * libcurl has one text for an unknown issuer, an expired certificate, one
 * that is not valid yet and a self-signed one. Look which it is, and show
 * whose it is.
 */
static void
add_certificate(struct buf *b, CURL *easy)
{
	const char *subject = certificate_line(easy, "Subject");
	const char *issuer = certificate_line(easy, "Issuer");
	const char *start = certificate_line(easy, "Start date");
	const char *end = certificate_line(easy, "Expire date");
	time_t now = (time_t)(sys_now() / 1000);
	time_t t;

	if (subject[0] == '\0')
		return;
	if ((t = certificate_time(end)) != -1 && t < now)
		buf_add_fmt(b, "; it expired on %s", end);
	else if ((t = certificate_time(start)) != -1 && t > now)
		buf_add_fmt(b,
		    "; it is not valid before %s (is this machine's clock "
		    "right?)",
		    start);
	else if (strcmp(subject, issuer) == 0)
		buf_add_str(b, "; it is self-signed");
	buf_add_str(b, " (issued to ");
	text_add_safe(b, subject, strlen(subject), 100);
	buf_add_str(b, " by ");
	text_add_safe(b, issuer, strlen(issuer), 100);
	buf_add_char(b, ')');
}

static void
failure_set(struct wire_failure *f, const char *text, size_t n)
{
	struct buf b;

	buf_init(&b, sizeof(f->text) - 1);
	text_add_safe(&b, text, n, sizeof(f->text) - 4);
	if (b.data != NULL)
		memcpy(f->text, b.data, b.len + 1);
	buf_clear(&b);
}

/* Could a handful of files not be opened just now? */
static bool
is_short_of_files(void)
{
	int fds[8];
	size_t n = 0;
	bool is_short;

	while (n < sizeof(fds) / sizeof(fds[0]) &&
	       (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	is_short = n < sizeof(fds) / sizeof(fds[0]);
	while (n > 0)
		close(fds[--n]);
	return is_short;
}

/*
 * libcurl can't use the CA file. Say why; false if it is a shortage of ours
 * (descriptors, memory), which is no fault of the configuration.
 */
static bool
blame_ca_file(struct buf *b, const char *ca_file)
{
	int fd;

	if (ca_file == NULL) {
		buf_add_str(b, "the system's CA file can't be used");
		return true;
	}
	buf_add_fmt(b, "CA file %s: ", ca_file);
	fd = open(ca_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		buf_add_str(b, strerror(errno));
		return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
	}
	close(fd);
	if (is_short_of_files()) {
		buf_add_str(b, "can't be loaded just now: too few descriptors");
		return false;
	}
	buf_add_str(b, "holds no usable certificate (PEM)");
	return true;
}

/* Fill *f but for the stage from libcurl's verdict. */
static void
failure_of(struct wire_failure *f, CURL *easy, const char *ca_file,
    CURLcode result, const char *error)
{
	struct buf b;

	f->certificate = result == CURLE_PEER_FAILED_VERIFICATION ||
			 result == CURLE_SSL_PINNEDPUBKEYNOTMATCH ||
			 result == CURLE_SSL_ISSUER_ERROR;
	f->no_tls = result == CURLE_USE_SSL_FAILED;
	buf_init(&b, 2048);
	if (result == CURLE_SSL_CACERT_BADFILE)
		f->local = blame_ca_file(&b, ca_file);
	else if (result == CURLE_WEIRD_SERVER_REPLY)
		buf_add_str(&b, OUT_OF_PLACE);
	else if (result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR)
		buf_add_str(&b, "the server closed the connection");
	else
		buf_add_str(&b, error[0] ? error : curl_easy_strerror(result));
	if (f->certificate)
		add_certificate(&b, easy);
	failure_set(f, b.data, b.len);
	buf_clear(&b);
}

static void
link_failed(struct wire_link *k, enum wire_stage stage, CURLcode result)
{
	struct wire_failure *f = &k->failure;

	failure_of(f, k->easy, k->target->ca_file, result, k->error);
	f->stage = stage;
	if (k->hello.full || k->lines > HELLO_LINES) {
		failure_set(f, "the reply is too long", 21);
	} else if (k->malformed ||
		   (f->no_tls && (k->hellos > 1 || k->code / 100 == 3))) {
		/* A 250 or 354 to STARTTLS is neither refusal nor answer. */
		f->no_tls = false;
		failure_set(f, OUT_OF_PLACE, strlen(OUT_OF_PLACE));
	} else if (k->code >= 400 && !f->certificate) {
		f->code = k->code;
		f->theirs = true;
		failure_set(f, k->last.len ? k->last.data : "", k->last.len);
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
	free(w);
}

/* ---- links */

static void
add_url(struct buf *url, const struct wire_target *t)
{
	bool six = t->host != NULL && strchr(t->host, ':') != NULL;

	if (t->unix_path != NULL)
		buf_add_str(url, "smtp://localhost/");
	else
		buf_add_fmt(url, six ? "%s://[%s]:%u/" : "%s://%s:%u/",
		    t->tls == WIRE_TLS ? "smtps" : "smtp", t->host, t->port);
	text_add_percent(url, t->hello, strlen(t->hello));
}

/* What holds for every connection, mail or token: proofs, no surroundings. */
static CURLcode
set_common(CURL *easy, const char *ca_file, bool tls13, char *error)
{
	CURLcode r = CURLE_OK;

#define SET(option, value)                                         \
	do {                                                       \
		if (r == CURLE_OK)                                 \
			r = curl_easy_setopt(easy, option, value); \
	} while (0)
	SET(CURLOPT_ERRORBUFFER, error);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* a look-up holds nobody who gave up */
	SET(CURLOPT_PROXY, "");	     /* nor one from the environment */
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION,
	    (long)(tls13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
	SET(CURLOPT_CAPATH, "");
	if (ca_file != NULL)
		SET(CURLOPT_CAINFO, ca_file);
	SET(CURLOPT_CERTINFO, 1L);
	return r;
}

static CURLcode
set_link(struct wire_link *k, const char *url)
{
	const struct wire_target *t = k->target;
	CURL *easy = k->easy;
	CURLcode r = set_common(easy, t->ca_file, t->tls13, k->error);

	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_URL, url);
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_USE_SSL,
	    (long)(t->tls == WIRE_STARTTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	if (t->unix_path != NULL)
		SET(CURLOPT_UNIX_SOCKET_PATH, t->unix_path);
	SET(CURLOPT_CONNECTTIMEOUT, (long)NEVER_S);
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)NEVER_S);
	SET(CURLOPT_HEADERFUNCTION, link_take_line);
	SET(CURLOPT_HEADERDATA, k);
	SET(CURLOPT_PRIVATE, k);
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
	k->next = w->links;
	w->links = k;
	k->easy = curl_easy_init();
	err_bug_if(k->easy == NULL);
	buf_init(&url, 2048);
	add_url(&url, t);
	r = set_link(k, url.data);
	buf_clear(&url);
	if (r != CURLE_OK) {
		wire_close(k);
		return err_set(e, EX_SOFTWARE, "libcurl: option: %s",
		    curl_easy_strerror(r));
	}
	curl_multi_add_handle(w->multi, k->easy);
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
	buf_clear(&k->hello);
	buf_clear(&k->last);
	buf_clear(&k->refusal);
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

/* ---- requests */

struct answer {
	struct wire_response *r;
	size_t max;
	bool too_long;
};

static size_t
take_body(char *p, size_t size, size_t n, void *ctx)
{
	struct answer *a = ctx;

	n *= size;
	if (n > a->max - secret_len(&a->r->body)) {
		a->too_long = true;
		return n + 1; /* CURLE_WRITE_ERROR */
	}
	secret_add(&a->r->body, p, n);
	return n;
}

bool
wire_is_loopback_http(const char *url)
{
	static const char *const hosts[] = { "localhost", "127.0.0.1",
		"[::1]" };
	size_t i;
	size_t n;

	if (!text_case_eq_n(url, "http://", 7))
		return false;
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		n = strlen(hosts[i]);
		if (text_case_eq_n(url + 7, hosts[i], n) &&
		    (url[7 + n] == ':' || url[7 + n] == '/' || !url[7 + n]))
			return true;
	}
	return false;
}

static CURLcode
set_request(CURL *easy, const struct wire_request *q, struct answer *a,
    struct curl_slist *headers, char *error)
{
	CURLcode r = set_common(easy, q->ca_file, false, error);

	SET(CURLOPT_PROTOCOLS_STR,
	    wire_is_loopback_http(q->url) ? "http,https" : "https");
	SET(CURLOPT_URL, q->url);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_USERAGENT, "osmtp/" OSMTP_VERSION);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_POSTFIELDS, secret_reveal(q->body));
	SET(CURLOPT_POSTFIELDSIZE, (long)secret_len(q->body));
	SET(CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, a);
	return r;
}

/* What of an answer's header is wanted. */
static void
take_headers(CURL *easy, struct wire_response *r)
{
	struct curl_header *h;
	long status = 0;
	struct buf b;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
	if (curl_easy_header(easy, "Location", 0, CURLH_HEADER, -1, &h) ==
	    CURLHE_OK) {
		buf_init(&b, sizeof(r->location) - 1);
		text_add_safe(&b, h->value, strlen(h->value), 200);
		memcpy(r->location, b.data, b.len + 1);
		buf_clear(&b);
	}
}

static struct curl_slist *
make_headers(const struct wire_request *q)
{
	struct curl_slist *l = NULL;
	struct secret line;
	char *type = mem_printf("Content-Type: %s", q->content_type);

	l = curl_slist_append(l, type);
	l = curl_slist_append(l, "Accept: application/json");
	l = curl_slist_append(l, "Expect:");
	free(type);
	if (q->authorization != NULL) {
		secret_init(&line);
		secret_add_str(&line, "Authorization: ");
		secret_add(&line, secret_reveal(q->authorization),
		    secret_len(q->authorization));
		l = curl_slist_append(l, secret_reveal(&line));
		secret_clear(&line);
	}
	return l;
}

static void
free_headers(struct curl_slist *l)
{
	struct curl_slist *at;

	for (at = l; at != NULL; at = at->next)
		buf_wipe(at->data, strlen(at->data));
	curl_slist_free_all(l);
}

bool
wire_post(const struct wire_request *q, struct wire_response *r,
    struct wire_failure *f)
{
	struct answer a = { r, q->max_body, false };
	char error[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = make_headers(q);
	CURLcode result;
	CURL *easy;

	memset(r, 0, sizeof(*r));
	secret_init(&r->body);
	memset(f, 0, sizeof(*f));
	f->stage = WIRE_CONNECTING;
	err_bug_if(curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK);
	easy = curl_easy_init();
	err_bug_if(easy == NULL);
	result = set_request(easy, q, &a, headers, error);
	if (result == CURLE_OK)
		result = curl_easy_perform(easy);
	if (result == CURLE_OK)
		take_headers(easy, r);
	else if (a.too_long)
		failure_set(f, "the answer is too long", 22);
	else
		failure_of(f, easy, q->ca_file, result, error);
	curl_easy_cleanup(easy);
	free_headers(headers);
	return result == CURLE_OK;
}

void
wire_response_clear(struct wire_response *r)
{
	secret_clear(&r->body);
}
