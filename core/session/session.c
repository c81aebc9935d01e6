#include "session.h"

#include <stdlib.h>

#include "address.h"
#include "autoblock.h"
#include "decision.h"
#include "judge.h"
#include "blocked.h"
#include "parts.h"
#include "exemption.h"
#include "log.h"
#include "repeats.h"
#include "core/rules/checks.h"

enum { RECIPIENTS_MOST = 1 << 20 };

static const enum gp_phase phase_of[] = {
    [OP_CONNECT] = GP_PHASE_CONNECT,
    [OP_HELO] = GP_PHASE_HELO,
    [OP_MAIL] = GP_PHASE_MAIL,
    [OP_RCPT] = GP_PHASE_RCPT,
};

/* Moves the decision to HELD, unless one is already held there. */
static void hold(struct decision *d, struct decision *held)
{
    if (decision_is_made(d) && !decision_is_made(held))
        *held = *d;
    *d = (struct decision){0};
}

/*
 * Every phase before the header does this: the block table, at connect the blocklist, then the rules of OP on
 * SUBJECT. *D becomes the decision, or does not change. If HELD is not NULL, a decision that must wait for MAIL
 * goes there instead.
 */
static void ask_phase(struct gp_session *s, enum operation op, struct text subject, struct decision *held,
                      struct decision *d)
{
    const bool holds = held && (s->waits_for_auth || (op == OP_CONNECT && s->settings->block_at_mail));
    blocked_by_table(s, op, d);
    if (op == OP_CONNECT && !decision_is_made(d) && (holds || !s->silent))
        blocked_by_list(s, d);
    if (holds)
        hold(d, held);
    if (decision_is_made(d) || (op == OP_HELO && decision_is_made(held)))
        return;
    judge(s, op, phase_of[op], subject, d);
    if (op == OP_CONNECT && (d->action == GP_FAIL || d->action == GP_REFUSE))
        d->action = GP_CLOSE;
    if (held && s->waits_for_auth)
        hold(d, held);
}

static void ask_connect(struct gp_session *s, struct decision *d)
{
    const struct facts *f = &s->facts;
    struct writer w = writer_on(s->connect_subject, sizeof s->connect_subject);
    s->connected = true;
    if (session_is_never_judged(s))
        return;
    s->silent = s->connect_was_asked;
    session_log_trace(s, "connect %.60s:", f->client_text.p);
    writer_add(&w, f->name.n ? f->name : TEXT("unknown"));
    writer_char(&w, ' ');
    if (f->client_known) {
        char address[IP_TEXT_MAX];
        writer_add(&w, text_of(address, ip_format(&f->client, address)));
    } else {
        writer_add(&w, f->client_text);
    }
    ask_phase(s, OP_CONNECT, writer_text(&w), &s->held_connect, d);
    /* With mode = log, a decision that would close has already been logged. */
    if (s->silent && s->settings->log_only)
        *d = (struct decision){0};
    s->silent = false;
}

/* "EHLO name": verb and argument. */
static void take_helo(struct gp_session *s, struct text text, uint32_t flags)
{
    struct facts *f = &s->facts;
    struct keep *line = &s->kept[KEPT_HELO];
    const struct text pieces[] = {flags & GP_ARGUMENT ? TEXT("EHLO ") : TEXT(""), text_trim(text)};
    f->unknown &= ~GP_FACT_HELO;
    f->cut &= ~GP_FACT_HELO;
    if (!keep_join(line, pieces, 2))
        session_lose(s, GP_FACT_HELO, line);
    if ((flags & GP_CUT) || line->cut) {
        f->cut |= GP_FACT_HELO;
        f->unknown |= GP_FACT_HELO; /* the missing rest may belong to the name */
    }
    f->helo_line = keep_text(line);
    size_t verb = 0;
    while (verb < f->helo_line.n && !is_blank((unsigned char)f->helo_line.p[verb]))
        verb++;
    f->helo = text_trim(text_skip(f->helo_line, verb));
    exemption_forget(s, TAG_HELO);
}

static void ask_helo(struct gp_session *s, struct decision *d)
{
    s->greeted = true;
    s->held_helo = (struct decision){0};
    if (s->held_block && s->held_block->operation != OP_CONNECT)
        s->held_block = NULL;
    if (session_is_never_judged(s))
        return;
    session_log_trace(s, "helo %.200s:", s->facts.helo_line.p);
    ask_phase(s, OP_HELO, s->facts.helo_line, &s->held_helo, d);
    if (decision_is_made(&s->held_helo))
        return;
    /* After `fail` the client may go on to MAIL, so the rules that wait for it are tried too. */
    if ((!decision_is_made(d) || d->action == GP_FAIL) && !s->exempt)
        judge(s, OP_HELO_DEFERRED, GP_PHASE_HELO, s->facts.helo_line, &s->held_helo);
}

