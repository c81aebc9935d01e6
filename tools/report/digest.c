#include "digest.h"

#include <stdio.h>
#include <stdlib.h>

#include "arrival.h"
#include "core/base/scan.h"
#include "tools/analyze/log_scan.h"
#include "tools/analyze/log_servers.h"

enum { HOUR = 3600, DAY = 86400, WINDOW = 3600, PATTERN_CLIENTS = 3, FEW = 4096 };

struct digest *digest_new(size_t files)
{
    struct digest *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    digest_clients_init(&d->clients);
    d->secret = hashmap_secret();
    d->step = HOUR;
    d->several = files > 1;
    envelopes_init(&d->envelopes, WINDOW, PATTERN_CLIENTS);
    d->envelopes.open_most = DIGEST_RELAY_BYTES;
    clients_init(&d->few, 1);
    d->few.most = FEW;
    mercury_blacklist_init(&d->mercury);
    if (!transactions_init(&d->transactions, &d->envelopes, &d->few, &d->mercury, files))
        digest_free(&d);
    return d;
}

void digest_free(struct digest **digest)
{
    struct digest *d = *digest;
    *digest = NULL;
    if (!d)
        return;
    digest_clients_fini(&d->clients);
    for (size_t i = 0; i < d->recipients.cap; i++)
        free(d->recipients.slots[i].value);
    hashmap_fini(&d->recipients);
    transactions_fini(&d->transactions);
    mercury_blacklist_fini(&d->mercury);
    clients_fini(&d->few);
    envelopes_fini(&d->envelopes);
    free(d->hours);
    free(d);
}

/*
 * Hours
 */

/* Counts days instead of hours from now on. */
static void coarsen(struct digest *d)
{
    size_t kept = 0;
    d->step = DAY;
    for (size_t i = 0; i < d->hour_count; i++) {
        struct digest_hour *from = &d->hours[i];
        int64_t start = from->start - from->start % DAY;
        if (kept && d->hours[kept - 1].start == start) {
            struct digest_hour *to = &d->hours[kept - 1];
            for (size_t k = 0; k < DIGEST_CAUSES; k++)
                to->refused[k] += from->refused[k];
            to->would += from->would;
            to->accepted += from->accepted;
            to->temporary += from->temporary;
            to->listed += from->listed;
        } else {
            d->hours[kept] = *from;
            d->hours[kept++].start = start;
        }
    }
    d->hour_count = kept;
}

/* The hour of that time; logs are nearly in order, so the search is from the end. NULL when out of memory. */
static struct digest_hour *hour_at(struct digest *d, int64_t time)
{
    int64_t start = time - time % d->step;
    size_t i = d->hour_count;
    if (d->hint < i && d->hours[d->hint].start == start)
        return &d->hours[d->hint];
    while (i && d->hours[i - 1].start > start)
        i--;
    d->hint = i ? i - 1 : 0;
    if (i && d->hours[i - 1].start == start)
        return &d->hours[i - 1];
    if (d->hour_count == DIGEST_HOURS && d->step == HOUR) {
        coarsen(d);
        return hour_at(d, time);
    }
    if (d->hour_count == DIGEST_HOURS)
        return &d->hours[i ? i - 1 : 0];
    if (d->hour_count == d->hour_cap) {
        size_t cap = d->hour_cap ? 2 * d->hour_cap : 64;
        struct digest_hour *grown = realloc(d->hours, cap * sizeof *grown);
        if (!grown)
            return NULL;
        d->hours = grown;
        d->hour_cap = cap;
    }
    memmove(d->hours + i + 1, d->hours + i, (d->hour_count - i) * sizeof *d->hours);
    d->hours[i] = (struct digest_hour){.start = start};
    d->hour_count++;
    d->hint = i;
    return &d->hours[i];
}

/* The hour with that start, or NULL. */
static struct digest_hour *find_hour(struct digest *d, int64_t start)
{
    size_t low = 0, n = d->hour_count;
    while (n > 1) {
        size_t half = n / 2;
        if (d->hours[low + half].start <= start)
            low += half;
        n -= half;
    }
    return d->hour_count && d->hours[low].start <= start && start < d->hours[low].start + d->step
               ? &d->hours[low]
               : NULL;
}

/*
 * Causes
 */

