/*
 * envelopes.h - finds what refused attempts have in common: one envelope tried from several clients, which gives
 * them away as open relays or zombies of one master, and clients that are refused again and again. Owned by one
 * thread.
 *
 * A pattern begins when enough different clients have tried one envelope within the window, and lasts as long
 * as each attempt comes within the window of the one before. An IPv6 client is its /64: one machine has as many
 * addresses in it as it likes. An envelope is sender and recipient, letters of either case; null senders and
 * temporary refusals are the caller's to leave out.
 *
 * Memory is bounded whatever the log: envelopes are forgotten once the window has passed over them, and
 * earlier, the longest untouched first, when those open would need more than SIGHTED_OPEN bytes.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_ENVELOPES_H
#define GATEPOST_TOOLS_ANALYZE_ENVELOPES_H

#include "tools/lib/hashmap.h"
#include "dedup.h"

enum {
    SIGHTED_OPEN = 128 << 20,  /* bytes of envelopes under watch */
    SIGHTED_FOUND = 128 << 20, /* bytes of patterns found; further ones are only counted */
    SIGHTED_CLIENTS = 4096     /* clients of one pattern; attempts of others are only counted */
};

struct sighted_client {
    struct ip ip;
    struct twin twin;
    uint64_t attempts;
    int64_t first, last;
};

struct sighted_pattern {
    struct sighted_pattern *older, *newer; /* while it is open: by the last attempt */
    uint64_t key;
    bool found, more_clients;
    uint64_t attempts;
    int64_t first, last;
    struct sighted_client *clients; /* by address; by first attempt when all is done */
    size_t client_count, client_cap;
    size_t sender_size, recipient_size;
    char envelope[]; /* sender, recipient */
};

struct sighted {
    int64_t window;
    size_t clients; /* so many make a pattern */
    struct siphash_key secret;
    struct keymap open;
    struct sighted_pattern *oldest, *newest;
    size_t open_bytes, open_most;   /* SIGHTED_OPEN */
    struct sighted_pattern **found; /* after sighted_finish(): in the order of their first attempts */
    size_t found_count, found_cap, found_bytes;
    uint64_t lost_early, lost_patterns; /* envelopes forgotten, and patterns left out, for want of room */
};

void sighted_init(struct sighted *s, int64_t window, size_t clients);

/* CLIENT tried that envelope and was refused; `ours` if our own line says so. Returns false when out of memory.
 */
bool sighted_attempt(struct sighted *s, const struct ip *client, struct text sender, struct text recipient,
                     int64_t time, bool ours);

/* After the last attempt. */
void sighted_finish(struct sighted *s);

void sighted_fini(struct sighted *s);

#endif
