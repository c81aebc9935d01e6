#include "failing_alloc.h"

#include <stddef.h>

struct failing_alloc allocs;

/* The names are the linker's. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static bool fails(void)
{
    if (!allocs.armed)
        return false;
    if (allocs.left) {
        allocs.left--;
        return false;
    }
    bool now = !allocs.failed || allocs.go_on;
    allocs.failed = true;
    return now;
}

void *__wrap_malloc(size_t size)
{
    void *p = fails() ? NULL : __real_malloc(size);
    allocs.live += p != NULL;
    return p;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *p = fails() ? NULL : __real_calloc(count, size);
    allocs.live += p != NULL;
    return p;
}

void *__wrap_realloc(void *old, size_t size)
{
    void *p = fails() ? NULL : __real_realloc(old, size);
    allocs.live += p && !old;
    return p;
}

void __wrap_free(void *p)
{
    allocs.live -= p != NULL;
    __real_free(p);
}
