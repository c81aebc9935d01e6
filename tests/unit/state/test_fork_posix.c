/*
 * A process that forks: the child goes on with what its parent had open, as an Exim process does between the
 * connection and the delivery.
 */
#include "tests/unit/lib/case_folder.h"

#include <sys/wait.h>
#include <unistd.h>

#include "core/state/sightings.h"
#include "core/state/stats.h"

enum { NOW = 1058000000, CHILDREN = 4, EACH = 20000 };

static char reason[300];

static void assert_children_did(const pid_t *children, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static void stats_count__opened_before_the_fork__none_lost(void **state)
{
    struct stats *stats;
    pid_t children[CHILDREN];
    (void)state;
    assert_int_equal(stats_open(folder.path, 0, &stats, reason, sizeof reason), 1);
    for (unsigned i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            for (unsigned k = 0; k < EACH; k++) {
                stats_count(stats, STATS_SIGHTINGS);
                stats_count_rule(stats, 1 + k % 500);
            }
            _exit(0);
        }
    }
    assert_children_did(children, CHILDREN);
    assert_int_equal(stats_get(stats, STATS_SIGHTINGS), CHILDREN * EACH);
    assert_int_equal(stats_get_rule(stats, 500), CHILDREN * EACH / 500);
    stats_close(&stats);
}

static void sightings_note__opened_before_the_fork__all_are_counted(void **state)
{
    struct sightings *seen;
    struct sighting got = {0};
    pid_t children[CHILDREN];
    (void)state;
    assert_int_equal(sightings_open(folder.path, 64, 32, 64, 0, &seen, reason, sizeof reason), 1);
    struct ip ip = {{10, 0, 0, 0}, 0};
    struct sighting_request r = {SIGHTING_SUBJECT, TEXT("Cheap"), TEXT(""), &ip, NOW, 3600, 3, NULL};
    for (unsigned i = 0; i < CHILDREN; i++) {
        ip.byte[3] = (uint8_t)i;
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            /* Siblings exclude each other: a lock that is held is waited for, again and again. */
            int noted = -1;
            for (unsigned tries = 0; noted < 0 && tries < 100; tries++)
                noted = sightings_note(seen, &r, &got, reason, sizeof reason);
            _exit(noted < 0);
        }
    }
    assert_children_did(children, CHILDREN);
    ip.byte[3] = CHILDREN;
    assert_int_equal(sightings_note(seen, &r, &got, reason, sizeof reason), 1);
    assert_int_equal(got.count, CHILDREN + 1);
    sightings_close(&seen);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stats_count__opened_before_the_fork__none_lost),
        TEST(sightings_note__opened_before_the_fork__all_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
