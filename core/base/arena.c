#include "arena.h"

#include <stdlib.h>

struct arena_chunk {
    struct arena_chunk *older;
    char bytes[];
};

/* malloc on 32-bit Windows aligns to 8 bytes, but max_align_t needs 16, so chunks are aligned here. */
enum { FIRST_CHUNK = 4096, LARGEST_STEP = 1 << 20, ALIGN = _Alignof(max_align_t) };

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
    if (want > a->ceiling - a->total || want > SIZE_MAX - sizeof(struct arena_chunk) - ALIGN)
        return false;
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + ALIGN + want);
    if (!chunk)
        return false;
    chunk->older = a->chunks;
    a->chunks = chunk;
    a->next = chunk->bytes + (ALIGN - (uintptr_t)chunk->bytes % ALIGN) % ALIGN;
    a->room = want;
    a->total += want;
    return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGN) {
        a->failed = true;
        return NULL;
    }
    if (size == 0) /* NULL means out of memory, so an allocation of 0 bytes has an address too */
        size = 1;
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > a->room && !arena_grow(a, size)) {
        a->failed = true;
        return NULL;
    }
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