/* Returns the index of the cause with that name. The last index counts all causes for which there is no room. */
static unsigned cause_of(struct digest *d, struct text name, bool ours)
{
    char shown[DIGEST_CAUSE_MAX];
    struct writer w = writer_on(shown, sizeof shown);
    writer_add(&w, name);
    for (unsigned i = 0; i < d->cause_count; i++)
        if (d->causes[i].ours == ours && strcmp(d->causes[i].name, shown) == 0)
            return i;
    unsigned i = (unsigned)d->cause_count;
    if (i == DIGEST_CAUSES - 1)
        snprintf(shown, sizeof shown, "other causes");
    if (i == DIGEST_CAUSES)
        return DIGEST_CAUSES - 1;
    memcpy(d->causes[i].name, shown, sizeof shown);
    d->causes[i].ours = ours && i < DIGEST_CAUSES - 1;
    d->cause_count++;
    return i;
}

/* A server's reply without what differs from client to client: addresses, names in quotes, numbers of three digits and more
 * after the code. */
static unsigned server_cause(struct digest *d, const struct log_event *e)
{
    static const char *const servers[] = {"Sendmail", "Exim", "Postfix", "MercuryS", "gatepost"};
    char name[200];
    struct writer w = writer_on(name, sizeof name);
    struct text reason = e->reason;
    writer_printf(&w, "%s: ", servers[e->program]);
    size_t start = w.n;
    for (size_t i = 0; i < reason.n && w.n < start + DIGEST_CAUSE_MAX; i++) {
        char c = reason.p[i];
        char close = c == '<' ? '>' : c == '[' ? ']' : c == '"' ? '"' : '\0';
        size_t end = close ? text_find(reason, i + 1, close) : reason.n;
        if (end < reason.n) {
            writer_char(&w, c);
            writer_char(&w, close);
            i = end;
        } else if (is_digit((unsigned char)c) && i > 12) {
            while (i + 1 < reason.n && is_digit((unsigned char)reason.p[i + 1]))
                i++;
            writer_char(&w, '#');
        } else {
            writer_char(&w, c);
        }
    }
    if (w.n == start)
        writer_add(&w, TEXT("refused"));
    return cause_of(d, writer_text(&w), false);
}

/*
 * Lines
 */

static bool is_repeated(struct digest *d, const struct log_event *e, int64_t time, size_t file)
{
    if (!d->several)
        return false;
    uint64_t key = hashmap_key(&d->secret, e->line.p, e->line.n);
    size_t i = key % DIGEST_LINES;
    if (d->seen[i].key == key && d->seen[i].time == time && d->seen[i].file != file)
        return true;
    d->seen[i].key = key;
    d->seen[i].time = time;
    d->seen[i].file = file;
    return false;
}

static void note_day(uint16_t day[2], int64_t time)
{
    uint16_t today = (uint16_t)(time / DAY);
    day[0] = day[0] && day[0] < today ? day[0] : today;
    day[1] = today > day[1] ? today : day[1];
}

static bool count_recipient(struct digest *d, const struct log_event *e, unsigned cause, int64_t time)
{
    if (!e->has_recipient || !e->has_client)
        return true;
    uint64_t key = hashmap_key(&d->secret, e->recipient.p, e->recipient.n);
    struct digest_recipient *r = hashmap_get(&d->recipients, key);
    if (!r && d->recipients.n >= DIGEST_RECIPIENTS) {
        d->lost_recipients++;
        return true;
    }
    if (!r) {
        r = calloc(1, sizeof *r + e->recipient.n + 1);
        if (!r || !hashmap_put(&d->recipients, key, r)) {
            free(r);
            return false;
        }
        memcpy(r->address, e->recipient.p, e->recipient.n);
    }
    r->refused++;
    r->clients += !r->clients || !ip_eq(&r->last_client, &e->client);
    r->last_client = e->client;
    r->cause = cause;
    r->last = time;
    return true;
}

/* Whether gatepost or the server, the other of the two, has logged this refusal already. The cause that gatepost names
 * replaces the server's. */
static bool is_known(struct digest *d, struct digest_client *c, unsigned cause, bool ours, int64_t time)
{
    bool near = c->waiting && seconds_apart(time, c->logged_at) <= DEDUP_SECONDS;
    if (!near || c->ours == ours) {
        c->waiting = near && c->waiting < UINT8_MAX ? (uint8_t)(c->waiting + 1) : 1;
        c->ours = ours;
        c->logged_at = (uint32_t)time;
        return false;
    }
    c->waiting--;
    struct digest_hour *hour = find_hour(d, (int64_t)c->hour * HOUR);
    if (ours && hour && hour->refused[c->cause]) {
        hour->refused[c->cause]--;
        d->causes[c->cause].refused--;
        hour->refused[cause]++;
        d->causes[cause].refused++;
        c->cause = (uint16_t)cause;
    }
    return true;
}

