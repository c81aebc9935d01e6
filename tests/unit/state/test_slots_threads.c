/*
 * Eight threads on one small blocklist, one file of sightings and one of counters, so small that entries make
 * room all the time. A reader must never see a wrong entry: all about a client follows from its number. Readers
 * and writers let others run in the middle of an entry.
 */
#include "tests/unit/lib/temp_folder.h"

#include "tests/unit/lib/rounds.h"
#include "tests/unit/lib/slots_hooks.h"

#include "core/state/blocklist.h"
#include "core/state/sightings.h"
#include "core/state/stats.h"

enum { NOW = 1058000000, DAY = 86400, CLIENTS = 400, WRITERS = 4, READERS = 4 };

/* Of each writer. */
static unsigned writes(void)
{
    return many_rounds(3000);
}

static struct temp_folder folder;
static struct blocklist *list;
static struct sightings *seen;
static struct stats *stats;
static int writing; /* threads that still do; atomic */

static void now_and_then(void)
{
    static _Thread_local unsigned calls;
    if (++calls % 7 == 0)
        thread_yield();
}

static struct ip client(uint32_t n)
{
    return (struct ip){{10, 0, (uint8_t)(n >> 8), (uint8_t)n}, 0};
}

static uint64_t next_bits(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static const char *wrong(const struct block_entry *e, uint32_t n)
{
    char cause[20];
    snprintf(cause, sizeof cause, "client:%u", n);
    struct ip ip = client(n);
    if (!ip_eq(&e->prefix.ip, &ip) || e->prefix.bits != 32)
        return "another client";
    /* The writer of this one may be at its cause: then it is unknown. */
    if (e->cause[0] && strcmp(e->cause, cause) != 0)
        return "the cause of another";
    if (e->until != NOW + DAY + n && e->until != NOW + 2 * DAY + n)
        return "the end of another";
    if (e->kind != (n % 2 ? BLOCK_RELAY : BLOCK_RULE) || e->times != (n % 2 ? 0 : 1) || e->first != NOW + n)
        return "something of another";
    return NULL;
}

static unsigned write_all(void *context)
{
    uint64_t random = (uint64_t)(uintptr_t)context * 0x9E3779B97F4A7C15u;
    unsigned failures = 0;
    const unsigned count = writes();
    for (unsigned i = 0; i < count; i++) {
        char reason[200], cause[20];
        struct block_outcome outcome;
        struct sighting sighting;
        uint32_t n = (uint32_t)(next_bits(&random) % CLIENTS);
        struct ip ip = client(n);
        snprintf(cause, sizeof cause, "client:%u", n);
        struct block_request r = {.client = &ip,
                                  .now = NOW + n,
                                  .steps = {1, 2, 3},
                                  .fixed_seconds = DAY * (1 + (random >> 40) % 2),
                                  .kind = n % 2 ? BLOCK_RELAY : BLOCK_RULE,
                                  .cause = text_z(cause)};
        struct sighting_request s = {SIGHTING_SUBJECT, text_z(cause), TEXT(""), &ip, NOW, 3600, 3, NULL};
        if (blocklist_add(list, &r, &outcome, reason, sizeof reason) == 0)
            failures += wrong(&outcome.entry, n) != NULL;
        if (i % 4 == 0)
            blocklist_remove(list, &ip, reason, sizeof reason);
        if (sightings_note(seen, &s, &sighting, reason, sizeof reason) > 0)
            failures++; /* each subject has one client */
        stats_count_rule(stats, n + 1);
    }
    __atomic_fetch_sub(&writing, 1, __ATOMIC_RELEASE);
    return failures;
}

static unsigned read_all(void *context)
{
    uint64_t random = (uint64_t)(uintptr_t)context * 0x9E3779B97F4A7C15u;
    unsigned failures = 0;
    while (__atomic_load_n(&writing, __ATOMIC_ACQUIRE)) {
        struct block_entry e;
        struct block_counts counts;
        uint64_t position = 0;
        for (unsigned i = 0; i < 1000; i++) {
            uint32_t n = (uint32_t)(next_bits(&random) % CLIENTS);
            struct ip ip = client(n);
            if (blocklist_lookup(list, &ip, NOW, &e) == 1) {
                failures += wrong(&e, n) != NULL;
                blocklist_hit(list, &e, NOW + 1);
            }
        }
        while (blocklist_next(list, &position, &e))
            failures += wrong(&e, (uint32_t)e.prefix.ip.byte[2] << 8 | e.prefix.ip.byte[3]) != NULL;
        blocklist_counts(list, NOW, &counts);
        failures += counts.current > counts.places;
    }
    return failures;
}

static void state__eight_threads__nobody_sees_anything_wrong(void **state)
{
    (void)state;
    struct thread threads[WRITERS + READERS];
    char reason[200];
    uint64_t position = 0, hash, hits, all = 0;
    temp_make(&folder);
    assert_int_equal(blocklist_open(folder.path, 64, 32, 64, 0, &list, reason, sizeof reason), 1);
    assert_int_equal(sightings_open(folder.path, 64, 32, 64, 0, &seen, reason, sizeof reason), 1);
    assert_int_equal(stats_open(folder.path, 0, &stats, reason, sizeof reason), 1);
    writing = WRITERS;
    slots_before_store = slots_before_load = now_and_then;
    for (uintptr_t i = 0; i < WRITERS + READERS; i++)
        thread_start(&threads[i], i < WRITERS ? write_all : read_all, (void *)(i + 1));
    for (unsigned i = 0; i < WRITERS + READERS; i++)
        assert_int_equal(thread_join(&threads[i]), 0);
    slots_before_store = slots_before_load = NULL;
    while (stats_next_rule(stats, &position, &hash, &hits))
        all += hits;
    assert_int_equal(all, WRITERS * writes());
    blocklist_close(&list);
    sightings_close(&seen);
    stats_close(&stats);
    temp_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(state__eight_threads__nobody_sees_anything_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