/* Judges the phases before BEFORE that the host has skipped. True if one of them decided: V is filled then,
 * *ACTION set. */
static bool settle(struct gp_session *s, enum gp_phase before, struct gp_verdict *v, int *action)
{
    struct decision d = {0};
    if (!s->connected)
        ask_connect(s, &d);
    if (!decision_is_made(&d) && before > GP_PHASE_HELO && !s->greeted && !(s->facts.unknown & GP_FACT_HELO)) {
        take_helo(s, TEXT("HELO"), 0);
        ask_helo(s, &d);
    }
    if (decision_is_made(&d)) {
        *action = decision_apply(s, &d, v);
        return *action != GP_PASS;
    }
    return false;
}

/* Gives what was held until MAIL, unless AUTH came first. An exemption by sender is known only now. */
static bool give_held(struct gp_session *s, struct decision *held, struct gp_verdict *v, int *action)
{
    if (!decision_is_made(held) || session_is_never_judged(s))
        return false;
    struct decision d = {0};
    decision_unless_exempt(s, held, &d);
    if (!decision_is_made(&d)) {
        *held = d;
        return false;
    }
    *action = decision_apply(s, &d, v);
    return *action != GP_PASS;
}

bool session_begin(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v, int *action)
{
    if (!s->rules) {
        *action = decision_without_rules(s, phase, v);
        return true;
    }
    if (decision_is_made(&s->refused)) {
        *action = decision_repeat(s, &s->refused, v);
        return true;
    }
    if (settle(s, phase, v, action))
        return true;
    if (session_is_never_judged(s)) {
        *action = decision_pass(s, v);
        return true;
    }
    return false;
}

int session_connect(struct gp_session *s, struct gp_verdict *v)
{
    struct decision d = {0};
    if (!s->rules)
        return decision_without_rules(s, GP_PHASE_CONNECT, v);
    if (decision_is_made(&s->refused))
        return decision_repeat(s, &s->refused, v);
    if (!s->connected)
        ask_connect(s, &d);
    return decision_apply(s, &d, v);
}

int session_helo(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v)
{
    struct decision d = {0};
    int action;
    decision_end_hold(s);
    take_helo(s, text_of(text, n), flags);
    if (session_begin(s, GP_PHASE_HELO, v, &action)) {
        s->greeted = true;
        return action;
    }
    ask_helo(s, &d);
    return decision_apply(s, &d, v);
}

void session_auth(struct gp_session *s)
{
    s->facts.authenticated = true;
    s->held_connect = (struct decision){0};
    s->held_helo = (struct decision){0};
    s->held_block = NULL;
}

void session_transaction_over(struct gp_session *s)
{
    repeats_flush(s);
    decision_end_hold(s);
    s->in_transaction = false;
    s->headers_over = false;
    s->has_first_rcpt = false;
    s->has_subject = false;
    s->recipients_size = 0;
    s->recipients_lost = false;
    s->message = (struct decision){0};
    address_forget(s);
    s->facts.trap_offered = 0;
    s->facts.trace_seen = false;
    s->facts.trace_by = TEXT("");
    s->facts.fields_incomplete = (s->facts.unknown & GP_FACT_ALL_FIELDS) != 0;
    if (s->counts)
        memset(s->counts, 0, block_counter_count(s->rules) * sizeof *s->counts);
    header_reset(&s->reader);
    exemption_forget(s, TAG_FROM);
    exemption_forget(s, TAG_TO);
}

/* Applies the `block` of a `log` rule that triggered at connect or HELO. It waits until MAIL because AUTH
 * would cancel it. An exemption by sender is known only now. */
static void give_held_block(struct gp_session *s)
{
    const struct rule *rule = s->held_block;
    s->held_block = NULL;
    if (rule && !session_is_never_judged(s) && exemption_ask(s, rule->operation, CAUSE_RULE) == 0)
        autoblock_for_rule(s, rule);
}

