/*
 * exact.h - test input in memory of exactly its size, without a NUL behind it, so that a sanitizer sees one
 * byte too far.
 */
#ifndef GATEPOST_TEST_EXACT_H
#define GATEPOST_TEST_EXACT_H

#include "core/base/text.h"

#include <stdlib.h>

static inline struct text exact_copy(struct text t)
{
    char *memory = malloc(t.n); /* NOLINT(clang-analyzer-optin.portability.UnixAPI): 0 bytes on purpose */
    if (t.n && memory)
        memcpy(memory, t.p, t.n);
    return text_of(memory, memory ? t.n : 0);
}

static inline struct text exact(const char *z)
{
    return exact_copy(text_z(z));
}

/* Frees what exact() or exact_copy() returned. */
static inline void exact_free(struct text t)
{
    char *memory;
    memcpy(&memory, &t.p, sizeof memory); /* the slice is const for its readers; we own it */
    free(memory);
}

#endif
