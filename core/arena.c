#include "arena.h"

#include <stdlib.h>

struct arena_chunk {
    struct arena_chunk *older;
    _Alignas(max_align_t) char bytes[];
};

enum { FIRST_CHUNK = 4096, LARGEST_STEP = 1 << 20 };

void arena_init(struct arena *a, size_t ceiling)
{
    *a = (struct arena){.ceiling = ceiling};
}

static bool arena_grow(struct arena *a, size_t size)
{
    size_t want = a->total < FIRST_CHUNK ? FIRST_CHUNK : a->total < LARGEST_STEP ? a->total : LARGEST_STEP;
    if (want < size)
        want = size;
    if (want > a->ceiling - a->total)
        want = size;
    if (want > a->ceiling - a->total || want > SIZE_MAX - sizeof(struct arena_chunk))
        return false;
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + want);
    if (!chunk)
        return false;
    chunk->older = a->chunks;
    a->chunks = chunk;
    a->next = chunk->bytes;
    a->room = want;
    a->total += want;
    return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    if (size > a->room && !arena_grow(a, size))
        return NULL;
    void *p = a->next;
    a->next += size;
    a->room -= size;
    return p;
}

struct text arena_text(struct arena *a, struct text t)
{
    char *copy = arena_alloc(a, t.n + 1);
    if (!copy)
        return text_of(NULL, 0);
    if (t.n)
        memcpy(copy, t.p, t.n);
    return text_of(copy, t.n);
}

void arena_fini(struct arena *a)
{
    while (a->chunks) {
        struct arena_chunk *older = a->chunks->older;
        free(a->chunks);
        a->chunks = older;
    }
    *a = (struct arena){.ceiling = a->ceiling};
}
