#include "session.h"

#include <stdlib.h>

#include "blocking.h"
#include "count.h"
#include "judge.h"
#include "listed.h"
#include "spare.h"
#include "tell.h"

enum { FIELD_MOST = 1 << 20, LINE_MOST = 1 << 16, RECIPIENTS_MOST = 1 << 20 };

static const struct settings no_settings; /* while no rules are in force */

bool keep_set(struct keep *k, struct text t)
{
    bool fits = true;
    if (t.n > LINE_MOST)
        t.n = LINE_MOST;
    if (t.n + 1 > (k->p ? k->cap : sizeof k->near)) {
        free(k->p);
        k->p = malloc(t.n + 1);
        k->cap = t.n + 1;
        fits = k->p != NULL;
        if (!fits)
            t.n = sizeof k->near - 1;
    }
    char *to = k->p ? k->p : k->near;
    if (t.n)
        memmove(to, t.p, t.n);
    to[t.n] = '\0';
    k->n = t.n;
    return fits;
}

static void keep_fini(struct keep *k)
{
    free(k->p);
    k->p = NULL;
}

/* Memory ran out: whom the table would have spared is not known (on-error). */
static void lose_sparing(struct gp_session *s)
{
    if (!s->spare.unusable)
        engine_log(s->engine, GP_LOG_ERROR, "gatepost: out of memory: a session is not judged in full");
    s->spare.unusable = true;
}

/* A fact did not find the memory to be kept whole: rules about it cannot say. */
static void lose(struct gp_session *s, uint32_t fact, unsigned kept)
{
    s->facts.unknown |= fact;
    keep_set(&s->kept[kept], TEXT(""));
    lose_sparing(s);
}

/* ---- opening and closing ---- */

static void on_field(void *context, const struct field *field);

static void take_client(struct gp_session *s, const struct gp_client *c)
{
    struct facts *f = &s->facts;
    keep_set(&s->kept[KEPT_CLIENT], text_of(c->address, c->address_size));
    f->client_text = keep_text(&s->kept[KEPT_CLIENT]);
    f->client_known = ip_parse(f->client_text, &f->client);
    f->client_port = c->port;
    f->local_known = ip_parse(text_of(c->local_address, c->local_address_size), &f->local);
    f->local_port = c->local_port;
    keep_set(&s->kept[KEPT_LOCAL_NAME], text_of(c->local_name, c->local_name_size));
    f->local_name = keep_text(&s->kept[KEPT_LOCAL_NAME]);
    s->not_network = f->client_text.n == 0;
    session_client_name(s, c->name, c->name_size, c->name_state);
}

static struct table *table_of(void *context, unsigned slot)
{
    struct gp_session *s = context;
    struct table *t;
    return engine_table(s->engine, s->policy, slot, &t) == 1 ? t : NULL;
}

/* All but the texts is zero: they are most of the struct, and nothing reads them before it has written them. */
static struct gp_session *session_new(void)
{
    struct gp_session *s = malloc(sizeof *s);
    if (!s)
        return NULL;
    memset(s, 0, offsetof(struct gp_session, kept));
    for (size_t i = 0; i < KEPT_COUNT; i++) {
        s->kept[i].p = NULL;
        s->kept[i].n = 0;
        s->kept[i].near[0] = '\0';
    }
    return s;
}

/* Memory whose size depends on the rules. */
static bool make_room(struct gp_session *s)
{
    const size_t words = ruleset_most_rules(s->rules) / 64 + 1;
    const size_t counters = ruleset_counter_count(s->rules);
    s->words[0] = malloc((2 * words + (counters + 1) / 2) * sizeof *s->words[0]);
    if (!s->words[0])
        return false;
    s->words[1] = s->words[0] + words;
    s->counts = (uint32_t *)(void *)(s->words[1] + words);
    s->facts.field_count = s->counts;
    memset(s->counts, 0, counters * sizeof *s->counts);
    return true;
}

