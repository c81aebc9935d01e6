#include "mercury_blacklist.h"

#include <stdlib.h>

enum { HOUR = 3600, NAME_KEPT = 64 };

struct mercury_blacklist_entry {
    struct mercury_blacklist_entry *older, *newer;
    uint64_t key;
    int64_t until;
};

void mercury_blacklist_init(struct mercury_blacklist *s)
{
    *s = (struct mercury_blacklist){.secret = hashmap_secret()};
}

static void take_out(struct mercury_blacklist *s, struct mercury_blacklist_entry *e)
{
    *(e->older ? &e->older->newer : &s->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &s->newest) = e->older;
    s->current--;
}

static void add_newest(struct mercury_blacklist *s, struct mercury_blacklist_entry *e)
{
    e->older = s->newest;
    e->newer = NULL;
    *(s->newest ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
    s->current++;
}

static void forget_oldest(struct mercury_blacklist *s)
{
    struct mercury_blacklist_entry *e = s->oldest;
    take_out(s, e);
    hashmap_remove(&s->map, e->key);
    free(e);
}

/* A clock that was set back leaves entries that end too late: these are removed too. */
static void forget_due(struct mercury_blacklist *s, int64_t time)
{
    while (s->oldest &&
           (s->oldest->until <= time || s->oldest->until > time + (int64_t)2 * MERCURY_BLACKLIST_SECONDS))
        forget_oldest(s);
}

void mercury_blacklist_at(struct mercury_blacklist *s, int64_t time)
{
    s->seen = true;
    s->last = time;
    forget_due(s, time);
}

static struct mercury_blacklist_hour *hour_of(struct mercury_blacklist *s, int64_t time)
{
    int64_t start = time - (time % HOUR + HOUR) % HOUR;
    if (s->hour_count && s->hours[s->hour_count - 1].start == start)
        return &s->hours[s->hour_count - 1];
    if (s->hour_count == MERCURY_BLACKLIST_HOURS) {
        s->lost++;
        return NULL;
    }
    if (s->hour_count == s->hour_cap) {
        size_t cap = s->hour_cap ? s->hour_cap * 2 : 64;
        struct mercury_blacklist_hour *hours = realloc(s->hours, cap * sizeof *hours);
        if (!hours)
            return NULL;
        s->hours = hours;
        s->hour_cap = cap;
    }
    forget_due(s, start);
    s->hours[s->hour_count] = (struct mercury_blacklist_hour){.start = start, .peak = s->current};
    return &s->hours[s->hour_count++];
}

static bool enter(struct mercury_blacklist *s, uint64_t key, int64_t time)
{
    struct mercury_blacklist_entry *e = malloc(sizeof *e);
    if (!e || !hashmap_put(&s->map, key, e)) {
        free(e);
        return false;
    }
    e->key = key;
    e->until = time + MERCURY_BLACKLIST_SECONDS;
    add_newest(s, e);
    if (s->current > MERCURY_BLACKLIST_MOST) {
        forget_oldest(s);
        s->lost++;
    }
    return true;
}

bool mercury_blacklist_take(struct mercury_blacklist *s, struct text client, bool refused, int64_t time)
{
    unsigned char name[NAME_KEPT];
    size_t n = client.n < sizeof name ? client.n : sizeof name;
    for (size_t i = 0; i < n; i++)
        name[i] = fold((unsigned char)client.p[i]);
    uint64_t key = hashmap_key(&s->secret, name, n);
    struct mercury_blacklist_hour *hour = hour_of(s, time);
    mercury_blacklist_at(s, time);
    struct mercury_blacklist_entry *e = hashmap_get(&s->map, key);
    *(refused ? &s->refused : &s->added) += 1;
    if (!e && !enter(s, key, time))
        return false;
    if (e && !refused) { /* this can only mean that it was forgotten too early: MercuryS was restarted */
        take_out(s, e);
        e->until = time + MERCURY_BLACKLIST_SECONDS;
        add_newest(s, e);
    }
    if (s->current > s->peak) {
        s->peak = s->current;
        s->peak_time = time;
    }
    if (!hour)
        return true;
    *(refused ? &hour->refused : &hour->added) += 1;
    if (s->current > hour->peak)
        hour->peak = s->current;
    return true;
}

void mercury_blacklist_fini(struct mercury_blacklist *s)
{
    while (s->oldest)
        forget_oldest(s);
    hashmap_fini(&s->map);
    free(s->hours);
    *s = (struct mercury_blacklist){.seen = false};
}
