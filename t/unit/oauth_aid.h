/* SPDX-License-Identifier: ISC */
/* oauth_aid: an endpoint on loopback that says what a test has written, and
 * keeps what it was asked. */
#ifndef T_OAUTH_AID_H
#define T_OAUTH_AID_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "gate/oauth.h"
#include "unit.h"

#define HTTP(status, fields, body) \
	"HTTP/1.1 " status " x\r\nConnection: close\r\n" fields "\r\n" body

static char base[64]; /* of the endpoint: scheme, host, port */
static char url[80];
static char asked[8192]; /* the requests that came, one behind the other */
static pid_t endpoint;
static int request_pipe;

/* Say it, with base in place of each '$'. */
static void
say(int c, const char *answer)
{
	size_t n;
	ssize_t k = 0;

	for (; *answer != '\0' && k >= 0; answer += n) {
		n = strcspn(answer, "$");
		k = write(c, answer, n);
		if (answer[n] == '$') {
			k = write(c, base, strlen(base));
			n++;
		}
	}
	if (k < 0)
		_exit(1);
	close(c);
}

/* Take one request to its end, pass it on, answer. */
static void
serve_one(int s, int out, const char *answer)
{
	int c = accept(s, NULL, NULL);
	const char *body = NULL, *length;
	size_t have = 0, want = 0;
	ssize_t k;

	while (body == NULL || strlen(body + 4) < want) {
		k = read(c, asked + have, sizeof(asked) - 1 - have);
		if (k <= 0)
			_exit(1);
		have += (size_t)k;
		asked[have] = '\0';
		body = strstr(asked, "\r\n\r\n");
		length = strstr(asked, "Content-Length: ");
		if (length != NULL)
			want = strtoul(length + 16, NULL, 10);
	}
	if (write(out, asked, have) < 0)
		_exit(1);
	say(c, answer);
}

/* Begin to say n answers, one a request. */
static void
start_endpoint(const char *const *answers, size_t n)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0), fds[2];
	size_t i;

	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(s, 4), 0);
	ck_assert_int_eq(getsockname(s, (struct sockaddr *)&a, &len), 0);
	ck_assert_int_eq(pipe(fds), 0);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u",
	    (unsigned)ntohs(a.sin_port));
	snprintf(url, sizeof(url), "%s/token", base);
	endpoint = fork();
	if (endpoint == 0) {
		for (i = 0; i < n; i++)
			serve_one(s, fds[1], answers[i]);
		_exit(0);
	}
	close(s);
	close(fds[1]);
	request_pipe = fds[0];
}

/* End it, also where less was asked than it would say; asked is filled then. */
static void
end_endpoint(void)
{
	size_t have = 0;
	ssize_t k;

	if (endpoint <= 0)
		return;
	/* What it was asked it has passed on before it answered. */
	kill(endpoint, SIGKILL);
	waitpid(endpoint, NULL, 0);
	endpoint = 0;
	while ((k = read(
		    request_pipe, asked + have, sizeof(asked) - 1 - have)) > 0)
		have += (size_t)k;
	asked[have] = '\0';
	close(request_pipe);
}

/* The form of the one request, or what of it stands last. */
static inline const char *
form(void)
{
	const char *body = strstr(asked, "\r\n\r\n");

	return body != NULL ? body + 4 : "";
}

#endif
