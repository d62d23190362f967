/* SPDX-License-Identifier: ISC */
/*
 * mem: allocation that does not fail. When memory is gone the process says so
 * on standard error and exits with EX_TEMPFAIL: nothing has been accepted by
 * then that is not on disk, and every caller is spared a path that no test
 * reaches. Everything returned is freed with free(3).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* n zeroed elements of size octets; n * size that overflows ends the process.
 */
void *mem_new(size_t n, size_t size) __attribute__((malloc));

/* As realloc(3) for n elements of size octets; new octets are not zeroed. */
void *mem_grow(void *p, size_t n, size_t size);

/* A copy of s; NULL gives NULL. */
char *mem_dup(const char *s);

/* A NUL-terminated copy of n octets. */
char *mem_dup_n(const char *s, size_t n);

/* A formatted string of any length. */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

/* Free *p and store s, which the field then owns. */
void mem_replace(char **p, char *s);

#endif
