#include "session.h"

#include "decision.h"
#include "judge.h"
#include "parts.h"
#include "log.h"
#include "repeats.h"
#include "verdict.h"
#include "core/mail/trace_field.h"

void session_on_field(void *context, const struct field *field)
{
    struct gp_session *s = context;
    if (!s->rules || s->headers_over || decision_is_made(&s->refused))
        return;
    const struct named_field *named = block_field(s->rules, field->name);
    if (named && named->counted && named->counted <= block_counter_count(s->rules))
        s->counts[named->counted - 1]++;
    /* What may connect this attempt with others, whatever rule decides about it. */
    if (s->settings->relay_patterns.n && !s->has_subject && text_eq_nocase(field->name, TEXT("Subject")))
        s->has_subject = keep_set(&s->kept[KEPT_SUBJECT], text_trim(field->value));
    if ((s->settings->watches & WATCH_TRACE) && !s->facts.trace_seen &&
        text_eq_nocase(field->name, TEXT("Received"))) {
        s->facts.trace_seen = keep_set(&s->kept[KEPT_TRACE], trace_field_by(field->value));
        s->facts.trace_by = keep_text(&s->kept[KEPT_TRACE]);
    }
    if (decision_is_made(&s->message) || decision_is_made(&s->holding) || session_is_never_judged(s))
        return;
    if (field->cut && s->reader.failed) { /* not as the client sent it */
        session_lose_exemptions(s);
        return;
    }
    judge_field(s, field, named, &s->message);
    s->facts.field = NULL;
}

void session_header_text(struct gp_session *s, const char *bytes, size_t n)
{
    header_feed(&s->reader, bytes, n);
}

void session_header(struct gp_session *s, const char *name, size_t name_size, const char *value,
                    size_t value_size)
{
    header_field(&s->reader, text_of(name, name_size), text_of(value, value_size));
}

int session_end_of_headers(struct gp_session *s, struct gp_verdict *v)
{
    int action;
    header_end(&s->reader);
    if (s->reader.failed || s->reader.broken_off)
        s->facts.fields_incomplete = true;
    decision_end_hold(s);
    if (session_begin(s, GP_PHASE_DATA, v, &action) || session_settle_mail(s, v, &action)) {
        s->headers_over = true;
        s->message = s->told; /* of an earlier phase; end_of_message() gives it again */
        return action;
    }
    if (!decision_is_made(&s->message)) {
        session_log_trace(s, "end of headers:");
        judge(s, OP_HEADERS, GP_PHASE_DATA, TEXT(""), &s->message);
    }
    s->headers_over = true;
    repeats_flush(s);
    action = decision_apply(s, &s->message, v);
    if (action == GP_PASS)
        s->message = (struct decision){0};
    return action;
}

int session_end_of_message(struct gp_session *s, uint64_t message_size, struct gp_verdict *v)
{
    int action;
    (void)message_size; /* nothing uses it yet; the log of later versions may */
    if (!s->headers_over)
        action = session_end_of_headers(s, v);
    else
        action = verdict_fill(s, decision_is_made(&s->refused) ? &s->refused : &s->message, v);
    s->facts.unknown &= ~GP_FACT_ALL_FIELDS; /* it concerned this message */
    session_transaction_over(s);
    return action;
}
