#include "tests/unit/lib/exact.h"
#include "tools/analyze/traps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

enum { DAY = 86400 };

static void refuse(struct traps *t, const char *address, unsigned client, int64_t time)
{
    struct ip ip = {.byte = {192, 0, 2, (unsigned char)client}};
    struct text a = exact(address);
    assert_true(traps_refused(t, a, &ip, TEXT("550 5.1.1 User unknown"), time));
    exact_free(a);
}

static void refuse_enough(struct traps *t, const char *address)
{
    for (unsigned i = 0; i < 3; i++)
        refuse(t, address, i + 1, (int64_t)i * DAY);
}

/* How many candidates ADDRESS makes where KNOWN was accepted. */
static size_t candidates(const char *address, const char *known)
{
    struct traps t;
    traps_init(&t, 3, 2);
    refuse_enough(&t, address);
    assert_true(traps_accepted(&t, text_z(known)));
    assert_true(traps_finish(&t));
    size_t n = t.found_count;
    traps_fini(&t);
    return n;
}

static void traps_finish__accepted_addresses_and_slips__never_proposed(void **state)
{
    static const struct {
        const char *address, *known;
        size_t candidates;
    } cases[] = {
        {"sugar@example.com", "<bob@example.com>", 1},
        {"bob@example.com", "<bob@example.com>", 0},
        {"BOB@Example.com", "x bob@EXAMPLE.com,", 0},
        {"bob@example.com", "<a@example.com>,<bob@example.com>", 0},
        {"bob@example.com", "to=<a@example.com>, orig_to=<bob@example.com>", 0},
        {"bo@example.com", "bob@example.com", 0},   /* one letter less */
        {"bobb@example.com", "bob@example.com", 0}, /* more, */
        {"bob1@example.com", "bob@example.com", 0},
        {".bob@example.com", "bob@example.com", 0},
        {"bpb@example.com", "bob@example.com", 0}, /* other, */
        {"obb@example.com", "bob@example.com", 0}, /* two changed over */
        {"bbo@example.com", "bob@example.com", 0},
        {"obbx@example.com", "bob@example.com", 1}, /* two slips */
        {"b@example.com", "bob@example.com", 1},
        {"bob@example.org", "bob@example.com", 1},   /* another domain */
        {"abuse@example.com", "bob@example.com", 0}, /* roles */
        {"Postmaster@example.com", "bob@example.com", 0},
        {"abuse+x@example.com", "bob@example.com", 0},
        {"list-request@example.com", "bob@example.com", 0},
        {"abusive@example.com", "bob@example.com", 1},
        {"no-domain", "bob@example.com", 0}, /* no addresses */
        {"@example.com", "bob@example.com", 0},
        {"a b@example.com", "bob@example.com", 0},
        {"\x01@example.com", "bob@example.com", 0},
    };
    unsigned wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (candidates(cases[i].address, cases[i].known) != cases[i].candidates) {
            print_error("%s with %s\n", cases[i].address, cases[i].known);
            wrong++;
        }
    assert_int_equal(wrong, 0);
}

static void traps_finish__too_few_clients_or_days__never_proposed(void **state)
{
    struct traps t;
    (void)state;
    traps_init(&t, 3, 2);
    for (unsigned i = 0; i < 9; i++) {
        refuse(&t, "few@example.com", 1 + i % 2, (int64_t)i * DAY);
        refuse(&t, "oneday@example.com", 1 + i, 100 + i);
        refuse(&t, "enough@example.com", 1 + i, (int64_t)i * DAY / 5);
    }
    assert_true(traps_finish(&t));
    assert_int_equal(t.found_count, 1);
    assert_int_equal(t.found[0]->refused, 9);
    assert_int_equal(t.found[0]->client_count, 9);
    assert_int_equal(t.found[0]->days, 2);
    traps_fini(&t);
}

/* However many addresses are tried once each, they need no more than what is allowed, and do not hide the one that is
 * tried all the time. */
static void traps_refused__flood__oldest_forgotten(void **state)
{
    struct traps t;
    (void)state;
    traps_init(&t, 3, 2);
    t.most = 1 << 20;
    for (unsigned i = 0; i < 20000; i++) {
        char address[64];
        snprintf(address, sizeof address, "flood%u@example.com", i);
        refuse(&t, address, 7, i);
        if (i % 1000 == 0)
            refuse(&t, "sugar@example.com", 1 + i / 1000, (int64_t)i * 20);
        assert_true(t.bytes <= t.most);
    }
    assert_true(t.lost > 10000);
    assert_true(traps_finish(&t));
    assert_int_equal(t.found_count, 1);
    assert_int_equal(t.found[0]->refused, 20);
    traps_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traps_finish__accepted_addresses_and_slips__never_proposed),
        cmocka_unit_test(traps_finish__too_few_clients_or_days__never_proposed),
        cmocka_unit_test(traps_refused__flood__oldest_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
