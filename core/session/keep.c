#include "keep.h"

#include <stdlib.h>

#include "state.h"

void keep_init(struct keep *k)
{
    k->p = NULL;
    k->n = 0;
    k->cut = false;
    k->near[0] = '\0';
}

void keep_fini(struct keep *k)
{
    free(k->p);
    k->p = NULL;
}

/* Makes room for N bytes and a NUL. Returns false if there is only the room of `near`. */
static bool make_room(struct keep *k, size_t n)
{
    if (n + 1 <= (k->p ? k->cap : sizeof k->near))
        return true;
    free(k->p);
    k->p = malloc(n + 1);
    k->cap = n + 1;
    return k->p != NULL;
}

bool keep_join(struct keep *k, const struct text *pieces, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += pieces[i].n;
    k->cut = n > KEEP_MOST;
    if (k->cut)
        n = KEEP_MOST;
    bool fits = make_room(k, n);
    if (!fits && n > sizeof k->near - 1)
        n = sizeof k->near - 1;
    char *to = k->p ? k->p : k->near;
    k->n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t part = pieces[i].n < n - k->n ? pieces[i].n : n - k->n;
        if (part)
            memcpy(to + k->n, pieces[i].p, part);
        k->n += part;
    }
    to[n] = '\0';
    return fits;
}

bool keep_set(struct keep *k, struct text t)
{
    return keep_join(k, &t, 1);
}

void session_lose_exemptions(struct gp_session *s)
{
    if (!s->exemption.unusable)
        engine_log(s->engine, GP_LOG_ERROR, "gatepost: out of memory: a session is not judged in full");
    s->exemption.unusable = true;
}

void session_lose(struct gp_session *s, uint32_t fact, struct keep *kept)
{
    s->facts.unknown |= fact;
    keep_set(kept, TEXT(""));
    session_lose_exemptions(s);
}
