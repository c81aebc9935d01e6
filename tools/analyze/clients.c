#include "clients.h"

#include <stdlib.h>

enum { DAY = 86400 };

void clients_init(struct clients *s, uint64_t times)
{
    *s = (struct clients){.times = times, .most = CLIENTS_MOST, .secret = hashmap_secret()};
}

/* What differs from case to case is left out: text in brackets, and links. */
static size_t plain_reason(struct text reason, char out[CLIENTS_REASON_SHOWN])
{
    size_t n = 0;
    for (size_t i = 0; i < reason.n && n < CLIENTS_REASON_SHOWN; i++) {
        char close = reason.p[i] == '<' ? '>' : reason.p[i] == '[' ? ']' : '\0';
        size_t end = close ? text_find(reason, i, close) : reason.n;
        if (text_starts_nocase(text_skip(reason, i), TEXT("http")))
            break;
        out[n++] = reason.p[i];
        if (end < reason.n)
            i = end - 1;
        else if (close) /* after a bracket that is not closed, the rest is left out */
            break;
    }
    return text_trim(text_of(out, n)).n; /* it begins with no blank */
}

/* Returns the one copy of that reason. NULL when there are too many, or no memory. */
static const char *reason_text(struct clients *s, struct text reason)
{
    char plain[CLIENTS_REASON_SHOWN];
    size_t n = plain_reason(text_trim(reason), plain);
    uint64_t key = hashmap_key(&s->secret, plain, n);
    char *text = hashmap_get(&s->reasons, key);
    if (text || s->reasons.n == CLIENTS_REASONS)
        return text;
    text = malloc(n + 1);
    if (!text || !hashmap_put(&s->reasons, key, text)) {
        free(text);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        text[i] = plain[i] ? plain[i] : ' ';
    text[n] = '\0';
    return text;
}

static void count_reason(struct clients_entry *r, const char *text)
{
    for (size_t i = 0; text && i < CLIENTS_REASONS_EACH; i++)
        if (!r->reasons[i].text || r->reasons[i].text == text) {
            r->reasons[i].text = text;
            r->reasons[i].count++;
            return;
        }
    r->other++;
}

static void clients_keep(struct clients *s,
                         bool (*keep)(const struct clients *, const struct clients_entry *, int64_t),
                         int64_t now)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct clients_entry *r = s->clients[i];
        if (keep(s, r, now)) {
            s->clients[kept++] = r;
            continue;
        }
        s->lost += r->count;
        hashmap_remove(&s->by_ip, r->key);
        free(r);
    }
    s->count = kept;
}

static bool is_recent_or_often(const struct clients *s, const struct clients_entry *r, int64_t now)
{
    return r->count >= s->times || seconds_apart(now, r->last) < DAY;
}

static bool is_often(const struct clients *s, const struct clients_entry *r, int64_t now)
{
    (void)now;
    return r->count >= s->times;
}

/* Each sweep goes on until an eighth is free, so that all sweeps together cost little. */
static bool make_room(struct clients *s, int64_t now)
{
    if (s->count < s->most)
        return true;
    if (s->full)
        return false;
    clients_keep(s, is_recent_or_often, now);
    if (s->count > s->most / 8 * 7)
        clients_keep(s, is_often, now);
    s->full = s->count > s->most / 8 * 7;
    return s->count < s->most;
}

static struct clients_entry *clients_new(struct clients *s, uint64_t key, const struct ip *ip, int64_t time)
{
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 256;
        struct clients_entry **clients = realloc(s->clients, cap * sizeof(void *));
        if (!clients)
            return NULL;
        s->clients = clients;
        s->cap = cap;
    }
    struct clients_entry *r = calloc(1, sizeof *r);
    if (!r || !hashmap_put(&s->by_ip, key, r)) {
        free(r);
        return NULL;
    }
    r->ip = *ip;
    r->key = key;
    r->first = r->last = time;
    s->clients[s->count++] = r;
    return r;
}

bool clients_take(struct clients *s, const struct ip *client, struct text reason, int64_t time, bool ours)
{
    struct ip ip = dedup_ip(client);
    uint64_t key = hashmap_key(&s->secret, &ip, sizeof ip);
    struct clients_entry *r = hashmap_get(&s->by_ip, key);
    if (!r && !make_room(s, time)) {
        s->lost++;
        return true;
    }
    if (!r && !(r = clients_new(s, key, &ip, time)))
        return false;
    if (dedup_is_repeat(&r->dedup, time, ours))
        return true;
    r->count++;
    r->first = time < r->first ? time : r->first;
    r->last = time > r->last ? time : r->last;
    count_reason(r, reason_text(s, reason));
    return true;
}

static int compare_refused(const void *a, const void *b)
{
    const struct clients_entry *left = *(const struct clients_entry *const *)a;
    const struct clients_entry *right = *(const struct clients_entry *const *)b;
    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    return compare_ip(&left->ip, &right->ip);
}

void clients_finish(struct clients *s)
{
    uint64_t lost = s->lost;
    clients_keep(s, is_often, 0);
    s->lost = lost;
    if (s->count)
        qsort(s->clients, s->count, sizeof(void *), compare_refused);
}

void clients_fini(struct clients *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->clients[i]);
    for (size_t i = 0; i < s->reasons.cap; i++)
        free(s->reasons.slots[i].value);
    free(s->clients);
    hashmap_fini(&s->by_ip);
    hashmap_fini(&s->reasons);
    *s = (struct clients){.times = 0};
}
