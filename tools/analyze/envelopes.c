#include "envelopes.h"

#include "core/base/writer.h"

#include <stdlib.h>

void envelopes_init(struct envelopes *s, int64_t window, size_t clients)
{
    *s = (struct envelopes){
        .window = window, .clients = clients, .open_most = ENVELOPES_OPEN, .secret = hashmap_secret()};
}

static size_t pattern_bytes(const struct envelopes_pattern *p)
{
    return sizeof *p + p->sender_size + p->recipient_size + p->client_cap * sizeof *p->clients +
           4 * sizeof(struct hashmap_slot);
}

static void pattern_free(struct envelopes_pattern *p)
{
    free(p->clients);
    free(p);
}

static void unlink_open(struct envelopes *s, struct envelopes_pattern *p)
{
    *(p->older ? &p->older->newer : &s->oldest) = p->newer;
    *(p->newer ? &p->newer->older : &s->newest) = p->older;
    s->open_bytes -= pattern_bytes(p);
}

static void link_newest(struct envelopes *s, struct envelopes_pattern *p)
{
    p->older = s->newest;
    p->newer = NULL;
    *(s->newest ? &s->newest->newer : &s->oldest) = p;
    s->newest = p;
    s->open_bytes += pattern_bytes(p);
}

/* No further attempt is counted for P: it is in the results, or forgotten. */
static bool pattern_close(struct envelopes *s, struct envelopes_pattern *p)
{
    unlink_open(s, p);
    hashmap_remove(&s->open, p->key);
    if (!p->found) {
        pattern_free(p);
        return true;
    }
    size_t bytes = pattern_bytes(p);
    if (s->found_bytes + bytes > ENVELOPES_FOUND) {
        s->lost_patterns++;
        pattern_free(p);
        return true;
    }
    if (s->found_count == s->found_cap) {
        size_t cap = s->found_cap ? s->found_cap * 2 : 64;
        struct envelopes_pattern **found = realloc(s->found, cap * sizeof(void *));
        if (!found) {
            pattern_free(p);
            return false;
        }
        s->found = found;
        s->found_cap = cap;
    }
    s->found[s->found_count++] = p;
    s->found_bytes += bytes;
    return true;
}

static bool forget_old(struct envelopes *s, int64_t now)
{
    while (s->oldest && seconds_apart(now, s->oldest->last) > s->window)
        if (!pattern_close(s, s->oldest))
            return false;
    while (s->open_bytes > s->open_most && s->oldest) {
        s->lost_early += !s->oldest->found;
        if (!pattern_close(s, s->oldest))
            return false;
    }
    return true;
}

static struct envelopes_pattern *pattern_new(struct envelopes *s, uint64_t key, struct text sender,
                                             struct text recipient)
{
    struct envelopes_pattern *p = malloc(sizeof *p + sender.n + recipient.n);
    if (!p || !hashmap_put(&s->open, key, p)) {
        free(p);
        return NULL;
    }
    *p = (struct envelopes_pattern){.key = key, .sender_size = sender.n, .recipient_size = recipient.n};
    memcpy(p->envelope, sender.p, sender.n);
    memcpy(p->envelope + sender.n, recipient.p, recipient.n);
    link_newest(s, p);
    return p;
}

/* The index of IP in P, or where it would be. */
static size_t client_place(const struct envelopes_pattern *p, const struct ip *ip)
{
    size_t low = 0, high = p->client_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_ip(&p->clients[middle].ip, ip) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Attempts of an envelope that is not a pattern yet are kept for the window. */
static void forget_clients(struct envelopes_pattern *p, int64_t now, int64_t window)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->client_count; i++) {
        if (seconds_apart(now, p->clients[i].last) <= window)
            p->clients[kept++] = p->clients[i];
        else
            p->attempts -= p->clients[i].attempts;
    }
    p->client_count = kept;
}