int session_open(struct gp_engine *engine, const struct gp_client *client, struct gp_session **session)
{
    struct gp_client c = {0};
    struct gp_session *s = session_new();
    *session = NULL;
    if (!s)
        return -1;
    memcpy(&c, client, client->size < sizeof c ? client->size : sizeof c);
    s->engine = engine;
    s->policy = engine_policy(engine);
    s->rules = policy_rules(s->policy);
    s->settings = s->rules ? ruleset_settings(s->rules) : &no_settings;
    s->facts.rules = s->rules;
    s->facts.table = table_of;
    s->facts.table_context = s;
    header_init(&s->reader, FIELD_MOST, on_field, s);
    take_client(s, &c);
    if (s->rules) {
        if (!make_room(s)) {
            session_close(&s);
            return -1;
        }
        s->own_network = s->facts.client_known && ruleset_own_network(s->rules, &s->facts.client);
        s->waits_for_auth = ruleset_submission_port(s->rules, c.local_port);
    }
    *session = s;
    return 0;
}

void session_close(struct gp_session **session)
{
    struct gp_session *s = *session;
    *session = NULL;
    if (!s)
        return;
    for (size_t i = 0; i < KEPT_COUNT; i++)
        keep_fini(&s->kept[i]);
    header_fini(&s->reader);
    free(s->words[0]);
    free(s->recipients);
    policy_unref(&s->policy);
    free(s);
}

static bool table_has_names(struct gp_session *s, unsigned slot)
{
    struct table *t;
    return engine_table(s->engine, s->policy, slot, &t) == 1 && table_has_client_names(t);
}

uint32_t session_needs(struct gp_session *s)
{
    if (!s->rules || s->facts.name_state != GP_NAME_UNKNOWN || (s->facts.unknown & GP_FACT_NAME) ||
        judge_never(s))
        return 0;
    bool name = s->settings->needs_name || table_has_names(s, TABLE_BLOCK) || table_has_names(s, TABLE_EXEMPT);
    return name ? GP_FACT_NAME : 0;
}

void session_client_name(struct gp_session *s, const char *name, size_t n, uint32_t name_state)
{
    s->facts.name_state = name_state <= GP_NAME_FORGED ? name_state : GP_NAME_UNKNOWN;
    if (!keep_set(&s->kept[KEPT_NAME], s->facts.name_state == GP_NAME_VERIFIED ? text_of(name, n) : TEXT("")))
        lose(s, GP_FACT_NAME, KEPT_NAME);
    s->facts.name = keep_text(&s->kept[KEPT_NAME]);
    spare_forget(s, TAG_CLIENT);
}

void session_unknown(struct gp_session *s, uint32_t facts)
{
    s->facts.unknown |= facts;
    if (facts & GP_FACT_ALL_FIELDS)
        s->facts.fields_incomplete = true;
}

void session_trace(struct gp_session *s, void (*line)(void *context, const char *line, size_t n), void *context)
{
    s->trace = line;
    s->trace_context = context;
}

/* ---- giving verdicts ---- */

static bool decided(const struct decision *d)
{
    return d->action != GP_PASS;
}

static int pass(struct gp_session *s, struct gp_verdict *v)
{
    static const struct decision none;
    s->told = none;
    return tell_verdict(s, &none, v);
}

static int tell(struct gp_session *s, const struct decision *d, struct gp_verdict *v)
{
    s->told = *d;
    return tell_verdict(s, d, v);
}

/* The consequences of a rule's decision for the client. */
static void block_client(struct gp_session *s, struct decision *d)
{
    uint32_t relay = blocking_for_pattern(s, d);
    d->block_seconds = blocking_for_rule(s, d->rule);
    if (relay > d->block_seconds)
        d->block_seconds = relay;
}

/* Gives a new decision: logs it and remembers what it means for later commands. */
static int give(struct gp_session *s, struct decision *d, struct gp_verdict *v)
{
    if (!decided(d))
        return pass(s, v);
    if (d->cause == CAUSE_RULE)
        block_client(s, d);
    count_decision(s, d);
    tell_decision(s, d);
    if (s->settings->log_only) {
        tell_log(s, d, true);
        return pass(s, v);
    }
    tell_log(s, d, false);
    if (d->action != GP_FAIL) {
        s->refused = *d;
        s->refused.block_seconds = 0;
    }
    return tell(s, d, v);
}

/* Without rules in force a message is answered as the host wished. */
static int no_rules(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v)
{
    struct decision d = {.action = GP_FAIL, .phase = phase, .cause = CAUSE_ON_ERROR};
    if (!engine_tempfails(s->engine) || s->not_network || phase < GP_PHASE_MAIL)
        return pass(s, v);
    return tell(s, &d, v);
}

