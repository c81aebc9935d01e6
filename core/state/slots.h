/*
 * slots.h - a hash table in a state file: keys of 17 bytes, each with a time it ends, a few counts, and a
 * payload. Any number of processes and threads read it without a lock while one writes; a writer may be killed
 * between any two stores.
 *
 * After the file's first page come the buckets, one 64-byte line each: eight state words. After them come the
 * records, eight per bucket. A key (SipHash-1-3 with the file's key) has two buckets, is in one of their
 * sixteen places, and never moves.
 *
 *   state word   until 32 bits | fingerprint 16 | note 8 | CRC 8; 0 is an empty place
 *   record       key 16 bytes | first 32, last byte of the key 8, check 24 | last 32, hits 32 | payload
 *
 * (most significant first, where a cell of eight bytes has parts). `until`, `first` and `last` are seconds
 * since 1970. `note` belongs to the owner and may change while the entry exists. The check covers key and
 * first. `last` and `hits` may have any value, and readers may change them. The payload belongs to the owner
 * and has a check of its own.
 *
 * A new entry is written as word = 0, record, word; a renewal is one store of the word. A reader reads the
 * word, the record, and the word again. A word or a record whose check fails counts as an empty place, and the
 * next writer that needs a place uses it. So whenever a process dies, every entry is there in full or not at
 * all.
 *
 * Threads: slots_seen and all functions that only read may be called from any thread; those under "Writing"
 * between slots_lock and slots_unlock; open, resize and close when no other thread uses the file.
 */
#ifndef GATEPOST_SLOTS_H
#define GATEPOST_SLOTS_H

#include "state_file.h"

enum {
    SLOTS_PER_BUCKET = 8,
    SLOTS_RECORD_HEAD = 4, /* cells before the payload */
    SLOTS_PAYLOAD_MOST = 28,
    SLOTS_TALLIES = 16,
    /* Seconds: an entry whose end is further away than this was made while the clock was wrong. */
    SLOTS_LONGEST = 366 * 86400,
    /* The clock may be set back by this many seconds, and what was stored before still counts. */
    SLOTS_CLOCK_SLACK = 3600
};

struct slots;
struct slot;

struct slots_shape {
    const char *magic;    /* eight characters, with the owner's version */
    uint32_t record_size; /* bytes: 64, 128, … 256 */
    uint32_t entries;     /* for which a new file is made: it has 1.5 times as many places */
    /* The holder of an entry: a number that is the same for all entries of one holder of a prefix; 0 if
     * there is no single one. When places are short, a holder's own newest entry is dropped for another of
     * his. */
    uint64_t (*holder)(const struct slots *s, const struct slot *slot, const uint64_t *payload);
};

struct slots {
    struct state_file file;
    struct cell *words;
    struct cell *records;
    uint32_t record_cells;
    uint32_t payload_cells;
    uint64_t (*holder)(const struct slots *s, const struct slot *slot, const uint64_t *payload);
};

struct slot_key {
    uint64_t half[2];
    uint8_t byte; /* the seventeenth */
};

/* The contents of a place at one moment. */
struct slot {
    struct slot_key key;
    uint64_t word; /* shows whether it has changed since */
    uint32_t place;
    uint32_t until;
    uint32_t first;
    uint32_t last;
    uint32_t hits;
    uint8_t note;
};

/* Whether an entry with that end is in force at NOW. */
static inline bool slots_in_force(uint32_t until, int64_t now)
{
    return until > now && until - now <= SLOTS_LONGEST;
}

/* Opens DIR/NAME as state_file_open() does, with the same returns: 1, 0, -1. The caller owns *S. */
int slots_open(struct slots *s, const char *dir, const char *name, const struct slots_shape *shape,
               unsigned flags, char *reason, size_t cap);
void slots_close(struct slots *s);

/* Finds the entry of a key, whether it has ended or not: 1 and *OUT, or 0. */
int slots_find(const struct slots *s, const struct slot_key *key, struct slot *out);

/* Gets the next entry at or after place *POSITION, whether it has ended or not. Returns 1, *OUT, and
 * *POSITION after it; 0 when there is no more, or if the file was cut short. Each entry is as it was at one
 * moment, but not all at the same moment. */
int slots_next(const struct slots *s, uint64_t *position, struct slot *out);

/* Reads the payload cells of an entry. They may belong to another entry, or half of one, if it was replaced
 * since. */
void slots_payload(const struct slots *s, const struct slot *slot, uint64_t *cells);

/* Notes that the entry in that place was seen, and adds HITS to its hits. Takes no lock; does nothing if the
 * file may only be read. */
void slots_seen(const struct slots *s, uint32_t place, int64_t now, uint32_t hits);

/* Returns how many entries are in force at NOW; reads every word. */
uint64_t slots_count(const struct slots *s, int64_t now);

static inline uint64_t slots_places(const struct slots *s)
{
    return (uint64_t)s->file.count * SLOTS_PER_BUCKET;
}

/* Returns a 32-bit check of N words, keyed with the file's key. */
uint32_t slots_check(const struct slots *s, const uint64_t *words, size_t n);

/* Counters in the first page, SLOTS_TALLIES of them, 56 bits each; a damaged one reads as 0. */
uint64_t slots_tally(const struct slots *s, unsigned n);

/* Writing. */

struct slots_lock {
    struct os_lock lock;
};

/* WAIT as for state_file_lock(). Returns 0; or -1 and REASON: the write is to be given up. */
int slots_lock(const struct slots *s, uint32_t *wait, struct slots_lock *lock, char *reason, size_t cap);
void slots_unlock(struct slots_lock *lock);

/*
 * Adds a new entry, for a key that slots_find did not find under this lock. ENTRY has key, until, note, first,
 * last and hits; its place and word are set here. Returns whether an entry in force at NOW was dropped to make
 * room. Of the sixteen this is the newest of the same holder; if he has none there, the newest of the holder
 * who has most of them, two or more; otherwise the one that ends soonest. So nobody can push out the entries of
 * others by being listed again and again.
 */
bool slots_put(struct slots *s, struct slot *entry, const uint64_t *payload, int64_t now);

/* Changes end and note of an entry in one store. */
void slots_renew(struct slots *s, struct slot *entry, uint32_t until, uint8_t note);

/* Overwrites payload cells from FROM on, one after the other. If the writer is killed, or a reader reads in
 * between, the payload is a mixture, which its own check must detect. */
void slots_rewrite(struct slots *s, const struct slot *entry, unsigned from, const uint64_t *cells, unsigned n);

void slots_remove(struct slots *s, const struct slot *entry);
void slots_clear(struct slots *s);
void slots_set_tally(struct slots *s, unsigned n, uint64_t value);

/* Replaces S by a new file for ENTRIES entries, with the entries of S that have not ended at FORGET. S then
 * remains as a memory of the old file. Returns 0; or -1 and REASON: S has not changed. Takes the lock itself
 * and holds it for about a second per million entries: other writes are given up meanwhile. */
int slots_resize(struct slots *s, const struct slots_shape *shape, int64_t forget, struct slots *out,
                 char *reason, size_t cap);

#endif
