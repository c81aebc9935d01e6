/* keep.h - texts that a session owns, and what happens when there is no memory for one. */
#ifndef GATEPOST_SESSION_KEEP_H
#define GATEPOST_SESSION_KEEP_H

#include "core/base/text.h"

struct gp_session;

/* A text is kept whole up to this size. */
enum { KEEP_MOST = 1 << 16 };

/* A text that the session owns. Short ones need no allocation. */
struct keep {
    char *p;
    size_t n;
    size_t cap;
    bool cut; /* the text was longer than KEEP_MOST: this is its beginning */
    char near[200];
};

/* Makes K the empty text. */
void keep_init(struct keep *k);
void keep_fini(struct keep *k);

/* Copies T into K with a NUL after it. Returns false when out of memory: K then holds what fits without an
 * allocation. T must not be in K. */
bool keep_set(struct keep *k, struct text t);

/* The same for COUNT pieces, one after the other. */
bool keep_join(struct keep *k, const struct text *pieces, size_t count);

/* The same bytes, to be changed in place. */
static inline char *keep_room(struct keep *k)
{
    return k->p ? k->p : k->near;
}

static inline struct text keep_text(const struct keep *k)
{
    return text_of(k->p ? k->p : k->near, k->n);
}

/* Memory ran out. From now on it is not known what the exemption table says about this session (on-error).
 * Logged once a session. */
void session_lose_exemptions(struct gp_session *s);

/* There was no memory to keep a fact (GP_FACT_…) whole. KEPT becomes empty, and rules about the fact cannot
 * say. */
void session_lose(struct gp_session *s, uint32_t fact, struct keep *kept);

#endif
