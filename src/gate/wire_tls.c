/* SPDX-License-Identifier: ISC */
/*
 * wire_tls: how the other side must prove who it is, and what is said when it
 * does not.
 */
#include "gate/wire_part.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"

/* libcurl opens whatever it is, and a FIFO or a device may have no end. What is
 * not there at all is its to say. */
static bool
is_endless(const char *path)
{
	struct stat st;

	return path != NULL && stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

CURLcode
wire_set_common(CURL *easy, const struct wire_target *t, char *error)
{
	/* A pin that stands alone says all that chain and name could say.
	 * libcurl checks it whether or not these two are on. */
	bool by_pin = t->pin != NULL && t->ca_file == NULL;
	CURLcode r = CURLE_OK;

	if (is_endless(t->ca_file))
		return CURLE_SSL_CACERT_BADFILE;
	if (is_endless(t->cert) || is_endless(t->key))
		return CURLE_SSL_CERTPROBLEM;
	WIRE_SET(CURLOPT_ERRORBUFFER, error);
	WIRE_SET(CURLOPT_NOSIGNAL, 1L);
	WIRE_SET(CURLOPT_QUICK_EXIT, 1L); /* a look-up holds nobody who left */
	WIRE_SET(CURLOPT_PROXY, "");	  /* nor one from the environment */
	WIRE_SET(CURLOPT_SSL_VERIFYPEER, by_pin ? 0L : 1L);
	WIRE_SET(CURLOPT_SSL_VERIFYHOST, by_pin ? 0L : 2L);
	if (t->pin != NULL)
		WIRE_SET(CURLOPT_PINNEDPUBLICKEY, t->pin);
	WIRE_SET(
	    CURLOPT_SSLVERSION, (long)(t->tls13 ? CURL_SSLVERSION_TLSv1_3
						: CURL_SSLVERSION_TLSv1_2));
	/* Without the directory nothing would be left that libcurl takes by
	 * itself: Debian's has no file built in. */
	WIRE_SET(CURLOPT_CAPATH, "");
	WIRE_SET(
	    CURLOPT_CAINFO, t->ca_file != NULL ? t->ca_file : wire_ca_file());
	if (t->cert != NULL) {
		WIRE_SET(CURLOPT_SSLCERT, t->cert);
		WIRE_SET(CURLOPT_SSLKEY, t->key != NULL ? t->key : t->cert);
	}
	if (t->cert != NULL && t->key_passphrase != NULL &&
	    secret_len(t->key_passphrase) > 0)
		WIRE_SET(CURLOPT_KEYPASSWD, secret_reveal(t->key_passphrase));
	WIRE_SET(CURLOPT_CERTINFO, 1L);
	return r;
}

/* What the server has shown, its own certificate first; verified or not. NULL:
 * none. */
static const struct curl_certinfo *
certificates(CURL *easy)
{
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return NULL;
	return info;
}

/* The value of a line of certificate i, or "". */
static const char *
line_of(const struct curl_certinfo *info, int i, const char *name)
{
	const struct curl_slist *l;
	size_t n = strlen(name);

	for (l = info->certinfo[i]; l != NULL; l = l->next)
		if (text_case_eq_n(l->data, name, n) && l->data[n] == ':')
			return l->data + n + 1;
	return "";
}

/* The same of the server's own certificate. */
static const char *
certificate_line(CURL *easy, const char *name)
{
	const struct curl_certinfo *info = certificates(easy);

	return info != NULL ? line_of(info, 0, name) : "";
}

void
wire_add_chain(struct buf *b, CURL *easy)
{
	const struct curl_certinfo *info = certificates(easy);
	const char *pem;
	size_t n;

	for (int i = 0; info != NULL && i < info->num_of_certs; i++) {
		pem = line_of(info, i, "Cert");
		n = strlen(pem);
		buf_add(b, pem, n);
		if (n > 0 && pem[n - 1] != '\n')
			buf_add_char(b, '\n');
	}
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
 * libcurl has one text for an unknown issuer, an expired certificate, one that
 * is not valid yet and a self-signed one. Look which it is.
 */
static void
add_chain_fault(struct buf *b, CURL *easy, const char *ca_file)
{
	const char *start = certificate_line(easy, "Start date");
	const char *end = certificate_line(easy, "Expire date");
	time_t now = (time_t)(sys_now() / 1000);
	time_t t;

	buf_add_str(b, "the server's certificate is not accepted: ");
	if ((t = certificate_time(end)) != -1 && t < now)
		buf_add_fmt(b, "it expired on %s", end);
	else if ((t = certificate_time(start)) != -1 && t > now)
		buf_add_fmt(b,
		    "it is not valid before %s (is this machine's clock "
		    "right?)",
		    start);
	else if (strcmp(certificate_line(easy, "Subject"),
		     certificate_line(easy, "Issuer")) == 0)
		buf_add_str(b, "it is self-signed, and not trusted by itself");
	else if (ca_file != NULL)
		buf_add_fmt(
		    b, "it does not lead to a CA of the file %s", ca_file);
	else
		buf_add_str(b, "it does not lead to one of the system's CAs");
}

/* What the server's certificate lacks, and whose it is. */
static void
blame_certificate(struct buf *b, CURL *easy, const char *ca_file,
    CURLcode result, const char *error)
{
	static const char chain[] = "server certificate verification failed";
	const char *subject = certificate_line(easy, "Subject");
	const char *issuer = certificate_line(easy, "Issuer");

	if (result == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		buf_add_str(
		    b, "the server's public key is none of those pinned");
	else if (subject[0] != '\0' && text_starts(error, chain))
		add_chain_fault(b, easy, ca_file);
	else
		buf_add_str(b, error[0] ? error : curl_easy_strerror(result));
	if (subject[0] == '\0')
		return;
	buf_add_str(b, " (issued to ");
	text_add_safe(b, subject, strlen(subject), 100);
	buf_add_str(b, " by ");
	text_add_safe(b, issuer, strlen(issuer), 100);
	buf_add_char(b, ')');
}

void
wire_say(struct wire_failure *f, const char *text, size_t n)
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
 * libcurl can't use the file. Say why; false if it is a shortage of ours
 * (descriptors, memory), which is no fault of the configuration.
 */
static bool
blame_file(struct buf *b, const char *what, const char *path, const char *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	buf_add_fmt(b, "%s %s: ", what, path);
	if (fd < 0) {
		buf_add_str(b, strerror(errno));
		return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
	}
	close(fd);
	if (is_endless(path)) {
		buf_add_fmt(b, "not a regular file%s%s",
		    fault[0] != '\0' ? ": " : "", fault);
		return true;
	}
	if (is_short_of_files()) {
		buf_add_str(b, "can't be loaded just now: too few descriptors");
		return false;
	}
	buf_add_str(b, fault);
	return true;
}

static bool
can_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The same for the client's certificate and its key. */
static bool
blame_client(struct buf *b, const struct wire_target *t, const char *error)
{
	const char *key = t->key != NULL ? t->key : t->cert;

	if (!can_read(t->cert) || is_endless(t->cert))
		return blame_file(b, "client certificate", t->cert, "");
	return blame_file(b, "client key", key,
	    strstr(error, "ecrypt") != NULL && strstr(error, "failed") != NULL
		? "the passphrase does not open it"
		: "it can't be used: it must be the key of the certificate, in "
		  "PEM, and have a passphrase if it is encrypted");
}

/* libcurl has no code for it. */
static bool
is_client_fault(const struct wire_target *t, CURLcode r, const char *error)
{
	return t->cert != NULL &&
	       (r == CURLE_SSL_CERTPROBLEM ||
		   (r == CURLE_SSL_CONNECT_ERROR &&
		       text_starts(error, "error reading X.509")));
}

/* An answer that is no HTTP has the code of a scheme that is none of ours;
 * but then something was sent. */
static bool
is_url_fault(CURL *easy, CURLcode r)
{
	long sent = 0;

	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
	return r == CURLE_URL_MALFORMAT ||
	       (r == CURLE_UNSUPPORTED_PROTOCOL && sent == 0);
}

void
wire_blame(struct wire_failure *f, CURL *easy, const struct wire_target *t,
    CURLcode result, const char *error)
{
	struct buf b;

	f->certificate = result == CURLE_PEER_FAILED_VERIFICATION ||
			 result == CURLE_SSL_PINNEDPUBKEYNOTMATCH ||
			 result == CURLE_SSL_ISSUER_ERROR;
	f->no_tls = result == CURLE_USE_SSL_FAILED;
	buf_init(&b, 2048);
	if (f->certificate)
		blame_certificate(&b, easy, t->ca_file, result, error);
	else if (result == CURLE_SSL_CACERT_BADFILE && t->ca_file != NULL)
		f->local = blame_file(&b, "CA file", t->ca_file,
		    "holds no usable certificate (PEM)");
	else if (result == CURLE_SSL_CACERT_BADFILE) {
		buf_add_str(&b, "the system's CA file can't be used");
		f->local = true;
	} else if (is_client_fault(t, result, error))
		f->local = blame_client(&b, t, error);
	else if (is_url_fault(easy, result)) {
		buf_add_str(&b, "not a URL of https that can be used");
		f->local = true;
	} else if (result == CURLE_WEIRD_SERVER_REPLY)
		buf_add_str(&b, WIRE_OUT_OF_PLACE);
	else if (result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR)
		buf_add_str(&b, "the server closed the connection");
	else
		buf_add_str(&b, error[0] ? error : curl_easy_strerror(result));
	wire_say(f, b.len > 0 ? b.data : "", b.len);
	buf_clear(&b);
}
