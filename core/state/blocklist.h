/*
 * blocklist.h - the clients that are refused for a while: a file in the state directory, shared by all
 * processes of the machine.
 *
 * An entry is a prefix (block-prefix: IPv4 /32, IPv6 /64) with its end, how often the client was put on the
 * list, the cause, and the times when it was first and last seen. The client is listed until the end has
 * passed. After that the entry is remembered until its place is needed, so that a repeat is recognised.
 *
 * A look-up takes no lock and makes no system call. Adding and removing lock the directory for microseconds.
 * They wait for the lock 20 ms at most, and are given up after that. Any number of threads may call all
 * functions but open, close and resize at once. The caller decides who may not be put on the list.
 */
#ifndef GATEPOST_BLOCKLIST_H
#define GATEPOST_BLOCKLIST_H

#include "core/mail/ip.h"

struct blocklist;

enum { BLOCKLIST_READ_ONLY = 1 };

/* Which reply refuses the client: block-reply or relay-reply. */
enum block_kind { BLOCK_RULE, BLOCK_RELAY };

enum { BLOCK_CAUSE_MAX = 28 };

struct block_entry {
    struct ip_prefix prefix;
    int64_t until;
    int64_t first;  /* when it was first put on the list */
    int64_t last;   /* when it was last put there or refused */
    uint32_t hits;  /* attempts refused because of it */
    unsigned times; /* how often it was put on the list; 0 for a relay that no rule has put there */
    enum block_kind kind;
    char cause[BLOCK_CAUSE_MAX + 1]; /* "gatepost.conf:12"; a longer one is cut at the beginning, after
                                      * "..."; "" if unknown */
    uint32_t place;
};

/*
 * Opens DIR/blocklist; makes it for ENTRIES entries if there is none (an existing one keeps its size). The
 * clients are masked to PREFIX4 and PREFIX6 bits. With BLOCKLIST_READ_ONLY nothing is made or written. If
 * writing is not allowed, look-ups work, and adding reports why it fails.
 *
 * Returns 1 and *OUT; 0 and *OUT NULL: there is none yet (only with BLOCKLIST_READ_ONLY); -1: it cannot be
 * used. REASON (always NUL-terminated) gets why, or, with 1, what is to be logged: a damaged file set aside;
 * else "".
 */
int blocklist_open(const char *dir, uint32_t entries, unsigned prefix4, unsigned prefix6, unsigned flags,
                   struct blocklist **out, char *reason, size_t cap);
void blocklist_close(struct blocklist **b);

/* Whether the file has been replaced (resized, set aside) and must be opened again. The first reads one word
 * and notices a resize; the second asks the file system and notices everything: call it once a second at
 * most. */
bool blocklist_retired(const struct blocklist *b);
bool blocklist_replaced(const struct blocklist *b);

/* Whether the client is listed at NOW: 1 and *ENTRY (may be NULL), or 0. Never fails. */
int blocklist_lookup(const struct blocklist *b, const struct ip *client, int64_t now,
                     struct block_entry *entry);

/* Whether the entry is in force at NOW: its end has not passed, and it was not made while the clock was
 * wrong. The clock was wrong if the end is more than 366 days away, or if the client was first put there
 * more than an hour after NOW. */
bool blocklist_in_force(const struct block_entry *e, int64_t now);

/* Counts an attempt refused because of that entry. Takes no lock. */
void blocklist_hit(const struct blocklist *b, const struct block_entry *entry, int64_t now);

struct block_request {
    const struct ip *client;
    int64_t now;
    uint32_t steps[3];      /* block-time: seconds for the first time, the second, all later */
    uint32_t memory;        /* block-memory: for this long after its end an entry makes the next stay a
                             * repeat */
    uint32_t fixed_seconds; /* instead of the steps; 0: the steps */
    enum block_kind kind;
    struct text cause;
    uint32_t *wait; /* milliseconds to wait for the lock at most, reduced by the time waited; NULL: 20 */
};

enum block_event {
    BLOCK_FIRST,  /* was unknown, or was forgotten */
    BLOCK_AGAIN,  /* was known, had ended, is listed again */
    BLOCK_LONGER, /* was listed, stays longer now */
    BLOCK_KEPT    /* was listed for at least as long: nothing changed */
};

struct block_outcome {
    enum block_event event;
    struct block_entry entry; /* the entry as it is now */
    bool say_full;            /* listed clients were dropped to make room; reported once a minute on the
                               * whole machine */
    uint64_t evicted;         /* how many were ever dropped */
};

/*
 * Puts a client on the list. A client that is already listed keeps the later end and does not climb a step:
 * this is one stay. No stay is longer than 366 days. A client whose stay ended no longer than `memory` ago
 * climbs one step, also with `fixed_seconds`. A relay never climbs.
 *
 * Returns 0 and *OUT; or -1 and REASON: given up, nothing has changed.
 */
int blocklist_add(struct blocklist *b, const struct block_request *request, struct block_outcome *out,
                  char *reason, size_t cap);

/* Takes a client off the list and forgets it. Returns 1; 0 if it was not known; -1 and REASON if given up. */
int blocklist_remove(struct blocklist *b, const struct ip *client, char *reason, size_t cap);

/* Takes all clients off. Returns 0; -1 and REASON if given up. */
int blocklist_clear(struct blocklist *b, char *reason, size_t cap);

/* Gets the next entry, in no order, starting with *POSITION 0; entries that have ended are included. Returns
 * 1 or 0. */
int blocklist_next(const struct blocklist *b, uint64_t *position, struct block_entry *entry);

struct block_counts {
    uint64_t current; /* listed at that time */
    uint64_t peak;    /* the most ever at once */
    uint64_t evicted; /* listed clients that were dropped to make room */
    uint64_t places;  /* room for entries; two thirds of it are safe to use */
    int64_t since;    /* when the list was begun; peak and evicted count from then */
};

/* Reads the whole list: about a millisecond per million entries. */
void blocklist_counts(const struct blocklist *b, int64_t now, struct block_counts *out);

/*
 * Replaces the file by a new one for ENTRIES entries, with all entries but those that ended more than MEMORY
 * seconds ago. Others notice by blocklist_retired(). B is the new one afterwards, so no other thread may use it
 * meanwhile. Returns 0; or -1 and REASON: nothing has changed.
 */
int blocklist_resize(struct blocklist *b, uint32_t entries, int64_t now, uint32_t memory, char *reason,
                     size_t cap);

#endif
