/*
 * Input: lines of logs. Whatever they contain, all that is read from them must lie in the line or in the
 * event's own memory, the patterns must be what they claim to be, and two runs with the same secret must give
 * the same result.
 */
#include "tools/analyze/log_line.h"
#include "tools/analyze/log_record.h"
#include "tools/analyze/transactions.h"

#include "insist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENTS = 2, TIMES = 2, WINDOW = 3600 };

/* Reads each byte, for the sanitizer. */
static volatile char looked_at;

static bool within(struct text inner, struct text outer)
{
    return inner.n <= outer.n && inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n;
}

static void check_slice(const struct log_event *e, struct text line, struct text t)
{
    insist(t.n == 0 || within(t, line) || within(t, text_of(e->memory, e->used)) || e->kind == LOG_REFUSAL);
    for (size_t i = 0; i < t.n; i++)
        looked_at = t.p[i];
}

static void check_event(const struct log_event *e, struct text line)
{
    insist(e->used <= sizeof e->memory && within(e->line, line));
    check_slice(e, line, e->id);
    check_slice(e, line, e->name);
    check_slice(e, line, e->sender);
    check_slice(e, line, e->recipient);
    check_slice(e, line, e->reason);
    insist(e->sender.n <= LOG_ADDRESS_MAX && e->recipient.n <= LOG_ADDRESS_MAX);
    insist(!e->has_recipient || e->recipient.n);
    insist(e->times >= 1 || e->kind == LOG_REPEATED);
    insist(e->times <= LOG_TIMES_MAX && (e->temporary || !e->busy));
}

struct outcome {
    uint64_t patterns, attempts, refused, refusals, peak;
};

static void check_patterns(const struct envelopes *s, struct outcome *o)
{
    insist(s->open_bytes == 0 && s->oldest == NULL && s->open.n == 0);
    for (size_t i = 0; i < s->found_count; i++) {
        const struct envelopes_pattern *p = s->found[i];
        uint64_t sum = 0;
        insist(p->client_count >= CLIENTS && p->sender_size && p->recipient_size && p->first <= p->last);
        for (size_t k = 0; k < p->client_count; k++) {
            insist(p->clients[k].attempts && p->clients[k].first <= p->clients[k].last);
            insist(p->clients[k].first >= p->first && p->clients[k].last <= p->last);
            sum += p->clients[k].attempts;
        }
        insist(sum == p->attempts);
        insist(i == 0 || s->found[i - 1]->first <= p->first);
        o->patterns++;
        o->attempts += sum;
    }
}

/* The log as records: whatever they hold, a line is handed out that can be read. */
static struct text through_records(struct text log, char *out, size_t cap)
{
    static struct log_record r;
    struct writer w = writer_on(out, cap);
    struct text line;
    r = (struct log_record){.form = log_record_form(text_of(log.p, text_find(log, 0, '\n')))};
    while (log.n) {
        size_t end = text_find(log, 0, '\n');
        line = text_of(log.p, end);
        log = text_skip(log, end + 1);
        if (log_record_is_binary(&r, line)) {
            size_t n = log.n < 5 ? log.n : 5;
            log_record_value(&r, line, text_of(log.p, n));
            log = text_skip(log, n);
        } else if (log_record_take(&r, line, &line)) {
            writer_add(&w, line);
            writer_char(&w, '\n');
        }
    }
    if (log_record_end(&r, &line))
        writer_add(&w, line);
    return writer_text(&w);
}

static struct outcome analyse(struct text log, size_t files, bool stamped)
{
    static struct log_event e;
    struct outcome o = {.patterns = 0};
    struct envelopes s;
    struct clients r;
    struct mercury_blacklist b;
    struct transactions j;
    struct log_years years = {.now = 1059048000};
    int64_t time = stamped ? INT64_MIN : 1059048000;
    bool bare = false;
    envelopes_init(&s, WINDOW, CLIENTS);
    clients_init(&r, TIMES);
    mercury_blacklist_init(&b);
    insist(transactions_init(&j, &s, &r, &b, files));
    /* The secret decides which line or transaction is dropped for another. */
    s.secret = r.secret = b.secret = j.secret = (struct siphash_key){0x6761746570, 0x6f7374};
    for (size_t number = 0; log.n; number++) {
        size_t end = text_find(log, 0, '\n');
        struct text line = text_of(log.p, end);
        log = text_skip(log, end + 1);
        log_line_read(line, bare ? LOG_BELOW_ENTRY : stamped ? LOG_STAMPED : LOG_UNSTAMPED, &e);
        check_event(&e, line);
        if (e.has_stamp && !log_time_resolve(&years, &e.stamp, &time))
            continue;
        bare = !e.has_stamp && (bare || e.kind == LOG_PART);
        insist(transactions_take(&j, &e, time, number % files));
    }
    insist(b.current <= b.peak);
    transactions_finish(&j);
    envelopes_finish(&s);
    clients_finish(&r);
    check_patterns(&s, &o);
    for (size_t i = 0; i < r.count; i++) {
        insist(r.clients[i]->count >= TIMES && (i == 0 || r.clients[i - 1]->count >= r.clients[i]->count));
        o.refused += r.clients[i]->count;
    }
    o.refusals = j.refusals;
    o.peak = b.peak;
    transactions_fini(&j);
    mercury_blacklist_fini(&b);
    clients_fini(&r);
    envelopes_fini(&s);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    size_t files = 1 + data[0] % 2;
    bool stamped = data[0] & 4;
    char *exact = malloc(size), *records = malloc(4 * size + 64);
    insist(exact != NULL && records != NULL);
    memcpy(exact, data + 1, size - 1);
    struct outcome first = analyse(text_of(exact, size - 1), files, stamped),
                   second = analyse(text_of(exact, size - 1), files, stamped);
    analyse(through_records(text_of(exact, size - 1), records, 4 * size + 64), files, false);
    free(records);
    insist(memcmp(&first, &second, sizeof first) == 0);
    free(exact);
    return 0;
}
