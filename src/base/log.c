/* SPDX-License-Identifier: ISC */
/*
 * log: one line an event.
 *
 *	2024-02-29T12:00:00.000Z info id=ID event=WORD key=value key="a value"
 *	{"time":"..","level":"info","id":"..","event":"..","key":"value"}
 *
 * syslog has a clock of its own: no time there. In a quoted value '"' and '\'
 * have a '\' before them; in any other value '\' is a letter like others. No
 * line is longer than a pipe takes at once, so that lines of several
 * processes do not mix: where it would be, the values are shortened.
 */

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/sys.h"
#include "base/text.h"

enum {
	LOG_LINE_MAX = 4096, /* PIPE_BUF, the newline included */
	LOG_VALUE_MAX = 1024,
	LOG_VALUE_MIN = 16,
	LOG_PAIRS_MAX = 32,
};

static const struct {
	const char *name;
	int code;
} log_facilities[] = {
	{ "auth", LOG_AUTH },
	{ "authpriv", LOG_AUTHPRIV },
	{ "cron", LOG_CRON },
	{ "daemon", LOG_DAEMON },
	{ "ftp", LOG_FTP },
	{ "lpr", LOG_LPR },
	{ "mail", LOG_MAIL },
	{ "news", LOG_NEWS },
	{ "syslog", LOG_SYSLOG },
	{ "user", LOG_USER },
	{ "uucp", LOG_UUCP },
	{ "local0", LOG_LOCAL0 },
	{ "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 },
	{ "local7", LOG_LOCAL7 },
};

enum { LOG_FACILITIES = sizeof(log_facilities) / sizeof(log_facilities[0]) };

static const struct {
	const char *name;
	int priority;
} log_levels[] = {
	[LOG_LEVEL_ERROR] = { "error", LOG_ERR },
	[LOG_LEVEL_WARN] = { "warn", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "info", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

/* Where events go: the one state that the program keeps for itself. */
static struct {
	enum log_level level;
	bool json;
	int facility;
	int fd;	     /* -1: syslog */
	bool opened; /* openlog(3) was called for this facility */
	char label[LOG_LABEL_MAX + 1]; /* of every event, or "" */
} log_to = { LOG_LEVEL_INFO, false, LOG_MAIL, -1, false, "" };

struct log_pair {
	const char *key;
	const char *value;
};

struct log_line {
	const char *time; /* NULL for syslog */
	const char *level;
	struct log_pair pairs[LOG_PAIRS_MAX];
	size_t n;
};

static int
log_facility_code(const char *name, int otherwise)
{
	size_t i;

	for (i = 0; i < LOG_FACILITIES; i++) {
		if (strcmp(log_facilities[i].name, name) == 0)
			return log_facilities[i].code;
	}
	return otherwise;
}

bool
log_uses_stderr(void)
{
	return log_to.fd == STDERR_FILENO;
}

bool
log_is_facility(const char *name)
{
	return log_facility_code(name, -1) != -1;
}

/*
 * What is wrong with the file as a log, or NULL. A second name would let
 * whoever may write to the directory have us append to a file elsewhere.
 */
static const char *
log_file_fault(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return "belongs to another user";
	if (st->st_nlink > 1)
		return "has more than one name (hard links)";
	return NULL;
}

static int
log_open_file(const char *path, int *out, struct err *e)
{
	/* O_NONBLOCK: not to wait for the reader of a FIFO. */
	int fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
		O_CLOEXEC,
	    0600);
	const char *fault;
	struct stat st;

	if (fd == -1)
		return err_set_errno(e, EX_CANTCREAT, errno, "log: %s", path);
	if (fstat(fd, &st) == -1)
		fault = "cannot be examined";
	else
		fault = log_file_fault(&st);
	if (fault != NULL) {
		close(fd);
		return err_set(e, EX_CANTCREAT, "log: %s: %s", path, fault);
	}
	*out = fd;
	return 0;
}

int
log_open(const struct log_settings *s, struct err *e)
{
	if (log_to.fd > STDERR_FILENO)
		close(log_to.fd);
	log_to.fd = -1;
	log_to.level = s->level;
	log_to.json = s->json;
	log_to.facility = log_facility_code(s->facility, LOG_MAIL);
	log_to.opened = false;
	if (strcmp(s->to, "syslog") == 0)
		return 0;
	if (strcmp(s->to, "stderr") == 0) {
		log_to.fd = STDERR_FILENO;
		return 0;
	}
	return log_open_file(s->to, &log_to.fd, e);
}

void
log_set_label(const char *label)
{
	size_t n = 0;

	for (; label != NULL && *label != '\0' && n < LOG_LABEL_MAX; label++)
		if ((unsigned char)*label >= ' ' && *label != 127)
			log_to.label[n++] = *label;
	log_to.label[n] = '\0';
}

/* RFC 3339, UTC, with milliseconds. */
static void
log_add_time(struct buf *b, int64_t now)
{
	time_t seconds = (time_t)(now / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	buf_add_fmt(b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(now % 1000));
}

/* A value of the text form; what it holds is safe already. */
static void
log_add_value(struct buf *b, const char *value)
{
	if (value[0] != '\0' && strpbrk(value, " \"'=") == NULL) {
		buf_add_str(b, value);
		return;
	}
	buf_add_char(b, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, *value);
	}
	buf_add_char(b, '"');
}

static void
log_add_text(struct buf *b, const struct log_line *line, size_t value_max)
{
	struct buf safe;
	const char *value;
	size_t i;

	buf_init(&safe, LOG_VALUE_MAX);
	if (line->time != NULL)
		buf_add_fmt(b, "%s ", line->time);
	buf_add_str(b, line->level);
	for (i = 0; i < line->n; i++) {
		value = line->pairs[i].value;
		buf_reset(&safe);
		text_add_safe(&safe, value, strlen(value), value_max);
		buf_add_fmt(b, " %s=", line->pairs[i].key);
		log_add_value(b, safe.data);
	}
	buf_clear(&safe);
}

static void
log_add_json(struct buf *b, const struct log_line *line, size_t value_max)
{
	struct json *j = json_new();
	struct buf safe;
	const char *value;
	size_t i;

	buf_init(&safe, LOG_VALUE_MAX);
	if (line->time != NULL)
		json_set_string(j, "time", line->time);
	json_set_string(j, "level", line->level);
	for (i = 0; i < line->n; i++) {
		value = line->pairs[i].value;
		buf_reset(&safe);
		text_add_safe(&safe, value, strlen(value), value_max);
		json_set_string(j, line->pairs[i].key, safe.data);
	}
	json_add_to(b, j);
	buf_clear(&safe);
	json_free(j);
}

/* Compose the line, with values as long as fit in. */
static void
log_add_line(struct buf *b, const struct log_line *line)
{
	size_t value_max = LOG_VALUE_MAX;

	do {
		buf_reset(b);
		if (log_to.json)
			log_add_json(b, line, value_max);
		else
			log_add_text(b, line, value_max);
		if (line->time != NULL)
			buf_add_char(b, '\n');
		value_max /= 2;
	} while (b->full && value_max >= LOG_VALUE_MIN);
}

/*
 * Write at once or not at all: a reader that is slow or gone must neither
 * hold us nor kill us.
 */
static void
log_write(int fd, const char *p, size_t n)
{
	const struct timespec at_once = { 0, 0 };
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	sigset_t broken, pending, mask;

	/* An error is ready too: write(2) fails then, and does not wait. */
	if (poll(&ready, 1, 0) != 1)
		return;
	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigprocmask(SIG_BLOCK, &broken, &mask);
	sigpending(&pending);
	/* Take back the signal that we caused, not one from before. */
	if (write(fd, p, n) == -1 && errno == EPIPE &&
	    !sigismember(&pending, SIGPIPE))
		sigtimedwait(&broken, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

static void
log_send(const struct buf *b, enum log_level level)
{
	if (log_to.fd != -1) {
		log_write(log_to.fd, b->data, b->len);
		return;
	}
	if (!log_to.opened) {
		openlog("osmtp", LOG_PID, log_to.facility);
		log_to.opened = true;
	}
	syslog(log_levels[level].priority, "%s", b->data);
}

static void
log_add_pair(struct log_line *line, const char *key, const char *value)
{
	if (value == NULL)
		return;
	err_bug_if(line->n == LOG_PAIRS_MAX);
	line->pairs[line->n++] = (struct log_pair){ key, value };
}

void
log_event(enum log_level level, const char *id, const char *event, ...)
{
	struct log_line line = { .level = log_levels[level].name };
	struct buf text, stamp;
	const char *key;
	int saved = errno;
	va_list ap;

	if (level > log_to.level)
		return;
	buf_init(&stamp, 64);
	if (log_to.fd != -1) {
		log_add_time(&stamp, sys_now());
		line.time = stamp.data;
	}
	log_add_pair(&line, "id", id);
	log_add_pair(&line, "event", event);
	if (log_to.label[0] != '\0')
		log_add_pair(&line, "label", log_to.label);
	va_start(ap, event);
	while ((key = va_arg(ap, const char *)) != NULL)
		log_add_pair(&line, key, va_arg(ap, const char *));
	va_end(ap);

	buf_init(&text, LOG_LINE_MAX);
	log_add_line(&text, &line);
	if (!text.full)
		log_send(&text, level);
	buf_clear(&text);
	buf_clear(&stamp);
	errno = saved;
}
