/*
 * envelopes.h - finds one envelope (sender and recipient) that several clients tried and that was refused:
 * these are open relays, or zombies of one botnet. Owned by one thread.
 *
 * A pattern begins when enough different clients have tried one envelope within the window. It lasts as long as
 * each attempt comes within the window of the one before. An IPv6 client is its /64, because one machine can
 * use any address in it. Letter case makes no difference. The caller leaves out null senders and temporary
 * refusals.
 *
 * Memory is bounded whatever the log: envelopes are forgotten once the window has passed, and earlier, the
 * longest untouched first, when those open would need more than ENVELOPES_OPEN bytes.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_ENVELOPES_H
#define GATEPOST_TOOLS_ANALYZE_ENVELOPES_H

#include "tools/lib/hashmap.h"
#include "dedup.h"

enum {
    ENVELOPES_OPEN = 128 << 20,  /* bytes of envelopes under watch */
    ENVELOPES_FOUND = 128 << 20, /* bytes of patterns found; further ones are only counted */
    ENVELOPES_CLIENTS = 4096     /* clients of one pattern; attempts of others are only counted */
};

struct envelopes_client {
    struct ip ip;
    struct dedup dedup;
    uint64_t attempts;
    int64_t first, last;
};

struct envelopes_pattern {
    struct envelopes_pattern *older, *newer; /* while it is open: by the last attempt */
    uint64_t key;
    bool found, more_clients;
    uint64_t attempts;
    int64_t first, last;
    struct envelopes_client *clients; /* by address; by first attempt when all is done */
    size_t client_count, client_cap;
    size_t sender_size, recipient_size;
    char envelope[]; /* sender, recipient */
};

struct envelopes {
    int64_t window;
    size_t clients; /* this many make a pattern */
    struct siphash_key secret;
    struct hashmap open;
    struct envelopes_pattern *oldest, *newest;
    size_t open_bytes, open_most;     /* ENVELOPES_OPEN */
    struct envelopes_pattern **found; /* after envelopes_finish(): in the order of their first attempts */
    size_t found_count, found_cap, found_bytes;
    uint64_t lost_early, lost_patterns; /* envelopes forgotten, and patterns left out, for lack of memory */
};

void envelopes_init(struct envelopes *s, int64_t window, size_t clients);

/* CLIENT tried that envelope and was refused; `ours` if a line of gatepost reports it. Returns false when
 * out of memory. */
bool envelopes_attempt(struct envelopes *s, const struct ip *client, struct text sender, struct text recipient,
                       int64_t time, bool ours);

/* After the last attempt. */
void envelopes_finish(struct envelopes *s);

void envelopes_fini(struct envelopes *s);

#endif
