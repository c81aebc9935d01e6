#include "verdict.h"

static const struct text default_reply = {"554 5.7.1 Transaction refused", 29};
static const struct text default_block = {"554 5.7.1 Access denied", 23};
static const struct text trouble = {"451 4.3.0 Temporary local problem", 33};

void verdict_cause(const struct gp_session *s, const struct decision *d, struct writer *w)
{
    if (d->cause == CAUSE_RULE)
        block_cause(s->rules, d->rule, w);
    else if (d->cause == CAUSE_BLOCK_TABLE)
        writer_add(w, TEXT("block-table"));
    else if (d->cause == CAUSE_BLOCKLIST)
        writer_add(w, TEXT("blocklist"));
    else if (d->cause == CAUSE_ON_ERROR)
        writer_add(w, TEXT("on-error"));
}

void verdict_reply(const struct decision *d, struct writer *w)
{
    struct text reply = d->cause == CAUSE_ON_ERROR ? trouble : d->reply;
    if (!reply_has_code(reply))
        reply = d->cause == CAUSE_BLOCK_TABLE ? default_block : default_reply;
    for (size_t i = 0; i < reply.n; i++)
        writer_char(w, (unsigned char)reply.p[i] < 0x20 || reply.p[i] == 0x7f ? ' ' : reply.p[i]);
}

int verdict_fill(struct gp_session *s, const struct decision *d, struct gp_verdict *v)
{
    if (!v)
        return (int)d->action;
    struct gp_verdict full = {
        .action = (uint32_t)d->action, .block_seconds = d->block_seconds, .text = "", .reply = "", .cause = ""};
    if (d->action != GP_PASS) {
        unsigned code;
        struct text enhanced, rest;
        struct writer reply = writer_on(s->reply, sizeof s->reply);
        struct writer cause = writer_on(s->cause, sizeof s->cause);
        verdict_reply(d, &reply);
        reply_split(writer_text(&reply), &code, &enhanced, &rest);
        verdict_cause(s, d, &cause);
        full.phase = (uint32_t)d->phase;
        full.code = code;
        memcpy(full.enhanced, enhanced.p, enhanced.n);
        full.text = rest.p;
        full.text_size = rest.n;
        full.reply = reply.p;
        full.reply_size = reply.n;
        full.cause = cause.p;
        full.cause_size = cause.n;
    }
    full.size = v->size;
    memcpy(v, &full, v->size < sizeof full ? v->size : sizeof full);
    return (int)d->action;
}
