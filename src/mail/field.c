/* SPDX-License-Identifier: ISC */
/* field: header fields, and the dates that we write ourselves. */
#include "mail/field.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/text.h"
#include "mail/field_part.h"

static const char *const field_days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	"Fri", "Sat" };
static const char *const field_months[] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

size_t
field_name_length(const char *line, size_t n, size_t *value)
{
	size_t length = 0;
	size_t colon;

	if (n > FIELD_MAX_NAME + 1)
		n = FIELD_MAX_NAME + 1;
	while (length < n && line[length] > ' ' && line[length] < 127 &&
	       line[length] != ':')
		length++;
	for (colon = length; colon < n && text_is_blank(line[colon]);)
		colon++;
	if (length == 0 || colon == n || line[colon] != ':')
		return 0;
	*value = colon + 1;
	return length;
}

bool
field_is(const struct field *f, const char *name)
{
	return text_case_eq(f->name, name);
}

void
field_unfold(struct buf *b, const struct field *f)
{
	const char *p = f->value;
	const char *end = p + f->value_len;
	const char *run;

	while (p < end && field_is_space(*p))
		p++;
	while (p < end && field_is_space(end[-1]))
		end--;
	for (run = p; p < end; p++) {
		if (*p != '\r' && *p != '\n')
			continue;
		buf_add(b, run, (size_t)(p - run));
		run = p + 1;
	}
	buf_add(b, run, (size_t)(p - run));
}

void
field_clear(struct field *f)
{
	free(f->name);
	free(f->value);
	*f = (struct field){ 0 };
}

/* Whole seconds of now, also before 1970, where the division rounds up. */
static time_t
field_seconds(int64_t now)
{
	return (time_t)(now / 1000 - (now % 1000 < 0));
}

void
field_add_date(struct buf *b, int64_t now)
{
	time_t t = field_seconds(now);
	struct tm tm;
	long minutes;

	tzset(); /* localtime_r(3) need not look at TZ */
	err_bug_if(localtime_r(&t, &tm) == NULL);
	minutes = labs(tm.tm_gmtoff / 60);
	buf_add_fmt(b, "%s, %d %s %04d %02d:%02d:%02d %c%02ld%02ld",
	    field_days[tm.tm_wday], tm.tm_mday, field_months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* The front of asctime(3)'s form. */
static void
field_add_day(struct buf *b, const struct tm *tm)
{
	buf_add_fmt(b, "%s %s %2d %02d:%02d:%02d", field_days[tm->tm_wday],
	    field_months[tm->tm_mon], tm->tm_mday, tm->tm_hour, tm->tm_min,
	    tm->tm_sec);
}

void
field_add_brief_date(struct buf *b, int64_t now)
{
	time_t t = field_seconds(now);
	struct tm tm;

	tzset(); /* localtime_r(3) need not look at TZ */
	err_bug_if(localtime_r(&t, &tm) == NULL);
	field_add_day(b, &tm);
}

void
field_add_mbox_date(struct buf *b, int64_t now)
{
	time_t t = field_seconds(now);
	struct tm tm;

	err_bug_if(gmtime_r(&t, &tm) == NULL);
	field_add_day(b, &tm);
	buf_add_fmt(b, " %04d", tm.tm_year + 1900);
}
