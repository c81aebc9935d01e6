#include "log.h"

#include <stdio.h>

#include "verdict.h"

enum { SHOWN = 200 };

static void add_fact(struct writer *w, const char *name, struct text value)
{
    writer_printf(w, " %s=", name);
    writer_quoted(w, value, SHOWN);
}

/* The first recipient that was accepted. */
static void add_first_recipient(const struct gp_session *s, struct writer *w)
{
    char address[SHOWN + 2];
    struct writer a = writer_on(address, sizeof address);
    struct text local = text_z(s->recipients);
    struct text domain = text_z(s->recipients + local.n + 1);
    writer_add(&a, local);
    if (domain.n) {
        writer_char(&a, '@');
        writer_add(&a, domain);
    }
    add_fact(w, "to", writer_text(&a));
}

static void add_facts(const struct gp_session *s, enum gp_phase phase, struct writer *w)
{
    const struct facts *f = &s->facts;
    writer_printf(w, " phase=%s client=", operation_phase_name(phase));
    if (f->client_known)
        writer_add(w, f->client_text);
    else if (f->client_text.n) /* not an address: some other name of the host's */
        writer_quoted(w, f->client_text, 60);
    else
        writer_char(w, '-');
    if (f->name.n)
        add_fact(w, "name", f->name);
    if (s->greeted && (!(f->unknown & GP_FACT_HELO) || (f->cut & GP_FACT_HELO)))
        add_fact(w, "helo", f->helo);
    if (s->in_transaction && phase >= GP_PHASE_MAIL)
        add_fact(w, "from", f->sender.address);
    if (phase == GP_PHASE_RCPT)
        add_fact(w, "to", f->recipient.address);
    if (phase > GP_PHASE_RCPT && s->recipients_size)
        add_first_recipient(s, w);
}

/* Not in the session's memory, where the host may be reading its verdict. */
static void add_reply(struct writer *w, const struct decision *d)
{
    char room[REPLY_MAX + 1];
    struct writer reply = writer_on(room, sizeof room);
    verdict_reply(d, &reply);
    add_fact(w, "reply", writer_text(&reply));
}

static void add_block(struct writer *w, uint32_t seconds)
{
    if (!seconds)
        return;
    writer_add(w, TEXT(" blocked="));
    writer_duration(w, seconds);
}

static void add_count(struct writer *w, uint32_t count)
{
    if (count)
        writer_printf(w, " count=%lu", (unsigned long)count);
}

void session_log_decision(struct gp_session *s, const struct decision *d, uint32_t count)
{
    char line[2048];
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w, "gatepost: %s%s", s->settings->log_only ? "would " : "", action_verdict_name(d->action));
    add_facts(s, d->phase, &w);
    writer_add(&w, TEXT(" rule="));
    verdict_cause(s, d, &w);
    if (d->action != GP_DROP)
        add_reply(&w, d);
    add_block(&w, d->block_seconds);
    add_count(&w, count);
    engine_log(s->engine, GP_LOG_NOTICE, line);
}

void session_log_rule(struct gp_session *s, const struct rule *rule, enum gp_phase phase,
                      uint32_t block_seconds, uint32_t count)
{
    char line[2048];
    struct writer w = writer_on(line, sizeof line);
    if (s->silent)
        return;
    writer_add(&w, TEXT("gatepost: log"));
    add_facts(s, phase, &w);
    writer_add(&w, TEXT(" rule="));
    block_cause(s->rules, rule, &w);
    add_fact(&w, "text", block_reply(s->rules, rule));
    add_block(&w, block_seconds);
    add_count(&w, count);
    engine_log(s->engine, GP_LOG_NOTICE, line);
}

void session_log_check(struct gp_session *s, const struct rule *rule, const char *what, const char *why)
{
    char line[1024], cause[300], key[320];
    struct writer w = writer_on(line, sizeof line), c = writer_on(cause, sizeof cause);
    struct writer k = writer_on(key, sizeof key);
    struct text source = block_source(s->rules, rule);
    block_cause(s->rules, rule, &c);
    writer_printf(&k, "check %s %s", cause, what);
    writer_printf(&w, "gatepost: check %.*s of %s %s: %s (said once an hour)",
                  (int)(source.n < 120 ? source.n : 120), source.p, cause, what, why);
    for (size_t i = 0; i < w.n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    engine_log_hourly(s->engine, GP_LOG_WARNING, key, engine_now(s->engine, s->rules), line);
}

void session_log_trace_decision(struct gp_session *s, const struct decision *d)
{
    char room[REPLY_MAX + 1];
    struct writer reply = writer_on(room, sizeof room);
    if (!s->trace)
        return;
    verdict_reply(d, &reply);
    session_log_trace(s, "  verdict of phase %s: %s%s \"%s\"", operation_phase_name(d->phase),
                      s->settings->log_only ? "would " : "", action_verdict_name(d->action), room);
}

void session_log_trace_line(struct gp_session *s, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    /* It quotes what the client sent. */
    size_t length = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    s->trace(s->trace_context, line, length);
}
