/*
 * traps.h - finds addresses that attract spam and nothing else: refused, never accepted in these logs, tried by
 * several clients on several days. They are candidates for the trap table, for a person to look at.
 *
 * Never proposed are role names (RFC 2142), an address that was accepted, one a typing slip away from such an
 * address (a letter more, less, other, or two changed over), and senders that were seen from inside. A refusal
 * to relay says nothing about an address here and is not counted; nor is a temporary one. Owned by one thread.
 *
 * Memory is bounded: when the addresses tried would need more than TRAPS_BYTES, those untouched for longest are
 * forgotten; of addresses that were accepted only hashes are kept, TRAPS_KNOWN of them.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_TRAPS_H
#define GATEPOST_TOOLS_ANALYZE_TRAPS_H

#include "core/mail/ip.h"
#include "tools/lib/hashmap.h"

enum { TRAPS_BYTES = 96 << 20, TRAPS_KNOWN = 2000000, TRAPS_CLIENTS = 16 /* of one address are counted */ };

struct trap {
    struct trap *older, *newer; /* by the last attempt */
    uint64_t key, refused;
    uint64_t unknown; /* of these because there is no such recipient */
    int64_t first, last, last_day;
    uint64_t days;
    size_t client_count;
    struct ip *clients; /* different ones, as many as are kept */
    size_t size;
    char address[]; /* lower case */
};

struct traps {
    size_t clients; /* so many different clients */
    size_t kept;    /* of each address; at least `clients` */
    uint64_t days;  /* on so many different days */
    struct siphash_key secret;
    struct hashmap by_address, known;
    struct trap *oldest, *newest;
    size_t bytes, most;  /* TRAPS_BYTES */
    struct trap **found; /* after traps_finish(): most clients and days first */
    size_t found_count;
    uint64_t lost;       /* addresses forgotten for lack of memory */
    uint64_t lost_known; /* accepted addresses that there was no room for: candidates may be among them */
};

void traps_init(struct traps *t, size_t clients, uint64_t days);

/* CLIENT was refused for ADDRESS for good; REPLY is what the log says of it. Returns false when out of memory. */
bool traps_refused(struct traps *t, struct text address, const struct ip *client, struct text reply,
                   int64_t time);

/* Each address in TEXT ("<a@b>,<c@d>", "u <a@b>") was accepted, or is one of ours. Returns false when out of
 * memory. */
bool traps_accepted(struct traps *t, struct text text);

/* After the last line. Returns false when out of memory. */
bool traps_finish(struct traps *t);

void traps_fini(struct traps *t);

#endif
