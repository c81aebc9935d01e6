/*
 * slots.h - a hash table in a state file: keys of 17 bytes, each with a time it ends, a few counts, and a
 * payload. Any number of processes and threads read it without a lock while one writes; a writer may be killed
 * between any two stores.
 *
 * Behind the file's first page stand the buckets, one 64-byte line each: eight state words. Behind them the
 * records, eight per bucket. A key (SipHash-1-3 with the file's key) has two buckets, stands in one of their
 * sixteen places, and never moves.
 *
 *   state word   until 32 bits | fingerprint 16 | note 8 | CRC 8; 0 is an empty place
 *   record       key 16 bytes | first 32, last byte of the key 8, check 24 | last 32, hits 32 | payload
 *
 * (most significant first, where a cell of eight bytes has parts). `until`, `first` and `last` are seconds
 * since 1970; `note` is the owner's and may change while the entry stands; the check is over key and first.
 * `last` and `hits` are of any value and may be counted by readers. The payload is the owner's, with a check of
 * its own.
 *
 * A new entry is written as word = 0, record, word; a renewal is one store of the word. A reader takes the
 * word, the record, and the word again. A word or a record that fails its check is an empty place, and the next
 * writer who needs one uses it. So whoever dies when, every entry is there in full or not at all.
 *
 * Who may call what: slots_seen and what only reads from any thread; those under "Writing" between slots_lock
 * and slots_unlock; open, resize and close when nobody else uses it.
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
    /* A clock may go back by so many seconds, as when it is set right, and what it saw before still counts. */
    SLOTS_CLOCK_SLACK = 3600
};

struct slots;
struct slot;

struct slots_shape {
    const char *magic;    /* eight characters; with a version of its owner's */
    uint32_t record_size; /* bytes: 64, 128, … 256 */
    uint32_t entries;     /* that a new file is made for: it has places for half as many again */
    /* Who caused an entry: a number that is the same for all entries of one holder of a prefix; 0 if there is not
     * just one. Under pressure it is his own newest entry that makes room for another of his. */
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

/* What stood in a place at one moment. */
struct slot {
    struct slot_key key;
    uint64_t word; /* by which to know whether it still does */
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

/* The next entry at or after place *POSITION, whether it has ended or not: 1, *OUT, and *POSITION behind it; 0
 * when there is no more, or the file was cut short. Each entry is as it was at one moment; together they need not be.
 */
int slots_next(const struct slots *s, uint64_t *position, struct slot *out);

/* The payload cells of an entry. May be of another entry, or half of one, if it was replaced since. */
void slots_payload(const struct slots *s, const struct slot *slot, uint64_t *cells);

/* Notes that what stands in that place was seen, and HITS more hits. Takes no lock; where the file may only be
 * read it does nothing. */
void slots_seen(const struct slots *s, uint32_t place, int64_t now, uint32_t hits);

/* How many entries are in force at NOW; reads every word. */
uint64_t slots_count(const struct slots *s, int64_t now);

static inline uint64_t slots_places(const struct slots *s)
{
    return (uint64_t)s->file.count * SLOTS_PER_BUCKET;
}

/* A 32-bit check of N words, keyed with the file's key. */
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
 * Puts a new entry in, for a key that slots_find did not find under this lock. Of ENTRY: key, until, note, first,
 * last, hits; its place and word are set. Returns whether an entry in force at NOW had to make room. Of the sixteen
 * it is the newest of the same holder; if he has none there, the newest of the holder who has most of them, two or
 * more; else the one that ends soonest. So nobody pushes out others by being listed again and again.
 */
bool slots_put(struct slots *s, struct slot *entry, const uint64_t *payload, int64_t now);

/* Gives an entry another end and note: one store. */
void slots_renew(struct slots *s, struct slot *entry, uint32_t until, uint8_t note);

/* Overwrites payload cells from FROM on, one after the other. Whoever is killed or read in between leaves a
 * mixture, which the payload's own check must tell. */
void slots_rewrite(struct slots *s, const struct slot *entry, unsigned from, const uint64_t *cells, unsigned n);

void slots_remove(struct slots *s, const struct slot *entry);
void slots_clear(struct slots *s);
void slots_set_tally(struct slots *s, unsigned n, uint64_t value);

/* A new file for ENTRIES entries with what S holds that has not ended at FORGET, in the place of S, which goes
 * on as a memory of how it was. 0; or -1 and REASON: then S is as before. Takes the lock itself and keeps it
 * for about a second per million entries: other writes are given up meanwhile. */
int slots_resize(struct slots *s, const struct slots_shape *shape, int64_t forget, struct slots *out,
                 char *reason, size_t cap);

#endif