/* Counts TIMES refusals of C; C is NULL if the log does not name the client for certain. */
static void count_refusals(struct digest *d, struct digest_hour *hour, struct digest_client *c, unsigned cause,
                           int64_t time, unsigned times)
{
    d->refused += times;
    d->causes[cause].refused += times;
    d->causes[cause].last = time > d->causes[cause].last ? time : d->causes[cause].last;
    hour->refused[cause] += times;
    if (!c)
        return;
    c->refused += times;
    c->cause = (uint16_t)cause;
    c->hour = (uint32_t)(time / HOUR);
    note_day(c->refused_day, time);
}

/* The line before came TIMES more often than the log shows. */
static bool take_repetition(struct digest *d, unsigned times, int64_t time, size_t file)
{
    struct digest_hour *hour = d->recent[file].open ? hour_at(d, time) : NULL;
    struct digest_client *c = d->recent[file].open && d->recent[file].has_client
                                  ? digest_clients_get(&d->clients, &d->recent[file].client, time)
                                  : NULL;
    if (hour)
        count_refusals(d, hour, c, d->recent[file].cause, time, times);
    return true;
}

static bool take_refusal(struct digest *d, const struct log_event *e, unsigned cause, int64_t time, size_t file)
{
    unsigned times = e->times ? e->times : 1;
    struct digest_hour *hour = hour_at(d, time);
    if (!hour)
        return false;
    if (e->temporary) {
        hour->temporary += times;
        d->temporary += times;
        return true;
    }
    const bool ours = e->program == LOG_GATEPOST;
    struct digest_client *c = e->has_client ? digest_clients_get(&d->clients, &e->client, time) : NULL;
    if (e->has_client && !c)
        return false;
    d->recent[file].open = true;
    d->recent[file].cause = cause;
    d->recent[file].has_client = c != NULL;
    d->recent[file].client = e->client;
    if (c && is_known(d, c, cause, ours, time) && --times == 0)
        return true;
    d->unclear += c || e->program == LOG_SENDMAIL ? 0 : times;
    count_refusals(d, hour, c, cause, time, times);
    /* Postfix had named the client of this queue id before, as if its mail were taken in. */
    if (c && e->program == LOG_POSTFIX && e->id.n && c->accepted && d->accepted) {
        c->accepted--;
        d->accepted--;
    }
    if (e->program == LOG_SENDMAIL && e->id.n) {
        uint64_t key = hashmap_key(&d->secret, e->id.p, e->id.n);
        d->refused_ids[key % (DIGEST_LINES / 8)] = key;
    }
    return count_recipient(d, e, cause, time);
}

/* A client is on the blocklist from now on. */
static bool list_client(struct digest *d, const struct ip *ip, uint32_t seconds, int64_t time)
{
    struct digest_client *c = digest_clients_get(&d->clients, ip, time);
    if (!c)
        return false;
    d->listed++;
    int64_t until = time + seconds;
    if (until <= c->listed_until || until > UINT32_MAX)
        return true;
    /* A client that is on the list already leaves later. */
    struct digest_hour *hour = hour_at(d, c->listed_until > time ? c->listed_until : time);
    if (!hour)
        return false;
    hour->listed++;
    c->listed_until = (uint32_t)until;
    if (!(hour = hour_at(d, until)))
        return false;
    hour->listed--;
    return true;
}

/* "192.0.2.1,192.0.2.7" of a relay pattern. */
static bool list_clients(struct digest *d, struct text clients, uint32_t seconds, int64_t time)
{
    while (clients.n) {
        size_t n = text_find(clients, 0, ',');
        struct ip ip;
        if (ip_parse(text_of(clients.p, n), &ip) && !list_client(d, &ip, seconds, time))
            return false;
        clients = text_skip(clients, n + 1);
    }
    return true;
}

