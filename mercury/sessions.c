#include "sessions.h"

#include <stdlib.h>
#include <string.h>
enum { BUCKETS = 256, LOOK_EVERY_MS = 60000 };

static struct {
    CRITICAL_SECTION lock;
    struct visit *bucket[BUCKETS];
    unsigned count;
    uint32_t looked; /* ticks */
    void (*end)(struct visit *visit);
} table;

static struct visit **bucket_of(uint32_t id)
{
    return &table.bucket[id % BUCKETS];
}

static void visit_free(struct visit *v)
{
    table.end(v);
    DeleteCriticalSection(&v->lock);
    free(v);
}

/* Takes *PLACE out of the table; the lock is held. Returns it if nobody has it, so that the caller frees it
 * when the lock is gone. */
static struct visit *take_out(struct visit **place)
{
    struct visit *v = *place;
    *place = v->next;
    v->next = NULL;
    v->forgotten = true;
    table.count--;
    return v->users ? NULL : v;
}

/* Puts V, unless it is NULL, before the list of what is to be freed. */
static void add_to(struct visit **list, struct visit *v)
{
    if (!v)
        return;
    v->next = *list;
    *list = v;
}

/* Takes out what was silent too long, and if there is no room left, who was silent longest. */
static void make_room(uint32_t now, struct visit **dead)
{
    struct visit **oldest = NULL;
    if (table.count < SESSIONS_MOST && now - table.looked < LOOK_EVERY_MS)
        return;
    table.looked = now;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct visit **place = &table.bucket[i]; *place;) {
            if (!(*place)->users && now - (*place)->heard >= SESSION_SILENCE_MS)
                add_to(dead, take_out(place));
            else
                place = &(*place)->next;
        }
    if (table.count < SESSIONS_MOST)
        return;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct visit **place = &table.bucket[i]; *place; place = &(*place)->next)
            if (!(*place)->users && (!oldest || (*place)->heard < (*oldest)->heard))
                oldest = place;
    if (oldest)
        add_to(dead, take_out(oldest));
}

static void free_all(struct visit *list)
{
    while (list) {
        struct visit *next = list->next;
        visit_free(list);
        list = next;
    }
}

void sessions_init(void (*end)(struct visit *visit))
{
    memset(&table, 0, sizeof table);
    InitializeCriticalSection(&table.lock);
    table.end = end;
}

/* Finds or makes it, with the lock held. *DEAD gets what is to be freed without it. */
static struct visit *find(uint32_t id, int32_t start, struct visit **dead)
{
    const uint32_t now = GetTickCount();
    for (struct visit **place = bucket_of(id); *place; place = &(*place)->next) {
        struct visit *v = *place;
        if (v->id != id)
            continue;
        if (start && v->start && v->start != start) {
            add_to(dead, take_out(place));
            break;
        }
        v->heard = now;
        if (start)
            v->start = start;
        return v;
    }
    make_room(now, dead);
    struct visit *fresh = table.count < SESSIONS_MOST ? calloc(1, sizeof *fresh) : NULL;
    if (!fresh)
        return NULL;
    InitializeCriticalSection(&fresh->lock);
    fresh->id = id;
    fresh->start = start;
    fresh->heard = now;
    fresh->next = *bucket_of(id);
    *bucket_of(id) = fresh;
    table.count++;
    return fresh;
}

/* One that stands in no table and ends when it is given back. */
static struct visit *passing(void)
{
    struct visit *v = calloc(1, sizeof *v);
    if (v) {
        InitializeCriticalSection(&v->lock);
        v->users = 1;
        v->forgotten = true;
        EnterCriticalSection(&v->lock);
        v->thread = GetCurrentThreadId();
    }
    return v;
}

struct visit *sessions_take(uint32_t id, int32_t start)
{
    struct visit *dead = NULL;
    if (!id)
        return passing();
    EnterCriticalSection(&table.lock);
    struct visit *v = find(id, start, &dead);
    /* Only the thread itself can have put its own number there. */
    if (v && v->thread == GetCurrentThreadId())
        v = NULL;
    if (v)
        v->users++;
    LeaveCriticalSection(&table.lock);
    free_all(dead);
    if (!v)
        return NULL;
    EnterCriticalSection(&v->lock);
    EnterCriticalSection(&table.lock);
    v->thread = GetCurrentThreadId();
    LeaveCriticalSection(&table.lock);
    return v;
}

void sessions_give(struct visit *v)
{
    EnterCriticalSection(&table.lock);
    v->thread = 0;
    bool last = --v->users == 0 && v->forgotten;
    LeaveCriticalSection(&v->lock);
    LeaveCriticalSection(&table.lock);
    if (last)
        visit_free(v);
}

void sessions_forget(uint32_t id)
{
    struct visit *dead = NULL;
    EnterCriticalSection(&table.lock);
    for (struct visit **place = bucket_of(id); *place; place = &(*place)->next)
        if ((*place)->id == id) {
            add_to(&dead, take_out(place));
            break;
        }
    LeaveCriticalSection(&table.lock);
    free_all(dead);
}

void sessions_fini(void)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        free_all(table.bucket[i]);
        table.bucket[i] = NULL;
    }
    table.count = 0;
    DeleteCriticalSection(&table.lock);
}
