#include "stats.h"

#include <stdio.h>
#include <stdlib.h>

#include "state_file.h"

/*
 * After the first page: the counters, the verdicts by phase and action, those that were only logged, spare
 * cells; then the rules, two cells each: the hash, 0 for a free place, and the hits. A place is never given to
 * another rule.
 */
enum {
    AT_VERDICTS = STATS_COUNTERS,
    AT_WOULD = AT_VERDICTS + STATS_PHASES * STATS_ACTIONS,
    AT_RULES = 512,
    RULES = 4096,
    CELLS = AT_RULES + 2 * RULES,
    PROBES = 64 /* how many places are tried for a rule */
};

_Static_assert(AT_WOULD + STATS_PHASES * STATS_ACTIONS <= AT_RULES, "the verdicts fit");

struct stats {
    struct state_file file;
    struct cell *cells;
};

_Static_assert(offsetof(struct stats, file) == 0, "it begins with its state file");

int stats_open(const char *dir, unsigned flags, struct stats **out, char *reason, size_t cap)
{
    const struct state_shape shape = {"gpstats1", 1, CELLS * sizeof(struct cell), 1};
    *out = NULL;
    struct stats *s = malloc(sizeof *s);
    if (!s) {
        snprintf(reason, cap, "stats: out of memory");
        return -1;
    }
    int outcome = state_file_open(&s->file, dir, "stats", &shape, flags & STATS_READ_ONLY ? STATE_READ_ONLY : 0,
                                  reason, cap);
    if (outcome == 1 && s->file.count == 1) {
        s->cells = (struct cell *)(void *)state_file_units(&s->file);
        *out = s;
        return 1;
    }
    if (outcome == 1) {
        snprintf(reason, cap, "%s: its size is wrong", s->file.path);
        state_file_close(&s->file);
        outcome = -1;
    }
    free(s);
    return outcome;
}

void stats_close(struct stats **s)
{
    if (*s) {
        state_file_close(&(*s)->file);
        free(*s);
        *s = NULL;
    }
}

bool stats_replaced(const struct stats *s)
{
    return state_file_replaced(&s->file);
}

int64_t stats_since(const struct stats *s)
{
    return s->file.made;
}

static void count(struct stats *s, unsigned cell)
{
    if (s && s->file.writable)
        cell_add(s->cells + cell, 1);
}

void stats_count(struct stats *s, enum stats_counter counter)
{
    if ((unsigned)counter < STATS_COUNTERS)
        count(s, counter);
}

uint64_t stats_get(const struct stats *s, enum stats_counter counter)
{
    return (unsigned)counter < STATS_COUNTERS ? cell_load(s->cells + counter) : 0;
}

static void count_table(struct stats *s, unsigned at, unsigned phase, unsigned action)
{
    if (phase < STATS_PHASES && action < STATS_ACTIONS)
        count(s, at + phase * STATS_ACTIONS + action);
}

static uint64_t get_table(const struct stats *s, unsigned at, unsigned phase, unsigned action)
{
    bool known = phase < STATS_PHASES && action < STATS_ACTIONS;
    return known ? cell_load(s->cells + at + (size_t)phase * STATS_ACTIONS + action) : 0;
}

void stats_count_verdict(struct stats *s, unsigned phase, unsigned action)
{
    count_table(s, AT_VERDICTS, phase, action);
}

uint64_t stats_get_verdict(const struct stats *s, unsigned phase, unsigned action)
{
    return get_table(s, AT_VERDICTS, phase, action);
}

void stats_count_would(struct stats *s, unsigned phase, unsigned action)
{
    count_table(s, AT_WOULD, phase, action);
}

uint64_t stats_get_would(const struct stats *s, unsigned phase, unsigned action)
{
    return get_table(s, AT_WOULD, phase, action);
}

uint64_t stats_rule_hash(struct text normalised)
{
    static const struct siphash_key key = {0x67617465706f7374u, 0x72756c6568697473u};
    uint64_t hash = siphash(&key, normalised.p, normalised.n);
    return hash ? hash : 1;
}

/* Returns the rule's place; with `take` a free one becomes its own. NULL if there is none. */
static struct cell *find_rule(const struct stats *s, uint64_t hash, bool take)
{
    for (uint64_t i = 0; i < PROBES; i++) {
        struct cell *rule = s->cells + AT_RULES + (hash + i) % RULES * 2;
        uint64_t stands = cell_load(rule);
        if (stands == 0 && take)
            stands = cell_swap(rule, 0, hash) ? hash : cell_load(rule);
        if (stands == hash)
            return rule;
        if (stands == 0)
            return NULL;
    }
    return NULL;
}

void stats_count_rule(struct stats *s, uint64_t hash)
{
    if (!s || !s->file.writable || !hash)
        return;
    struct cell *rule = find_rule(s, hash, true);
    if (rule)
        cell_add(rule + 1, 1);
    else
        stats_count(s, STATS_RULES_UNCOUNTED);
}

uint64_t stats_get_rule(const struct stats *s, uint64_t hash)
{
    const struct cell *rule = hash ? find_rule(s, hash, false) : NULL;
    return rule ? cell_load(rule + 1) : 0;
}

int stats_next_rule(const struct stats *s, uint64_t *position, uint64_t *hash, uint64_t *hits)
{
    while (*position < RULES) {
        const struct cell *rule = s->cells + AT_RULES + 2 * (*position)++;
        *hash = cell_load(rule);
        *hits = cell_load(rule + 1);
        if (*hash && *hits)
            return 1;
    }
    return 0;
}
