/* SPDX-License-Identifier: ISC */
/* mem: allocation that does not fail. */

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * Neither stdio nor exit handlers: both may allocate, and in a forked child
 * they would send the parent's buffered output a second time.
 */
static _Noreturn void
mem_die(void)
{
	static const char text[] = "osmtp: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(EX_TEMPFAIL);
}

void *
mem_new(size_t n, size_t size)
{
	void *p;

	if (n == 0 || size == 0)
		n = size = 1;
	p = calloc(n, size);
	if (p == NULL)
		mem_die();
	return p;
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	if (n > SIZE_MAX / size)
		mem_die();
	p = realloc(p, n * size);
	if (p == NULL)
		mem_die();
	return p;
}

char *
mem_dup(const char *s)
{
	return s != NULL ? mem_dup_n(s, strlen(s)) : NULL;
}

char *
mem_dup_n(const char *s, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		mem_die();
	copy = mem_grow(NULL, n + 1, 1);
	if (n > 0)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *
mem_vprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		mem_die();
	return s;
}

char *
mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = mem_vprintf(fmt, ap);
	va_end(ap);
	return s;
}

void
mem_replace(char **p, char *s)
{
	free(*p);
	*p = s;
}
