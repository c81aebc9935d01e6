/*
 * blocklist.h - the clients that are refused for a while: a file in the state directory, shared by all
 * processes of the machine.
 *
 * An entry is a prefix (block-prefix: IPv4 /32, IPv6 /64) with the time it ends, how often the client came onto
 * the list, why, and who was seen when. It is listed until its time has passed; after that it is remembered, so
 * that a repeat is known as one, until its place is needed.
 *
 * Looking up takes no lock and no system call. Adding and removing lock the directory for microseconds, wait
 * for it 20 ms at most, and are given up after that. All functions but open, close and resize may be called by
 * any thread at once. Who may not be put on the list is decided by the caller.
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
    unsigned times; /* it came onto the list; a relay that no rule ever put there has 0 */
    enum block_kind kind;
    char cause[BLOCK_CAUSE_MAX + 1]; /* "gatepost.conf:12"; of a longer one the end, behind "..."; "" unknown */
    uint32_t place;
};

/*
 * Opens DIR/blocklist; makes it for ENTRIES entries if there is none (one that is there keeps its size). The
 * clients are masked to PREFIX4 and PREFIX6 bits. With BLOCKLIST_READ_ONLY nothing is made or written; where
 * writing is not allowed look-ups work and adding tells why not.
 *
 * Returns 1 and *OUT; 0 and *OUT NULL: there is none yet (only with BLOCKLIST_READ_ONLY); -1: it cannot be
 * used. REASON (always NUL-terminated) gets why, or, with 1, what is to be logged: a damaged file set aside;
 * else "".
 */
int blocklist_open(const char *dir, uint32_t entries, unsigned prefix4, unsigned prefix6, unsigned flags,
                   struct blocklist **out, char *reason, size_t cap);
void blocklist_close(struct blocklist **b);

/* Whether the file has been replaced (resized, set aside), so that it must be opened anew. The first reads one
 * word and sees a resize; the second asks the file system and sees everything: once a second at most. */
bool blocklist_retired(const struct blocklist *b);
bool blocklist_replaced(const struct blocklist *b);

/* Whether the client is listed at NOW: 1 and *ENTRY (may be NULL), or 0. Never fails. */
int blocklist_lookup(const struct blocklist *b, const struct ip *client, int64_t now,
                     struct block_entry *entry);

/* Whether the entry is in force at NOW: its time has not passed, and it was not made while the clock was wrong. That
 * shows by an end more than 366 days away, or by having been put there first more than an hour after NOW. */
bool blocklist_in_force(const struct block_entry *e, int64_t now);

/* Counts an attempt refused because of that entry. Takes no lock. */
void blocklist_hit(const struct blocklist *b, const struct block_entry *entry, int64_t now);

struct block_request {
    const struct ip *client;
    int64_t now;
    uint32_t steps[3];      /* block-time: seconds for the first time, the second, all later */
    uint32_t memory;        /* block-memory: for so long after its end an entry makes the next one a repeat */
    uint32_t fixed_seconds; /* instead of the steps; 0: the steps */
    enum block_kind kind;
    struct text cause;
    uint32_t *wait; /* milliseconds that may be waited for the lock, lowered by what was; NULL: 20 */
};

enum block_event {
    BLOCK_FIRST,  /* was not known, or was forgotten */
    BLOCK_AGAIN,  /* was known, had ended, is listed again */
    BLOCK_LONGER, /* was listed, stays longer now */
    BLOCK_KEPT    /* was listed for at least as long: nothing changed */
};

struct block_outcome {
    enum block_event event;
    struct block_entry entry; /* as it stands now */
    bool say_full;            /* listed clients had to make room; said once a minute on the whole machine */
    uint64_t evicted;         /* how many ever had to */
};

/*
 * Puts a client on the list. One that is listed already keeps the end that is later, and does not climb a step:
 * that is one stay. No stay is longer than 366 days. One whose stay ended no longer than `memory` ago climbs one, with `fixed_seconds` too. A
 * relay never climbs.
 *
 * Returns 0 and *OUT; or -1 and REASON: given up, nothing has changed.
 */
int blocklist_add(struct blocklist *b, const struct block_request *request, struct block_outcome *out,
                  char *reason, size_t cap);

/* Takes a client off the list and forgets it: 1; 0 it was not known; -1 and REASON: given up. */
int blocklist_remove(struct blocklist *b, const struct ip *client, char *reason, size_t cap);

/* Takes all off: 0; -1 and REASON: given up. */
int blocklist_clear(struct blocklist *b, char *reason, size_t cap);

/* The next entry, in no order, beginning with *POSITION 0; entries that have ended are among them. 1 or 0. */
int blocklist_next(const struct blocklist *b, uint64_t *position, struct block_entry *entry);

struct block_counts {
    uint64_t current; /* listed at that time */
    uint64_t peak;    /* the most ever at once */
    uint64_t evicted; /* listed ones that had to make room */
    uint64_t places;  /* room for entries; two thirds of it are safe to use */
    int64_t since;    /* when the list was begun, to which peak and evicted go back */
};

/* Reads the whole list: about a millisecond per million entries. */
void blocklist_counts(const struct blocklist *b, int64_t now, struct block_counts *out);

/*
 * A new file for ENTRIES entries takes the place of this one, with all that was known and has not ended more
 * than MEMORY seconds ago. Others notice by blocklist_retired(). B is the new one afterwards, so no other
 * thread may use it meanwhile. 0; or -1 and REASON: as before.
 */
int blocklist_resize(struct blocklist *b, uint32_t entries, int64_t now, uint32_t memory, char *reason,
                     size_t cap);

#endif