/* ---- the phases ---- */

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
    char line[LINE_MOST / 16];
    text = text_trim(text);
    if (flags & GP_ARGUMENT) {
        struct writer w = writer_on(line, sizeof line);
        writer_add(&w, TEXT("EHLO "));
        writer_add(&w, text);
        text = writer_text(&w);
    }
    f->unknown &= ~GP_FACT_HELO;
    if (!keep_set(&s->kept[KEPT_HELO], text))
        lose(s, GP_FACT_HELO, KEPT_HELO);
    f->helo_line = keep_text(&s->kept[KEPT_HELO]);
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

/* What every phase begins with. True if the answer is clear without its rules. */
static bool begin(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v, int *action)
{
    if (!s->rules) {
        *action = no_rules(s, phase, v);
        return true;
    }
    if (decided(&s->refused)) {
        *action = tell(s, &s->refused, v);
        return true;
    }
    if (settle(s, phase, v, action))
        return true;
    if (judge_never(s)) {
        *action = pass(s, v);
        return true;
    }
    return false;
}

int session_connect(struct gp_session *s, struct gp_verdict *v)
{
    struct decision d = {0};
    if (!s->rules)
        return no_rules(s, GP_PHASE_CONNECT, v);
    if (!s->connected)
        ask_connect(s, &d);
    return give(s, &d, v);
}

int session_helo(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v)
{
    struct decision d = {0};
    int action;
    take_helo(s, text_of(text, n), flags);
    if (begin(s, GP_PHASE_HELO, v, &action)) {
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

static void transaction_over(struct gp_session *s)
{
    s->in_transaction = false;
    s->headers_over = false;
    s->has_first_rcpt = false;
    s->has_subject = false;
    s->recipients_size = 0;
    s->recipients_lost = false;
    s->message = (struct decision){0};
    s->facts.sender = (struct mailbox){.null_sender = false};
    s->facts.recipient = (struct mailbox){.null_sender = false};
    s->facts.fields_incomplete = (s->facts.unknown & GP_FACT_ALL_FIELDS) != 0;
    if (s->counts)
        memset(s->counts, 0, ruleset_counter_count(s->rules) * sizeof *s->counts);
    header_reset(&s->reader);
    spare_forget(s, TAG_FROM);
    spare_forget(s, TAG_TO);
}

/* Where an address without brackets ends: at a blank that is not quoted. */
static size_t path_end(struct text t)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < t.n && (quoted || t.p[i] != ' '); i++) {
        if (t.p[i] == '\\' && i + 1 < t.n)
            i++;
        else if (t.p[i] == '"')
            quoted = !quoted;
    }
    return quoted ? text_find(t, 0, ' ') : i;
}

/* The command line of MAIL or RCPT, which is the fact FACT, and the address in it. */
static void take_path(struct gp_session *s, uint32_t fact, struct text text, uint32_t flags, struct text *line,
                      struct mailbox *mailbox)
{
    const bool is_mail = fact == GP_FACT_MAIL;
    const unsigned kept = is_mail ? KEPT_MAIL : KEPT_RCPT;
    char whole[LINE_MOST / 16];
    text = text_trim(text);
    if (flags & GP_ARGUMENT) {
        struct writer w = writer_on(whole, sizeof whole);
        bool bracketed = text.n && text.p[0] == '<';
        size_t end = bracketed ? text.n : path_end(text);
        writer_add(&w, is_mail ? TEXT("MAIL FROM:") : TEXT("RCPT TO:"));
        writer_add(&w, bracketed ? TEXT("") : TEXT("<"));
        writer_add(&w, text_of(text.p, end));
        writer_add(&w, bracketed ? TEXT("") : TEXT(">"));
        writer_add(&w, text_skip(text, end));
        text = writer_text(&w);
    }
    s->facts.unknown &= ~fact;
    if (!keep_set(&s->kept[kept], text))
        lose(s, fact, kept);
    *line = keep_text(&s->kept[kept]);
    if (!mailbox_from_command(*line, mailbox))
        *mailbox = (struct mailbox){.null_sender = false};
}

