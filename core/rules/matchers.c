#include "matchers.h"

#include <stdlib.h>

#include "pattern.h"

enum { OFTEN_BITS_LEAST = 8, OFTEN_BITS_MOST = 20 };

/* Bytes that most texts contain: a rule found by them would be asked for nearly every client. */
static const struct text common[] = {
    {"ehlo helo ", 10},
    {"mail from:<", 11},
    {"rcpt to:<", 9},
    {" size=", 6},
    {" body=8bitmime", 14},
    {"subject: re: ", 13},
    {"received: from ", 15},
    {"message-id: <", 13},
    {"content-type: ", 14},
    {".com>", 5},
    {".net>", 5},
    {".org>", 5},
    {"www.", 4},
    {"mail.", 5},
    {"http://", 7},
};

static bool room(void **p, size_t *cap, size_t count, size_t size)
{
    if (count > *cap) {
        void *grown = realloc(*p, count * size);
        if (!grown)
            return false;
        *p = grown;
        *cap = count;
    }
    memset(*p, 0, count * size);
    return true;
}

struct gram_walk {
    uint32_t *often;
    uint32_t bits;
    uint32_t weight; /* counting: what each occurrence adds */
    uint32_t best;
    uint32_t best_often;
    bool found;
};

static void count_run(void *context, struct text run)
{
    struct gram_walk *w = context;
    for (size_t i = 0; i + 4 <= run.n; i++)
        w->often[gram_hash(gram_at(run.p + i), w->bits)] += w->weight;
}

static void choose_run(void *context, struct text run)
{
    struct gram_walk *w = context;
    for (size_t i = 0; i + 4 <= run.n; i++) {
        uint32_t gram = gram_at(run.p + i);
        uint32_t often = w->often[gram_hash(gram, w->bits)];
        if (!w->found || often < w->best_often) {
            w->best = gram;
            w->best_often = often;
            w->found = true;
        }
    }
}

static bool is_indexable(const struct rule *rule)
{
    return (rule->flags & RULE_PATTERN) && !(rule->flags & RULE_NOT);
}

static uint32_t bits_for(size_t n, uint32_t least, uint32_t most)
{
    uint32_t bits = least;
    while (bits < most && ((size_t)1 << bits) < n)
        bits++;
    return bits;
}

static void add_gram(struct matcher_plan *plan, uint32_t gram, uint32_t number)
{
    uint32_t hash = gram_hash(gram, plan->filter_bits);
    plan->filter[hash / 64] |= (uint64_t)1 << (hash % 64);
    uint32_t at = gram_hash(gram, plan->slot_bits);
    while (plan->slots[at].head && plan->slots[at].gram != gram)
        at = (at + 1) & ((1u << plan->slot_bits) - 1);
    plan->next[number] = plan->slots[at].head;
    plan->slots[at] = (struct gram_slot){gram, number + 1};
}

bool matcher_plan(struct matcher_plan *plan, const struct rule *rules, const unsigned char *block,
                  const uint32_t *numbers, size_t n)
{
    struct gram_walk walk = {.bits = bits_for(n * 32, OFTEN_BITS_LEAST, OFTEN_BITS_MOST)};
    plan->always_any = 0;
    plan->filter_bits = bits_for(n * 32, 9, 26);
    plan->slot_bits = bits_for(n * 2, 2, 26);
    if (!room((void **)&plan->always, &plan->always_cap, (n + 63) / 64, sizeof *plan->always) ||
        !room((void **)&plan->filter, &plan->filter_cap, ((size_t)1 << plan->filter_bits) / 64,
              sizeof *plan->filter) ||
        !room((void **)&plan->slots, &plan->slots_cap, (size_t)1 << plan->slot_bits, sizeof *plan->slots) ||
        !room((void **)&plan->next, &plan->next_cap, n, sizeof *plan->next) ||
        !room((void **)&plan->often, &plan->often_cap, (size_t)1 << walk.bits, sizeof *plan->often))
        return false;

    walk.often = plan->often;
    walk.weight = (uint32_t)n + 1; /* rarer among the patterns is better, but never one of these */
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        count_run(&walk, common[i]);
    walk.weight = 1;
    for (size_t i = 0; i < n; i++)
        if (is_indexable(&rules[numbers[i]]))
            pattern_literals(block + rules[numbers[i]].test.at, rules[numbers[i]].test.n, count_run, &walk);

    bool indexed = false;
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &rules[numbers[i]];
        walk.found = false;
        if (is_indexable(rule))
            pattern_literals(block + rule->test.at, rule->test.n, choose_run, &walk);
        if (walk.found) {
            add_gram(plan, walk.best, (uint32_t)i);
            indexed = true;
        } else {
            plan->always[i / 64] |= (uint64_t)1 << (i % 64);
            plan->always_any = 1;
        }
    }
    if (!indexed)
        plan->filter_bits = 0;
    return true;
}

void matcher_plan_fini(struct matcher_plan *plan)
{
    free(plan->always);
    free(plan->filter);
    free(plan->slots);
    free(plan->next);
    free(plan->often);
    *plan = (struct matcher_plan){0};
}