/* A line of gatepost: what was refused, what trial mode would have refused, what a `log` rule saw, who was listed. */
static bool take_own(struct digest *d, const struct log_event *e, int64_t time, size_t file)
{
    struct text rest = e->own, action = log_scan_token(&rest), key;
    char memory[1024], rule[1024] = "", clients[1024] = "";
    struct writer value = writer_on(memory, sizeof memory);
    uint32_t blocked = 0;
    struct ip client;
    bool has_client = false, would = text_eq(action, TEXT("would")),
         pattern = text_eq(action, TEXT("relay-pattern"));
    bool logged = text_eq(action, TEXT("log"));
    if (would)
        (void)log_scan_token(&rest);
    while (log_gatepost_field(&rest, &key, &value)) {
        if (text_eq(key, TEXT("rule")))
            snprintf(rule, sizeof rule, "%s", memory);
        else if (text_eq(key, TEXT("blocked")))
            (void)scan_duration(writer_text(&value), &blocked);
        else if (text_eq(key, TEXT("clients")))
            snprintf(clients, sizeof clients, "%s", memory);
        else if (text_eq(key, TEXT("client")))
            has_client = ip_parse(writer_text(&value), &client);
    }
    if (pattern) {
        d->patterns++;
        return list_clients(d, text_z(clients), blocked, time);
    }
    if (!rule[0])
        return true;
    unsigned cause = cause_of(d, text_z(rule), true);
    if (blocked && has_client && !would) {
        d->causes[cause].listed++;
        if (!list_client(d, &client, blocked, time))
            return false;
    }
    if (e->kind == LOG_REFUSAL)
        return take_refusal(d, e, cause, time, file);
    struct digest_hour *hour = would ? hour_at(d, time) : NULL;
    struct digest_client *c = would && has_client ? digest_clients_get(&d->clients, &client, time) : NULL;
    if (would && (!hour || (has_client && !c)))
        return false;
    if (would) {
        d->would++;
        d->causes[cause].would++;
        hour->would++;
    }
    if (c)
        c->would++;
    d->causes[cause].logged += logged;
    if (would || logged)
        d->causes[cause].last = time > d->causes[cause].last ? time : d->causes[cause].last;
    return true;
}

/* Whether NAME lies in the domain of the sender: "mx.example.net" for "a@example.net". */
static bool is_own_domain(struct text name, struct text sender)
{
    size_t at = sender.n;
    while (at && sender.p[at - 1] != '@')
        at--;
    struct text domain = text_skip(sender, at);
    if (!at || text_find(domain, 0, '.') == domain.n || name.n < domain.n)
        return false;
    return text_ends_nocase(name, domain) && (name.n == domain.n || name.p[name.n - domain.n - 1] == '.');
}

static bool take_arrival(struct digest *d, const struct log_event *e, int64_t time)
{
    struct arrival a;
    if (e->inside || !arrival_read(e, &a) || !ip_is_public(&a.client))
        return true;
    if (e->program == LOG_SENDMAIL && e->id.n) {
        uint64_t key = hashmap_key(&d->secret, e->id.p, e->id.n);
        if (d->refused_ids[key % (DIGEST_LINES / 8)] == key)
            return true;
    }
    struct digest_client *c = digest_clients_get(&d->clients, &a.client, time);
    struct digest_hour *hour = hour_at(d, time);
    if (!c || !hour)
        return false;
    d->accepted++;
    hour->accepted++;
    c->accepted++;
    note_day(c->accepted_day, time);
    if (c->refused) {
        digest_clients_name(c, a.name);
        c->own_domain = c->own_domain || is_own_domain(a.name, a.sender);
    }
    return true;
}

bool digest_take(struct digest *d, const struct log_event *e, int64_t time, size_t file)
{
    if (e->kind == LOG_UNKNOWN)
        return true;
    if (time < DAY || time > UINT32_MAX)
        return true;
    d->first = d->begun && d->first < time ? d->first : time;
    d->last = d->begun && d->last > time ? d->last : time;
    d->begun = true;
    if (d->envelopes.found_bytes < DIGEST_RELAY_BYTES && !transactions_take(&d->transactions, e, time, file))
        return false;
    if (e->kind != LOG_PART && e->kind != LOG_REPEATED && is_repeated(d, e, time, file))
        return true;
    if (e->kind == LOG_REPEATED)
        return take_repetition(d, e->times, time, file);
    if (e->kind != LOG_PART)
        d->recent[file].open = false;
    if (e->program == LOG_GATEPOST)
        return take_own(d, e, time, file);
    switch (e->kind) {
    case LOG_REFUSAL:
        return take_refusal(d, e, server_cause(d, e), time, file);
    case LOG_BLACKLISTED:
        return take_refusal(d, e, cause_of(d, TEXT("MercuryS: put on its blacklist"), false), time, file);
    case LOG_RESTRICTED:
        return take_refusal(d, e, cause_of(d, TEXT("MercuryS: on its blacklist"), false), time, file);
    default:
        return take_arrival(d, e, time);
    }
}

void digest_finish(struct digest *d)
{
    transactions_finish(&d->transactions);
    envelopes_finish(&d->envelopes);
    clients_finish(&d->few);
    /* Hours after the last line are there only because somebody leaves the list then. */
    while (d->hour_count && d->hours[d->hour_count - 1].start > d->last)
        d->hour_count--;
}
