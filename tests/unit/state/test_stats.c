#include "tests/unit/lib/temp_folder.h"

#include "core/state/stats.h"

static struct temp_folder folder;
static struct stats *stats;
static char reason[300];

static int setup(void **state)
{
    (void)state;
    temp_make(&folder);
    assert_int_equal(stats_open(folder.path, 0, &stats, reason, sizeof reason), 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stats_close(&stats);
    assert_null(stats);
    temp_remove(&folder);
    return 0;
}

static uint64_t rule(unsigned n)
{
    char text[32];
    snprintf(text, sizeof text, "rcpt, trap %u", n);
    return stats_rule_hash(text_z(text));
}

static void stats_count__each_kind__kept_apart(void **state)
{
    (void)state;
    uint64_t position = 0, hash, hits, all = 0;
    for (unsigned i = 0; i < STATS_COUNTERS; i++)
        for (unsigned k = 0; k <= i; k++)
            stats_count(stats, (enum stats_counter)i);
    for (unsigned p = 0; p < STATS_PHASES; p++)
        for (unsigned a = 0; a < STATS_ACTIONS; a++)
            for (unsigned k = 0; k <= p * 8 + a; k++)
                stats_count_verdict(stats, p, a);
    for (unsigned r = 0; r < 100; r++)
        for (unsigned k = 0; k <= r; k++)
            stats_count_rule(stats, rule(r));
    stats_count(stats, STATS_COUNTERS);
    stats_count_verdict(stats, STATS_PHASES, 0);
    stats_count_verdict(stats, 0, STATS_ACTIONS);
    stats_count_rule(stats, 0);
    stats_close(&stats);

    assert_int_equal(stats_open(folder.path, STATS_READ_ONLY, &stats, reason, sizeof reason), 1);
    stats_count(stats, STATS_SIGHTINGS); /* nothing happens */
    stats_count_rule(stats, rule(5));
    for (unsigned i = 0; i < STATS_COUNTERS; i++)
        assert_int_equal(stats_get(stats, (enum stats_counter)i), i + 1);
    for (unsigned p = 0; p < STATS_PHASES; p++)
        for (unsigned a = 0; a < STATS_ACTIONS; a++)
            assert_int_equal(stats_get_verdict(stats, p, a), p * 8 + a + 1);
    for (unsigned r = 0; r < 100; r++)
        assert_int_equal(stats_get_rule(stats, rule(r)), r + 1);
    assert_int_equal(stats_get_rule(stats, rule(100)), 0);
    assert_int_equal(stats_get_rule(stats, 0), 0);
    while (stats_next_rule(stats, &position, &hash, &hits))
        all += hits;
    assert_int_equal(all, 5050);
    assert_in_range(stats_since(stats), 1700000000, 4000000000);
}

static void stats_count_rule__more_than_fit__counted_together(void **state)
{
    (void)state;
    uint64_t position = 0, hash, hits, all = 0;
    for (unsigned r = 0; r < 6000; r++)
        stats_count_rule(stats, rule(r));
    while (stats_next_rule(stats, &position, &hash, &hits))
        all += hits;
    assert_int_equal(all + stats_get(stats, STATS_RULES_UNCOUNTED), 6000);
    assert_in_range(all, 3900, 4096);
}

static void stats_count__no_file__nothing_happens(void **state)
{
    (void)state;
    struct stats *none;
    stats_count(NULL, STATS_SIGHTINGS);
    stats_count_verdict(NULL, 1, 1);
    stats_count_rule(NULL, 7);
    assert_int_equal(stats_open("/nonexistent", 0, &none, reason, sizeof reason), -1);
    assert_null(none);
    assert_string_not_equal(reason, "");
    assert_int_equal(stats_open("/nonexistent", STATS_READ_ONLY, &none, reason, sizeof reason), 0);
    assert_null(none);
}

static void stats_rule_hash__known_text__never_changes(void **state)
{
    (void)state;
    assert_int_equal(stats_rule_hash(TEXT("")), 0xe33e85db4561fbb1u);
    assert_int_equal(stats_rule_hash(TEXT("rcpt, trap, close block")), 0x38c3d7912f689884u);
}

enum { EACH = 20000 };

static unsigned count_all(void *context)
{
    struct stats *s = context;
    for (unsigned i = 0; i < EACH; i++) {
        stats_count(s, STATS_SIGHTINGS);
        stats_count_rule(s, rule(i % 500));
    }
    return 0;
}

static int count_in_process(const void *context)
{
    struct stats *s;
    if (stats_open(context, 0, &s, reason, sizeof reason) != 1)
        return 1;
    count_all(s);
    stats_close(&s);
    return 0;
}

static void stats_count__processes_and_threads__none_lost(void **state)
{
    (void)state;
    struct thread threads[4];
    struct child children[4];
    uint64_t all = 0, position = 0, hash, hits;
    for (int i = 0; i < 4; i++)
        child_start(&children[i], count_in_process, folder.path, sizeof folder.path);
    for (int i = 0; i < 4; i++)
        thread_start(&threads[i], count_all, stats);
    for (int i = 0; i < 4; i++) {
        thread_join(&threads[i]);
        assert_int_equal(child_wait(&children[i]), 0);
    }
    assert_int_equal(stats_get(stats, STATS_SIGHTINGS), 8 * EACH);
    while (stats_next_rule(stats, &position, &hash, &hits))
        all += hits;
    assert_int_equal(all, 8 * EACH);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stats_count__each_kind__kept_apart),
        TEST(stats_count_rule__more_than_fit__counted_together),
        TEST(stats_count__no_file__nothing_happens),
        TEST(stats_rule_hash__known_text__never_changes),
        TEST(stats_count__processes_and_threads__none_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
