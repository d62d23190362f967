/* SPDX-License-Identifier: ISC */
/*
 * forecast_news: what was announced of an account's forecasts, so that each is
 * announced once at each threshold.
 *
 * state/accounts/NAME.told: the line "osmtp-told 1", then a line for each
 * forecast that has passed a threshold: what, when it ends (ms since 1970), and
 * the days of the threshold. One that ends at another time now (a certificate
 * was renewed, a consent used) is another one, and what is not foreseen any
 * more is left out when the file is written next. Losing it costs a line of the
 * log. It stands beside the account's state, not in the record of its tokens,
 * which need not exist.
 */
#include "core/forecast.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"

#define MARK "osmtp-told 1\n"

enum {
	FILE_MAX = 16 * 1024,
	NEVER = 1000 /* days; of no threshold */
};

static char *
dir_of(const struct profile *a)
{
	return mem_printf("%s/accounts", a->home->state);
}

static char *
path_of(const struct profile *a)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add_fmt(&b, "%s/accounts/", a->home->state);
	text_add_percent(&b, a->name, strlen(a->name));
	buf_add_str(&b, ".told");
	return buf_take(&b);
}

/* What is there; empty where that can't be read. */
static void
read_told(const char *path, struct buf *b)
{
	struct stat st;
	int fd;

	if (fsio_open_read(path, &fd, &st, NULL) != 0)
		return;
	if (fsio_read_all(fd, path, b, NULL) != 0 ||
	    !text_starts(b->data, MARK))
		buf_reset(b);
	close(fd);
}

/* What a line about f begins with; the days follow. */
static void
add_key(struct buf *b, const struct forecast *f)
{
	buf_add_fmt(b, "%s %" PRId64 " ", forecast_name(f->what), f->when);
}

/* Days of the threshold at which f was announced. */
static int
told_at(const struct buf *told, const struct forecast *f)
{
	const char *line = told->data, *lf, *digits;
	int days = NEVER;
	struct buf key;

	buf_init(&key, SIZE_MAX);
	add_key(&key, f);
	while ((lf = strchr(line, '\n')) != NULL) {
		digits = line + key.len;
		if (text_starts(line, key.data) && text_is_digit(*digits))
			days = (int)strtol(digits, NULL, 10);
		line = lf + 1;
	}
	buf_clear(&key);
	return days;
}

static int
write_told(const struct profile *a, const char *path, const struct buf *b,
    struct err *e)
{
	char *dir = dir_of(a);
	int rc = fsio_make_dirs(dir, e);

	if (rc == 0)
		rc = fsio_replace(path, 0600, b->data, b->len, e);
	free(dir);
	return rc;
}

size_t
forecast_news(const struct profile *p, struct forecast *v, size_t n,
    int64_t now, struct err *e)
{
	const struct profile *a = profile_account(p);
	char *path = path_of(a);
	struct buf told, next;
	struct forecast f;
	size_t i, news = 0;
	int days;

	buf_init(&told, FILE_MAX);
	buf_init(&next, FILE_MAX);
	read_told(path, &told);
	buf_add_str(&next, MARK);
	for (i = 0; i < n; i++) {
		days = forecast_threshold(&v[i], now);
		if (days < 0)
			continue;
		add_key(&next, &v[i]);
		buf_add_fmt(&next, "%d\n", days);
		if (days >= told_at(&told, &v[i]))
			continue;
		f = v[i];
		memmove(&v[news + 1], &v[news], (i - news) * sizeof(v[0]));
		v[news++] = f;
	}
	if (news > 0)
		write_told(a, path, &next, e);
	buf_clear(&told);
	buf_clear(&next);
	free(path);
	return news;
}
