#include "plugins/checks/dnsbl_memory.h"
#include "tests/unit/lib/temp_folder.h"

static const unsigned char client[16] = {[10] = 0xff, [11] = 0xff, [12] = 203, [14] = 113, [15] = 9};
static const unsigned char other[16] = {0x20, 1, 0x0d, 0xb8, [15] = 9};

/* What memory_get() says and, if it is known, the answer. */
static int get(struct dnsbl_memory *m, const unsigned char *address, int64_t now, uint32_t *answer)
{
    *answer = 99;
    return memory_get(m, address, now, answer);
}

static struct dnsbl_memory *start(void)
{
    struct dnsbl_memory *m = calloc(1, sizeof *m);
    assert_non_null(m);
    assert_int_equal(memory_init(m, 0x123456789abcdef0), 0);
    return m;
}

static void stop(struct dnsbl_memory *m)
{
    memory_fini(m);
    free(m);
}

static void put__answers__are_kept_as_long_as_they_may(void **state)
{
    static const struct {
        uint32_t answer;
        unsigned ttl;
        int64_t kept;
    } rows[] = {
        {0x7f000002, 300, 300},
        {0x7f000002, 0, 0},
        {0x7f000002, 4000000000u, MEMORY_LISTED_MOST},
        {0, 0, MEMORY_CLEAN},
        {0, 4000000000u, MEMORY_CLEAN},
    };
    uint32_t answer;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dnsbl_memory *m = start();
        assert_int_equal(get(m, client, 1000, &answer), 0);
        assert_false(memory_put(m, client, 1000, rows[i].answer, rows[i].ttl));
        if (rows[i].kept) {
            assert_int_equal(get(m, client, 1000 + rows[i].kept - 1, &answer), 1);
            assert_int_equal(answer, rows[i].answer);
        }
        assert_int_equal(get(m, client, 1000 + rows[i].kept, &answer), 0);
        assert_int_equal(get(m, other, 1000, &answer), 0);
        /* The clock was set back. */
        assert_int_equal(get(m, client, 999, &answer), 0);
        stop(m);
    }
}

static void put__many_addresses__each_place_holds_the_latest(void **state)
{
    struct dnsbl_memory *m = start();
    unsigned char address[16] = {0};
    unsigned known = 0;
    uint32_t answer;
    (void)state;
    for (uint32_t i = 0; i < 3 * MEMORY_PLACES; i++) {
        memcpy(address + 12, &i, sizeof i);
        memory_put(m, address, 0, 0x7f000000 | (i & 0xffff), 100);
        assert_int_equal(get(m, address, 1, &answer), 1);
        assert_int_equal(answer, 0x7f000000 | (i & 0xffff));
    }
    for (uint32_t i = 0; i < 3 * MEMORY_PLACES; i++) {
        memcpy(address + 12, &i, sizeof i);
        if (get(m, address, 1, &answer) == 1) {
            assert_int_equal(answer, 0x7f000000 | (i & 0xffff));
            known++;
        }
    }
    assert_true(known > MEMORY_PLACES / 2 && known <= MEMORY_PLACES);
    stop(m);
}

static void failed__three_in_a_row__leave_the_list_alone_for_a_minute(void **state)
{
    struct dnsbl_memory *m = start();
    uint32_t answer;
    (void)state;
    assert_false(memory_failed(m, 0));
    assert_false(memory_failed(m, 1));
    assert_false(memory_put(m, other, 2, 0, 0)); /* it does answer */
    assert_false(memory_failed(m, 3));
    assert_false(memory_failed(m, 4));
    assert_int_equal(get(m, client, 5, &answer), 0);
    assert_true(memory_failed(m, 5));
    assert_false(memory_failed(m, 5)); /* others that were under way */
    assert_int_equal(get(m, client, 5, &answer), -1);
    assert_int_equal(get(m, client, 5 + MEMORY_PAUSE - 1, &answer), -1);
    /* Known answers stay. */
    assert_int_equal(get(m, other, 6, &answer), 1);
    /* One tries; the others do not wait for it. */
    assert_int_equal(get(m, client, 5 + MEMORY_PAUSE, &answer), 0);
    assert_int_equal(get(m, client, 5 + MEMORY_PAUSE, &answer), -1);
    assert_false(memory_failed(m, 7 + MEMORY_PAUSE));
    assert_int_equal(get(m, client, 6 + 2 * MEMORY_PAUSE, &answer), -1);
    assert_int_equal(get(m, client, 7 + 2 * MEMORY_PAUSE, &answer), 0);
    assert_true(memory_put(m, client, 7 + 2 * MEMORY_PAUSE, 0x7f000002, 300));
    assert_int_equal(get(m, client, 8 + 2 * MEMORY_PAUSE, &answer), 1);
    assert_false(memory_put(m, client, 9 + 2 * MEMORY_PAUSE, 0x7f000002, 300));
    /* And it takes three again. */
    assert_false(memory_failed(m, 500));
    assert_int_equal(get(m, client, 600, &answer), 0);
    stop(m);
}

static void failed__a_clock_that_is_set_back__leaves_nothing_alone_for_ever(void **state)
{
    struct dnsbl_memory *m = start();
    uint32_t answer;
    (void)state;
    for (int i = 0; i < MEMORY_PATIENCE; i++)
        memory_failed(m, 1000000);
    assert_int_equal(get(m, client, 1000000, &answer), -1);
    assert_int_equal(get(m, client, 1000, &answer), 0);
    assert_int_equal(get(m, client, 1000 + MEMORY_PAUSE, &answer), 0);
    stop(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put__answers__are_kept_as_long_as_they_may),
        cmocka_unit_test(put__many_addresses__each_place_holds_the_latest),
        cmocka_unit_test(failed__three_in_a_row__leave_the_list_alone_for_a_minute),
        cmocka_unit_test(failed__a_clock_that_is_set_back__leaves_nothing_alone_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