/* Counts an attempt. Returns 1, 0 if it was already reported, -1 when out of memory. */
static int count_client(struct envelopes_pattern *p, const struct ip *ip, int64_t time, bool ours)
{
    size_t i = client_place(p, ip);
    if (i == p->client_count || !ip_eq(&p->clients[i].ip, ip)) {
        if (p->client_count == ENVELOPES_CLIENTS) {
            p->more_clients = true;
            return 1;
        }
        if (p->client_count == p->client_cap) {
            size_t cap = p->client_cap ? p->client_cap * 2 : 1;
            struct envelopes_client *clients = realloc(p->clients, cap * sizeof *clients);
            if (!clients)
                return -1;
            p->clients = clients;
            p->client_cap = cap;
        }
        memmove(p->clients + i + 1, p->clients + i, (p->client_count - i) * sizeof *p->clients);
        p->clients[i] = (struct envelopes_client){.ip = *ip, .first = time, .last = time};
        p->client_count++;
    }
    struct envelopes_client *c = &p->clients[i];
    if (dedup_is_repeat(&c->dedup, time, ours))
        return 0;
    c->attempts++;
    c->first = time < c->first ? time : c->first;
    c->last = time > c->last ? time : c->last;
    return 1;
}

static uint64_t envelope_key(const struct envelopes *s, struct text sender, struct text recipient)
{
    char folded[1024];
    size_t n = 0;
    for (size_t i = 0; i < sender.n && n < sizeof folded - 1; i++)
        folded[n++] = (char)fold((unsigned char)sender.p[i]);
    folded[n++] = '\0';
    for (size_t i = 0; i < recipient.n && n < sizeof folded; i++)
        folded[n++] = (char)fold((unsigned char)recipient.p[i]);
    return hashmap_key(&s->secret, folded, n);
}

bool envelopes_attempt(struct envelopes *s, const struct ip *client, struct text sender, struct text recipient,
                       int64_t time, bool ours)
{
    struct ip ip = dedup_ip(client);
    uint64_t key = envelope_key(s, sender, recipient);
    if (!forget_old(s, time))
        return false;
    struct envelopes_pattern *p = hashmap_get(&s->open, key);
    if (p && seconds_apart(time, p->last) > s->window) {
        if (!pattern_close(s, p))
            return false;
        p = NULL;
    }
    if (!p && !(p = pattern_new(s, key, sender, recipient)))
        return false;
    unlink_open(s, p);
    if (!p->found)
        forget_clients(p, time, s->window);
    int counted_now = count_client(p, &ip, time, ours);
    if (counted_now > 0) {
        p->attempts++;
        p->last = p->attempts == 1 || time > p->last ? time : p->last;
        p->found = p->found || p->client_count >= s->clients;
    }
    link_newest(s, p);
    return counted_now >= 0;
}

static int compare_clients(const void *a, const void *b)
{
    const struct envelopes_client *left = a, *right = b;
    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    return compare_ip(&left->ip, &right->ip);
}

static int compare_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_patterns(const void *a, const void *b)
{
    const struct envelopes_pattern *left = *(const struct envelopes_pattern *const *)a;
    const struct envelopes_pattern *right = *(const struct envelopes_pattern *const *)b;
    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    return compare_bytes(left->envelope, left->sender_size + left->recipient_size, right->envelope,
                         right->sender_size + right->recipient_size);
}

void envelopes_finish(struct envelopes *s)
{
    while (s->oldest)
        pattern_close(s, s->oldest);
    for (size_t i = 0; i < s->found_count; i++) {
        struct envelopes_pattern *p = s->found[i];
        qsort(p->clients, p->client_count, sizeof *p->clients, compare_clients);
        p->first = p->clients[0].first;
    }
    if (s->found_count)
        qsort(s->found, s->found_count, sizeof(void *), compare_patterns);
}

void envelopes_fini(struct envelopes *s)
{
    while (s->oldest)
        pattern_close(s, s->oldest);
    for (size_t i = 0; i < s->found_count; i++)
        pattern_free(s->found[i]);
    free(s->found);
    hashmap_fini(&s->open);
    *s = (struct envelopes){.window = 0};
}
