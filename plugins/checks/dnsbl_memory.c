#define _POSIX_C_SOURCE 200809L
#include "dnsbl_memory.h"

#include <string.h>

int memory_init(struct dnsbl_memory *m, uint64_t key)
{
    m->key = key;
    return pthread_mutex_init(&m->mutex, NULL) == 0 ? 0 : -1;
}

void memory_fini(struct dnsbl_memory *m)
{
    pthread_mutex_destroy(&m->mutex);
}

static struct memory_place *place_of(struct dnsbl_memory *m, const unsigned char *address)
{
    const uint64_t odd = 0x9E3779B97F4A7C15u;
    uint64_t half[2], h;
    memcpy(half, address, sizeof half);
    h = (half[0] ^ m->key) * odd;
    h = (h ^ h >> 32 ^ half[1]) * odd;
    h = (h ^ h >> 32 ^ m->key) * odd;
    return &m->place[(h ^ h >> 29) % MEMORY_PLACES];
}

/* After the clock was set back, an answer may seem to be from the future: it is not used. */
static bool lasts(int64_t since, int64_t until, int64_t now)
{
    return now >= since && now < until;
}

int memory_get(struct dnsbl_memory *m, const unsigned char *address, int64_t now, uint32_t *answer)
{
    int known = 0;
    pthread_mutex_lock(&m->mutex);
    const struct memory_place *p = place_of(m, address);
    if (lasts(p->since, p->until, now) && memcmp(p->address, address, sizeof p->address) == 0) {
        *answer = p->answer;
        known = 1;
    } else if (m->failures >= MEMORY_PATIENCE) {
        known = lasts(m->paused_since, m->paused_until, now) ? -1 : 0;
        /* This thread tries; the others go on without until it knows. */
        if (known == 0) {
            m->paused_since = now;
            m->paused_until = now + MEMORY_PAUSE;
        }
    }
    pthread_mutex_unlock(&m->mutex);
    return known;
}

bool memory_put(struct dnsbl_memory *m, const unsigned char *address, int64_t now, uint32_t answer,
                unsigned ttl)
{
    const unsigned listed = ttl < MEMORY_LISTED_MOST ? ttl : MEMORY_LISTED_MOST;
    pthread_mutex_lock(&m->mutex);
    const bool back = m->failures >= MEMORY_PATIENCE;
    struct memory_place *p = place_of(m, address);
    memcpy(p->address, address, sizeof p->address);
    p->since = now;
    p->until = now + (answer ? listed : MEMORY_CLEAN);
    p->answer = answer;
    m->failures = 0;
    pthread_mutex_unlock(&m->mutex);
    return back;
}

bool memory_failed(struct dnsbl_memory *m, int64_t now)
{
    pthread_mutex_lock(&m->mutex);
    if (m->failures < MEMORY_PATIENCE)
        m->failures++;
    else
        m->failures = MEMORY_PATIENCE + 1; /* it has been said */
    const bool given_up = m->failures == MEMORY_PATIENCE;
    if (m->failures >= MEMORY_PATIENCE) {
        m->paused_since = now;
        m->paused_until = now + MEMORY_PAUSE;
    }
    pthread_mutex_unlock(&m->mutex);
    return given_up;
}
