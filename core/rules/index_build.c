#include "index_build.h"

#include <stdlib.h>

#include "core/pattern/pattern.h"

enum { OFTEN_BITS_LEAST = 8, OFTEN_BITS_MOST = 20, FEW_RULES = 256 };

/* Bytes that most texts contain: a rule filed under them would be tried for nearly every client. */
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

/* Makes room for COUNT elements; the former contents are lost. */
static bool room(void **p, size_t *cap, size_t count, size_t size)
{
    if (count <= *cap)
        return true;
    free(*p);
    *p = malloc(count * size);
    *cap = *p ? count : 0;
    return *p != NULL;
}

static uint32_t bits_for(size_t n, uint32_t least, uint32_t most)
{
    uint32_t bits = least;
    while (bits < most && ((size_t)1 << bits) < n)
        bits++;
    return bits;
}

/* Reads the patterns: keeps the runs, and counts the groups of four in them. */
struct reading {
    struct index_plan *plan;
    uint32_t often_shift;
    size_t run_count;
    size_t byte_count;
    uint32_t number; /* of the rule being read */
};

static uint32_t *often_of(const struct reading *r, const char *p)
{
    return &r->plan->often[gram_hash(gram_at(p)) >> r->often_shift];
}

static void keep_run(void *context, struct text run)
{
    struct reading *r = context;
    if (run.n < 4)
        return;
    r->plan->runs[r->run_count++] =
        (struct literal_run){.number = r->number, .at = (uint32_t)r->byte_count, .n = (uint32_t)run.n};
    memcpy(r->plan->bytes + r->byte_count, run.p, run.n);
    r->byte_count += run.n;
    for (size_t i = 0; i + 4 <= run.n; i++)
        ++*often_of(r, run.p + i);
}

static bool is_indexable(const struct rule *rule)
{
    return (rule->flags & RULE_PATTERN) && !(rule->flags & RULE_NOT);
}

static bool read_patterns(struct reading *r, const struct rule *rules, const unsigned char *block,
                          const uint32_t *numbers, size_t n)
{
    struct index_plan *plan = r->plan;
    const uint32_t bits = bits_for(n * 32, OFTEN_BITS_LEAST, OFTEN_BITS_MOST);
    size_t code = 0; /* no pattern has more literal bytes than bytes of code */
    for (size_t i = 0; i < n; i++)
        code += is_indexable(&rules[numbers[i]]) ? rules[numbers[i]].test.n : 0;
    if (!room((void **)&plan->often, &plan->often_cap, (size_t)1 << bits, sizeof *plan->often) ||
        !room((void **)&plan->bytes, &plan->bytes_cap, code, 1) ||
        !room((void **)&plan->runs, &plan->runs_cap, code / 4, sizeof *plan->runs))
        return false;
    r->often_shift = 32 - bits;
    memset(plan->often, 0, sizeof *plan->often << bits);
    /* A group that is rarer among the patterns is better, but never one of these. */
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        for (size_t k = 0; k + 4 <= common[i].n; k++)
            *often_of(r, common[i].p + k) += (uint32_t)n + 1;
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &rules[numbers[i]];
        r->number = (uint32_t)i;
        if (is_indexable(rule))
            pattern_literals(block + rule->test.at, rule->test.n, keep_run, r);
    }
    return true;
}

/*
 * The widest stride that finds every pattern: a run of N bytes has N - 3 adjacent groups of four. Each step of
 * stride costs an entry, so it is limited where there are many rules; their texts, command lines, are short.
 */
static uint32_t choose_stride(const struct reading *r, size_t rules)
{
    uint32_t stride = rules <= FEW_RULES ? 4 : 2;
    for (size_t i = 0; i < r->run_count;) {
        const struct literal_run *run = &r->plan->runs[i];
        uint32_t longest = 0;
        for (const uint32_t number = run->number; i < r->run_count && run->number == number; run++, i++)
            if (run->n > longest)
                longest = run->n;
        if (longest - 3 < stride)
            stride = longest - 3;
    }
    return r->run_count ? stride : 0;
}

/* Where in RUN the STRIDE adjacent groups of four begin that are rarest together; *OFTEN says how rare. Of
 * equals the last is taken, because patterns share their beginnings with each other and with the texts. */
