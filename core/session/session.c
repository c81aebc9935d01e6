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

enum { RECIPIENTS_MOST = 1 << 20 };

static void ask_connect(struct gp_session *s, struct decision *d)
{
    const struct facts *f = &s->facts;
    struct writer w = writer_on(s->connect_subject, sizeof s->connect_subject);
    s->connected = true;
    if (judge_never(s))
        return;
    tell_trace(s, "connect %.60s:", f->client_text.p);
    listed_block_table(s, OP_CONNECT, d);
    if (!decided(d))
        listed_blocklist(s, d);
    if (decided(d) && (s->settings->block_at_mail || s->waits_for_auth)) {
        s->held_connect = *d;
        *d = (struct decision){0};
    }
    if (decided(d))
        return;
    writer_add(&w, f->name.n ? f->name : TEXT("unknown"));
    writer_char(&w, ' ');
    if (f->client_known) {
        char address[IP_TEXT_MAX];
        writer_add(&w, text_of(address, ip_format(&f->client, address)));
    } else {
        writer_add(&w, f->client_text);
    }
    judge(s, OP_CONNECT, GP_PHASE_CONNECT, writer_text(&w), d);
    if (d->action == GP_FAIL || d->action == GP_REFUSE)
        d->action = GP_CLOSE;
    if (decided(d) && s->waits_for_auth) {
        if (!decided(&s->held_connect))
            s->held_connect = *d;
        *d = (struct decision){0};
    }
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
        f->unknown |= GP_FACT_HELO; /* the rest may belong to the name */
    }
    f->helo_line = keep_text(line);
    size_t verb = 0;
    while (verb < f->helo_line.n && !is_blank((unsigned char)f->helo_line.p[verb]))
        verb++;
    f->helo = text_trim(text_skip(f->helo_line, verb));
    spare_forget(s, TAG_HELO);
}

static void ask_helo(struct gp_session *s, struct decision *d)
{
    s->greeted = true;
    s->held_helo = (struct decision){0};
    if (s->held_block && s->held_block->operation != OP_CONNECT)
        s->held_block = NULL;
    if (judge_never(s))
        return;
    tell_trace(s, "helo %.200s:", s->facts.helo_line.p);
    listed_block_table(s, OP_HELO, d);
    if (!decided(d))
        judge(s, OP_HELO, GP_PHASE_HELO, s->facts.helo_line, d);
    if (decided(d) && s->waits_for_auth) {
        s->held_helo = *d;
        *d = (struct decision){0};
        return;
    }
    /* After `fail` the client may go on to MAIL: what waits for it is asked as well. */
    if ((!decided(d) || d->action == GP_FAIL) && !s->exempt)
        judge(s, OP_HELO_DEFERRED, GP_PHASE_HELO, s->facts.helo_line, &s->held_helo);
}

/* Asks the phases before BEFORE that the host passed over. True if one of them decided: V is filled then,
 * *ACTION set. */
static bool settle(struct gp_session *s, enum gp_phase before, struct gp_verdict *v, int *action)
{
    struct decision d = {0};
    if (!s->connected)
        ask_connect(s, &d);
    if (!decided(&d) && before > GP_PHASE_HELO && !s->greeted && !(s->facts.unknown & GP_FACT_HELO)) {
        take_helo(s, TEXT("HELO"), 0);
        ask_helo(s, &d);
    }
    if (decided(&d)) {
        *action = give(s, &d, v);
        return *action != GP_PASS;
    }
    return false;
}

/* What has been held until MAIL, if AUTH has not come before. An exemption by sender is known only now. */
static bool give_held(struct gp_session *s, struct decision *held, struct gp_verdict *v, int *action)
{
    if (!decided(held) || judge_never(s))
        return false;
    struct decision d = *held;
    int spared = held->cause == CAUSE_ON_ERROR ? 0 : spare(s, held->operation);
    if (spared == 0 && held->cause == CAUSE_BLOCKLIST)
        spared = spare(s, SPARE_BLOCKLIST);
    if (spared != 0)
        d = (struct decision){0};
    if (spared < 0)
        tell_trouble(s, held->operation, held->phase, &d);
    if (!decided(&d)) {
        *held = d;
        return false;
    }
    *action = give(s, &d, v);
    return *action != GP_PASS;
}

