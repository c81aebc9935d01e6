/*
 * stats.h - counters of events: a file in the state directory, shared by all processes of the machine. Counting
 * takes no lock and makes no system call, any thread may do it, and it never fails. If the file cannot be used
 * (S is NULL, or may only be read) nothing is counted.
 *
 * Rules are recognised by a hash of their text, so that their hits survive an edit above them.
 * blocklist_counts() returns how many clients are on the blocklist, now and at the peak.
 */
#ifndef GATEPOST_STATS_H
#define GATEPOST_STATS_H

#include "core/base/text.h"

struct stats;

enum { STATS_READ_ONLY = 1 };

/* Opens DIR/stats; makes it if there is none. Flags, returns and REASON are those of blocklist_open(). */
int stats_open(const char *dir, unsigned flags, struct stats **out, char *reason, size_t cap);
void stats_close(struct stats **s);

/* Whether the file has been replaced and must be opened again; asks the file system. */
bool stats_replaced(const struct stats *s);

/* When counting began: seconds since 1970. */
int64_t stats_since(const struct stats *s);

/* Add new ones only at the end: the file outlives the program. */
enum stats_counter {
    STATS_EXEMPTED,            /* rules that would have triggered, but for the exemption table */
    STATS_REFUSED_BLOCK_TABLE, /* sessions */
    STATS_REFUSED_BLOCKLIST,
    STATS_BLOCKED,         /* clients put on the blocklist by a rule */
    STATS_SIGHTINGS,       /* noted */
    STATS_RELAYS,          /* clients put on the blocklist as relays */
    STATS_GIVEN_UP,        /* writes of state that were given up because the lock or the file could not be
                            * had */
    STATS_ON_ERROR,        /* verdicts that on-error gave */
    STATS_RULES_UNCOUNTED, /* hits of rules for which there was no room */
    STATS_COUNTERS = 64
};

void stats_count(struct stats *s, enum stats_counter counter);
uint64_t stats_get(const struct stats *s, enum stats_counter counter);

/* Verdicts by phase (enum gp_phase) and action (enum gp_action). */
enum { STATS_PHASES = 8, STATS_ACTIONS = 8 };

void stats_count_verdict(struct stats *s, unsigned phase, unsigned action);
uint64_t stats_get_verdict(const struct stats *s, unsigned phase, unsigned action);

/* The same for verdicts that `mode = log` only logged: "would refuse". */
void stats_count_would(struct stats *s, unsigned phase, unsigned action);
uint64_t stats_get_would(const struct stats *s, unsigned phase, unsigned action);

/* The name of a rule in the file: a hash of its text, normalised by the caller; the same on every machine. */
uint64_t stats_rule_hash(struct text normalised);

/* Counts a hit of a rule, named by its STATS_RULE_HASH. There is room for thousands; beyond that they are
 * counted together. */
void stats_count_rule(struct stats *s, uint64_t hash);
uint64_t stats_get_rule(const struct stats *s, uint64_t hash);

/* Gets the next rule that has hits, starting with *POSITION 0. Returns 1, *HASH and *HITS; 0 when there is
 * no more. */
int stats_next_rule(const struct stats *s, uint64_t *position, uint64_t *hash, uint64_t *hits);

#endif