int session_mail(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v)
{
    struct decision d = {0};
    int action;
    session_transaction_over(s);
    address_take(s, GP_FACT_MAIL, text_of(text, n), flags);
    s->in_transaction = true;
    if (session_begin(s, GP_PHASE_MAIL, v, &action))
        return action;
    give_held_block(s);
    if (give_held(s, &s->held_connect, v, &action) || give_held(s, &s->held_helo, v, &action))
        return action;
    session_log_trace(s, "mail %.200s:", s->facts.mail_line.p);
    ask_phase(s, OP_MAIL, s->facts.mail_line, NULL, &d);
    return decision_apply(s, &d, v);
}

bool session_settle_mail(struct gp_session *s, struct gp_verdict *v, int *action)
{
    if (s->in_transaction)
        return false;
    s->in_transaction = true;
    s->facts.unknown |= GP_FACT_MAIL;
    give_held_block(s);
    return give_held(s, &s->held_connect, v, action) || give_held(s, &s->held_helo, v, action);
}

static void add_recipient(struct gp_session *s)
{
    const struct mailbox *m = &s->facts.recipient;
    char room[256];
    struct text local = mailbox_plain(m, room, sizeof room);
    const size_t need = local.n + m->domain.n + 2;
    /* A NUL would end the stored text, so such an address exempts nothing. */
    bool odd = memchr(local.p ? local.p : "", '\0', local.n) ||
               memchr(m->domain.p ? m->domain.p : "", '\0', m->domain.n);
    if (need > s->recipients_cap - s->recipients_size) {
        size_t cap = s->recipients_cap ? s->recipients_cap * 2 : 512;
        while (cap < s->recipients_size + need)
            cap *= 2;
        char *wider = cap <= RECIPIENTS_MOST ? realloc(s->recipients, cap) : NULL;
        if (wider) {
            s->recipients = wider;
            s->recipients_cap = cap;
        } else {
            odd = true;
            if (cap <= RECIPIENTS_MOST)
                session_lose_exemptions(s);
        }
    }
    s->last_recipient = s->recipients_size;
    s->exemption.all_recipients_known = false;
    if (odd) {
        s->recipients_lost = true;
        return;
    }
    char *to = s->recipients + s->recipients_size;
    if (local.p)
        memcpy(to, local.p, local.n);
    to[local.n] = '\0';
    if (m->domain.p)
        memcpy(to + local.n + 1, m->domain.p, m->domain.n);
    to[local.n + 1 + m->domain.n] = '\0';
    s->recipients_size += need;
}

void session_mail_parsed(struct gp_session *s, const char *address, size_t n, uint32_t flags)
{
    address_parsed(s, GP_FACT_MAIL, text_of(address, n), flags);
}

void session_rcpt_parsed(struct gp_session *s, const char *address, size_t n, uint32_t flags)
{
    address_parsed(s, GP_FACT_RCPT, text_of(address, n), flags);
}

/* Remembers for the header whether the recipient is a trap. */
static void note_trap(struct gp_session *s)
{
    const int trap = s->facts.unknown & GP_FACT_RCPT ? -1 : checks_trap(&s->facts);
    if (trap != 0)
        s->facts.trap_offered = trap;
}

int session_rcpt(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v)
{
    struct decision d = {0};
    int action;
    s->exemption.known &= ~(1u << TAG_TO);
    address_take(s, GP_FACT_RCPT, text_of(text, n), flags);
    if (!s->has_first_rcpt && s->facts.recipient.address.n && !(s->facts.unknown & GP_FACT_RCPT))
        s->has_first_rcpt = address_keep_plain(&s->facts.recipient, &s->kept[KEPT_FIRST_RCPT]);
    if (session_begin(s, GP_PHASE_RCPT, v, &action) || session_settle_mail(s, v, &action))
        return action;
    session_log_trace(s, "rcpt %.200s:", s->facts.rcpt_line.p);
    if ((s->settings->watches & WATCH_TRAPS) && s->facts.trap_offered != 1)
        note_trap(s);
    ask_phase(s, OP_RCPT, s->facts.rcpt_line, NULL, &d);
    action = decision_apply(s, &d, v);
    if (action == GP_PASS || action == GP_HOLD)
        add_recipient(s);
    return action;
}

void session_rcpt_rejected(struct gp_session *s)
{
    if (s->last_recipient < s->recipients_size)
        s->recipients_size = s->last_recipient;
    s->exemption.all_recipients_known = false;
}

int session_data(struct gp_session *s, struct gp_verdict *v)
{
    int action;
    if (session_begin(s, GP_PHASE_DATA, v, &action) || session_settle_mail(s, v, &action))
        return action;
    return decision_pass(s, v);
}

void session_reset(struct gp_session *s)
{
    s->facts.unknown &= ~GP_FACT_ALL_FIELDS;
    session_transaction_over(s);
}
