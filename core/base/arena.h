/*
 * arena.h - memory that is freed all at once.
 *
 * An arena belongs to one thread at a time. Its ceiling is set when it is made, so that hostile input cannot
 * grow it without limit. A failed allocation returns NULL and is an ordinary error: nothing here aborts.
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
    size_t ceiling; /* the ceiling */
    bool failed;    /* some allocation returned NULL: a caller that can go on without the memory tests this once
                  * at the end */
};

void arena_init(struct arena *a, size_t ceiling);

/* Returns zeroed memory aligned for any type, owned by the arena. Returns NULL when out of memory or past
 * the ceiling. */
void *arena_alloc(struct arena *a, size_t size);

/* Returns a copy of T with a NUL after it (not counted). Its `p` is NULL if there is no memory. */
struct text arena_text(struct arena *a, struct text t);

void arena_fini(struct arena *a);

#endif