int session_mail(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v)
{
    struct decision d = {0};
    int action;
    transaction_over(s);
    take_path(s, GP_FACT_MAIL, text_of(text, n), flags, &s->facts.mail_line, &s->facts.sender);
    s->in_transaction = true;
    if (begin(s, GP_PHASE_MAIL, v, &action))
        return action;
    if (s->held_block)
        blocking_for_rule(s, s->held_block);
    s->held_block = NULL;
    if (give_held(s, &s->held_connect, v, &action) || give_held(s, &s->held_helo, v, &action))
        return action;
    tell_trace(s, "mail %.200s:", s->facts.mail_line.p);
    listed_block_table(s, OP_MAIL, &d);
    if (!decided(&d))
        judge(s, OP_MAIL, GP_PHASE_MAIL, s->facts.mail_line, &d);
    return give(s, &d, v);
}

/* MAIL was never reported, but it must have come. */
static bool settle_mail(struct gp_session *s, struct gp_verdict *v, int *action)
{
    if (s->in_transaction)
        return false;
    s->in_transaction = true;
    s->facts.unknown |= GP_FACT_MAIL;
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
                lose_sparing(s);
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

int session_rcpt(struct gp_session *s, const char *text, size_t n, uint32_t flags, struct gp_verdict *v)
{
    struct decision d = {0};
    int action;
    s->spare.known &= ~(1u << TAG_TO);
    take_path(s, GP_FACT_RCPT, text_of(text, n), flags, &s->facts.rcpt_line, &s->facts.recipient);
    if (!s->has_first_rcpt && s->facts.recipient.address.n)
        s->has_first_rcpt = keep_set(&s->kept[KEPT_FIRST_RCPT], s->facts.recipient.address);
    if (begin(s, GP_PHASE_RCPT, v, &action) || settle_mail(s, v, &action))
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
    if (begin(s, GP_PHASE_DATA, v, &action) || settle_mail(s, v, &action))
        return action;
    return pass(s, v);
}

/* ---- the header ---- */

static void on_field(void *context, const struct field *field)
{
    struct gp_session *s = context;
    if (!s->rules || s->headers_over || decided(&s->refused))
        return;
    const struct named_field *named = ruleset_field(s->rules, field->name);
    if (named && named->counted && named->counted <= ruleset_counter_count(s->rules))
        s->counts[named->counted - 1]++;
    /* What may tie this attempt to others, whatever decides about it. */
    if (s->settings->relay_patterns.n && !s->has_subject && text_eq_nocase(field->name, TEXT("Subject")))
        s->has_subject = keep_set(&s->kept[KEPT_SUBJECT], text_trim(field->value));
    if (decided(&s->message) || judge_never(s))
        return;
    if (field->cut && s->reader.failed) { /* not as the client sent it */
        lose_sparing(s);
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
    struct text pieces[] = {text_of(name, name_size), TEXT(":"), text_of(value, value_size), TEXT("\r\n")};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        header_feed(&s->reader, pieces[i].p, pieces[i].n);
}

int session_end_of_headers(struct gp_session *s, struct gp_verdict *v)
{
    int action;
    header_end(&s->reader);
    if (s->reader.failed)
        s->facts.fields_incomplete = true;
    if (begin(s, GP_PHASE_DATA, v, &action) || settle_mail(s, v, &action)) {
        s->headers_over = true;
        s->message = s->told; /* of an earlier phase; end_of_message() gives it again */
        return action;
    }
    if (!decided(&s->message)) {
        tell_trace(s, "end of headers:");
        judge(s, OP_HEADERS, GP_PHASE_DATA, TEXT(""), &s->message);
    }
    s->headers_over = true;
    action = give(s, &s->message, v);
    if (action == GP_PASS)
        s->message = (struct decision){0};
    return action;
}

int session_end_of_message(struct gp_session *s, uint64_t message_size, struct gp_verdict *v)
{
    int action;
    (void)message_size; /* nothing asks for it yet; the log of later versions may */
    if (!s->headers_over)
        action = session_end_of_headers(s, v);
    else
        action = tell_verdict(s, decided(&s->refused) ? &s->refused : &s->message, v);
    s->facts.unknown &= ~GP_FACT_ALL_FIELDS; /* it was about this message */
    transaction_over(s);
    return action;
}

void session_reset(struct gp_session *s)
{
    s->facts.unknown &= ~GP_FACT_ALL_FIELDS;
    transaction_over(s);
}
