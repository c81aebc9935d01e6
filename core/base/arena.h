/*
 * arena.h - memory that is freed all at once.
 *
 * An arena belongs to one thread at a time. It is told its ceiling when made, so that hostile input cannot grow
 * it without bound. A failed allocation returns NULL and is an ordinary error: nothing here aborts.
 */
#ifndef GATEPOST_BASE_ARENA_H
#define GATEPOST_BASE_ARENA_H

#include "text.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    char *next;
    size_t room;
    size_t total;   /* bytes taken from malloc so far */
    size_t ceiling; /* no more than this is ever taken */
    bool failed; /* some allocation returned NULL: one test at the end is enough for who does nothing without */
};

void arena_init(struct arena *a, size_t ceiling);

/* Zeroed memory aligned for any type, owned by the arena. NULL when out of memory or past the ceiling. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy of T with a NUL behind it (not counted). Its `p` is NULL when there is no memory. */
struct text arena_text(struct arena *a, struct text t);

void arena_fini(struct arena *a);

#endif