static const char *rarest(const struct reading *r, const struct literal_run *run, uint32_t stride,
                          uint64_t *often)
{
    const char *p = r->plan->bytes + run->at, *best = NULL;
    for (size_t i = 0; i + 3 + stride <= run->n; i++) {
        uint64_t sum = 0;
        for (uint32_t k = 0; k < stride; k++)
            sum += *often_of(r, p + i + k);
        if (!best || sum <= *often) {
            best = p + i;
            *often = sum;
        }
    }
    return best;
}

/* Chooses the entries of every rule; rules without any are always tried. */
static void choose_entries(struct reading *r, size_t rules)
{
    struct index_plan *plan = r->plan;
    size_t i = 0;
    plan->entry_count = 0;
    for (uint32_t number = 0; number < rules; number++) {
        const char *best = NULL;
        uint64_t best_often = 0;
        for (; i < r->run_count && plan->runs[i].number == number; i++) {
            uint64_t often = 0;
            const char *p = rarest(r, &plan->runs[i], plan->stride, &often);
            if (p && (!best || often <= best_often)) {
                best = p;
                best_often = often;
            }
        }
        for (uint32_t k = 0; best && k < plan->stride; k++)
            plan->chosen[plan->entry_count++] = (struct gram_entry){gram_at(best + k), number};
        if (!best) {
            plan->always[number / 64] |= (uint64_t)1 << (number % 64);
            plan->always_any = 1;
        }
    }
}

/* A counting sort by bucket, after which `buckets` has the beginning of each. */
static void sort_entries(struct index_plan *plan)
{
    const uint32_t shift = 32 - plan->bucket_bits, filter_shift = 32 - plan->filter_bits;
    const uint32_t buckets = 1u << plan->bucket_bits;
    for (uint32_t i = 0; i < plan->entry_count; i++) {
        const uint32_t hash = gram_hash(plan->chosen[i].gram), bit = hash >> filter_shift;
        plan->filter[bit / 64] |= (uint64_t)1 << (bit % 64);
        plan->buckets[hash >> shift]++;
    }
    uint32_t end = 0;
    for (uint32_t i = 0; i <= buckets; i++)
        plan->buckets[i] = end += plan->buckets[i];
    for (uint32_t i = plan->entry_count; i-- > 0;) /* each bucket is filled from its end down */
        plan->entries[--plan->buckets[gram_hash(plan->chosen[i].gram) >> shift]] = plan->chosen[i];
}

bool index_build_plan(struct index_plan *plan, const struct rule *rules, const unsigned char *block,
                      const uint32_t *numbers, size_t n)
{
    struct reading reading = {.plan = plan};
    const size_t words = (n + 63) / 64;
    plan->always_any = 0;
    if (!read_patterns(&reading, rules, block, numbers, n))
        return false;
    plan->stride = choose_stride(&reading, n);
    const size_t entries = n * plan->stride;
    /* Each text that passes the filter by chance costs a mispredicted branch. A small filter, such as the
     * one that every header field meets, can be kept nearly empty. */
    plan->filter_bits = bits_for(entries * 256, 9, 15);
    if ((entries * 16) >> plan->filter_bits)
        plan->filter_bits = bits_for(entries * 16, 9, 26);
    plan->bucket_bits = bits_for(entries, 1, 26);
    if (!room((void **)&plan->always, &plan->always_cap, words, sizeof *plan->always) ||
        !room((void **)&plan->filter, &plan->filter_cap, ((size_t)1 << plan->filter_bits) / 64,
              sizeof *plan->filter) ||
        !room((void **)&plan->buckets, &plan->buckets_cap, ((size_t)1 << plan->bucket_bits) + 1,
              sizeof *plan->buckets) ||
        !room((void **)&plan->entries, &plan->entries_cap, entries, sizeof *plan->entries) ||
        !room((void **)&plan->chosen, &plan->chosen_cap, entries, sizeof *plan->chosen))
        return false;
    memset(plan->always, 0, words * sizeof *plan->always);
    memset(plan->filter, 0, ((size_t)1 << plan->filter_bits) / 8);
    memset(plan->buckets, 0, (((size_t)1 << plan->bucket_bits) + 1) * sizeof *plan->buckets);
    choose_entries(&reading, n);
    sort_entries(plan);
    return true;
}

void index_build_fini(struct index_plan *plan)
{
    free(plan->always);
    free(plan->filter);
    free(plan->buckets);
    free(plan->entries);
    free(plan->chosen);
    free(plan->runs);
    free(plan->bytes);
    free(plan->often);
    *plan = (struct index_plan){0};
}
