/* SPDX-License-Identifier: ISC */
/*
 * deliver_text: the message as this server can take it.
 *
 * What is to be changed depends on what the server offers, so that a plan is
 * made when that is known, once, and again only where a later session offers
 * something else. Each transaction reads the text anew, through a filter of its
 * own. Whoever gives us the text verifies it each time that it is read.
 */
#include "core/deliver_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

static ssize_t
read_source(struct stream_source *s, void *p, size_t n)
{
	struct deliver_source *source = (struct deliver_source *)s;
	struct deliver *d = source->deliver;
	const struct deliver_text *t = &d->order->text;
	ssize_t got = t->read(t->ctx, p, n, source->at);

	if (got > 0)
		source->at += (uint64_t)got;
	d->text_failed |= got < 0;
	return got;
}

/* The text from its beginning. */
static struct stream_source *
rewind_source(struct deliver *d)
{
	d->fit.source = (struct deliver_source){
		.source = { .read = read_source, .fd = -1 }, .deliver = d
	};
	return &d->fit.source.source;
}

static ssize_t
read_body(void *ctx, void *p, size_t n)
{
	struct deliver *d = ctx;
	struct stream_source *s = d->fit.filter != NULL
				      ? mime_filter_source(d->fit.filter)
				      : &d->fit.source.source;
	ssize_t got = s->read(s, p, n);

	d->text_failed |= got < 0;
	return got;
}

static int
make_plan(struct deliver *d, bool seven_bit, struct err *e)
{
	const struct envelope *v = d->order->envelope;
	struct deliver_fit *f = &d->fit;
	char *size;
	struct buf b;
	int code;

	mime_plan_free(f->plan);
	f->plan = NULL;
	f->seven_bit = seven_bit;
	code = mime_plan_make(rewind_source(d), seven_bit, &f->plan, e);
	if (code == 0)
		code = mime_plan_measure(f->plan, rewind_source(d), e);
	if (code != 0 || !mime_plan_is_needed(f->plan))
		return code;
	buf_init(&b, 256);
	mime_plan_add_reasons(&b, f->plan);
	size = mem_printf("%llu", (unsigned long long)mime_plan_size(f->plan));
	log_event(LOG_LEVEL_INFO, v->id, "repair", "for", b.data, "size", size,
	    "server", d->server_text, NULL);
	free(size);
	buf_clear(&b);
	return 0;
}

/* There is none: nobody gets the message. */
static void
fail(struct deliver *d, int code, const struct err *e)
{
	struct outcome o;

	if (code == EX_DATAERR)
		outcome_set(&o, OUTCOME_REFUSED, OUTCOME_CLASS_M,
		    OUTCOME_AT_MAIL, 0, e->text);
	else
		outcome_set(&o, OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_MAIL,
		    0, "the message could not be read; nothing was delivered");
	deliver_finish_with(d, &o);
}

/*
 * Whoever offers SMTPUTF8 takes 8-bit text with it (RFC 6531 3.1). Where that
 * is needed for all and not offered, smtp refuses.
 */
static bool
is_unfit(
    const struct envelope *v, const struct smtp_offer *offer, bool *seven_bit)
{
	*seven_bit = !offer->eight_bit && !(v->utf8 && offer->utf8);
	if (envelope_is_utf8_for_all(v) && !offer->utf8)
		return false;
	return v->repair || (v->eight_bit && *seven_bit);
}

bool
deliver_fit_text(struct deliver *d, struct smtp_order *o)
{
	const struct envelope *v = d->order->envelope;
	struct deliver_fit *f = &d->fit;
	struct err e = ERR_NONE;
	bool seven_bit;
	int code = 0;

	mime_filter_free(f->filter);
	f->filter = NULL;
	o->envelope = v;
	o->body = (struct smtp_body){ read_body, d };
	if (!is_unfit(v, smtp_offer(d->link->smtp), &seven_bit)) {
		rewind_source(d);
		return true;
	}
	if (f->plan == NULL || f->seven_bit != seven_bit)
		code = make_plan(d, seven_bit, &e);
	if (code != 0) {
		fail(d, code, &e);
		return false;
	}
	f->envelope = *v;
	f->envelope.size = mime_plan_size(f->plan);
	f->envelope.eight_bit = mime_plan_is_eight_bit(f->plan);
	o->envelope = &f->envelope;
	f->filter = mime_filter_new(f->plan, rewind_source(d));
	return true;
}

void
deliver_forget_text(struct deliver *d)
{
	mime_filter_free(d->fit.filter);
	mime_plan_free(d->fit.plan);
}