bool session_begin(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v, int *action)
{
    if (!s->rules) {
        *action = give_no_rules(s, phase, v);
        return true;
    }
    if (decided(&s->refused)) {
        *action = give_again(s, &s->refused, v);
        return true;
    }
    if (settle(s, phase, v, action))
        return true;
    if (judge_never(s)) {
        *action = give_pass(s, v);
        return true;
    }
    return false;
}

int session_connect(struct gp_session *s, struct gp_verdict *v)
{
    struct decision d = {0};
    if (!s->rules)
        return give_no_rules(s, GP_PHASE_CONNECT, v);
    if (decided(&s->refused))
        return give_again(s, &s->refused, v);
    if (!s->connected)
        ask_connect(s, &d);
    return give(s, &d, v);
}

int session_helo(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v)
{
    struct decision d = {0};
    int action;
    take_helo(s, text_of(text, n), flags);
    if (session_begin(s, GP_PHASE_HELO, v, &action)) {
        s->greeted = true;
        return action;
    }
    ask_helo(s, &d);
    return give(s, &d, v);
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
    s->in_transaction = false;
    s->headers_over = false;
    s->has_first_rcpt = false;
    s->has_subject = false;
    s->recipients_size = 0;
    s->recipients_lost = false;
    s->message = (struct decision){0};
    address_forget(s);
    s->facts.fields_incomplete = (s->facts.unknown & GP_FACT_ALL_FIELDS) != 0;
    if (s->counts)
        memset(s->counts, 0, block_counter_count(s->rules) * sizeof *s->counts);
    header_reset(&s->reader);
    spare_forget(s, TAG_FROM);
    spare_forget(s, TAG_TO);
}

/* Whom a `log` rule of connect or HELO puts on the blocklist, now that no AUTH came. An exemption by sender is
 * known only now. */
static void give_held_block(struct gp_session *s)
{
    const struct rule *rule = s->held_block;
    s->held_block = NULL;
    if (rule && !judge_never(s) && spare(s, rule->operation) == 0)
        blocking_for_rule(s, rule);
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
    tell_trace(s, "mail %.200s:", s->facts.mail_line.p);
    listed_block_table(s, OP_MAIL, &d);
    if (!decided(&d))
        judge(s, OP_MAIL, GP_PHASE_MAIL, s->facts.mail_line, &d);
    return give(s, &d, v);
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
    /* A NUL would end the text it stands in; nobody is spared by such an address. */
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
    s->spare.all_recipients_known = false;
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

int session_rcpt(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v)
{
    struct decision d = {0};
    int action;
    s->spare.known &= ~(1u << TAG_TO);
    address_take(s, GP_FACT_RCPT, text_of(text, n), flags);
    if (!s->has_first_rcpt && s->facts.recipient.address.n)
        s->has_first_rcpt = keep_set(&s->kept[KEPT_FIRST_RCPT], s->facts.recipient.address);
    if (session_begin(s, GP_PHASE_RCPT, v, &action) || session_settle_mail(s, v, &action))
        return action;
    tell_trace(s, "rcpt %.200s:", s->facts.rcpt_line.p);
    listed_block_table(s, OP_RCPT, &d);
    if (!decided(&d))
        judge(s, OP_RCPT, GP_PHASE_RCPT, s->facts.rcpt_line, &d);
    action = give(s, &d, v);
    if (action == GP_PASS)
        add_recipient(s);
    return action;
}

void session_rcpt_rejected(struct gp_session *s)
{
    if (s->last_recipient < s->recipients_size)
        s->recipients_size = s->last_recipient;
    s->spare.all_recipients_known = false;
}

int session_data(struct gp_session *s, struct gp_verdict *v)
{
    int action;
    if (session_begin(s, GP_PHASE_DATA, v, &action) || session_settle_mail(s, v, &action))
        return action;
    return give_pass(s, v);
}

void session_reset(struct gp_session *s)
{
    s->facts.unknown &= ~GP_FACT_ALL_FIELDS;
    session_transaction_over(s);
}
