/* SPDX-License-Identifier: ISC */
/* probe_part: what the parts of probe share; for them alone. */
#ifndef CORE_PROBE_PART_H
#define CORE_PROBE_PART_H

#include "base/loop.h"
#include "core/probe.h"

/*
 * The addresses of host, within ms, into out[size], comma-separated. False
 * with *o: C where there is no such name, else L. It blocks; l is turned.
 */
bool probe_names(struct loop *l, const char *host, int64_t ms, char *out,
    size_t size, struct outcome *o);

#endif
