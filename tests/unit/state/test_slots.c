#include "tests/unit/lib/case_folder.h"

#include "core/state/slots.h"

enum { NOW = 1000000 };

static const struct slots_shape shape = {"testing1", 64, 64, NULL};

static char reason[300];

static struct slot_key key_number(uint64_t n)
{
    return (struct slot_key){{n, n * 0x9E3779B97F4A7C15u}, (uint8_t)n};
}

static void open_here(struct slots *s)
{
    if (slots_open(s, folder.path, "slots", &shape, 0, reason, sizeof reason) != 1)
        fail_msg("%s", reason);
}

static bool put(struct slots *s, uint64_t n, uint32_t until)
{
    struct slots_lock lock;
    struct slot entry = {.key = key_number(n), .until = until, .first = NOW, .last = NOW, .note = (uint8_t)n};
    uint64_t payload[SLOTS_PAYLOAD_MOST];
    for (unsigned i = 0; i < SLOTS_PAYLOAD_MOST; i++)
        payload[i] = n + i;
    assert_int_equal(slots_lock(s, NULL, &lock, reason, sizeof reason), 0);
    bool evicted = slots_put(s, &entry, payload, NOW);
    slots_unlock(&lock);
    return evicted;
}

static bool has(const struct slots *s, uint64_t n, struct slot *out)
{
    struct slot_key key = key_number(n);
    return slots_find(s, &key, out) == 1;
}

static void siphash__known_values__same(void **state)
{
    (void)state;
    /* Those of the Rust library for SipHash-1-3: key 00 01 ... 0f, text 00 01 ... */
    static const struct {
        size_t n;
        uint64_t hash;
    } cases[] = {{0, 0xabac0158050fc4dcu}, {1, 0xc9f49bf37d57ca93u}, {7, 0xd3927d989bb11140u},
                 {8, 0x369095118d299a8eu}, {9, 0x25a48eb36c063de4u}, {17, 0x9cf2689063dbd80cu}};
    struct siphash_key key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u}, none = {0, 0};
    uint8_t text[64];
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(siphash(&key, text, cases[i].n), cases[i].hash);
    uint64_t words[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
    assert_int_equal(siphash_words(&key, words, 2), siphash(&key, text, 16));
    assert_int_equal(siphash_17(&key, words[0], words[1], 16), siphash(&key, text, 17));
    /* Python's hash(b"hello world") without randomisation. */
    assert_int_equal((int64_t)siphash(&none, "hello world", 11), -5642461784034726774);
}

static void slots_put__then_find__as_put(void **state)
{
    (void)state;
    struct slots s;
    struct slot slot;
    uint64_t payload[SLOTS_PAYLOAD_MOST], position = 0, seen = 0;
    open_here(&s);
    assert_int_equal(slots_places(&s), 96);
    for (uint64_t n = 1; n <= 64; n++)
        assert_false(put(&s, n, (uint32_t)(NOW + n)));
    for (uint64_t n = 1; n <= 64; n++) {
        assert_true(has(&s, n, &slot));
        assert_int_equal(slot.until, NOW + n);
        assert_int_equal(slot.note, n);
        assert_int_equal(slot.first, NOW);
        slots_payload(&s, &slot, payload);
        for (unsigned i = 0; i < s.payload_cells; i++)
            assert_int_equal(payload[i], n + i);
    }
    for (uint64_t n = 65; n < 5000; n++)
        assert_false(has(&s, n, &slot));
    struct slot_key other = key_number(7);
    other.byte ^= 1;
    assert_int_equal(slots_find(&s, &other, &slot), 0);
    while (slots_next(&s, &position, &slot))
        seen += slot.key.half[0];
    assert_int_equal(seen, 64 * 65 / 2);
    assert_int_equal(slots_count(&s, NOW), 64);
    assert_int_equal(slots_count(&s, NOW + 60), 4);
    slots_close(&s);

    /* Another process would find the same. */
    open_here(&s);
    assert_true(has(&s, 64, &slot));
    slots_close(&s);
}

static void slots_renew_and_remove__one_entry__others_stay(void **state)
{
    (void)state;
    struct slots s;
    struct slot slot;
    struct slots_lock lock;
    open_here(&s);
    put(&s, 1, NOW + 1);
    put(&s, 2, NOW + 1);
    assert_true(has(&s, 1, &slot));
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), 0);
    slots_renew(&s, &slot, NOW + 500, 9);
    slots_set_tally(&s, 3, 0xffffffffffffff);
    slots_unlock(&lock);
    slots_seen(&s, slot.place, NOW + 3, 2);
    assert_true(has(&s, 1, &slot));
    assert_int_equal(slot.until, NOW + 500);
    assert_int_equal(slot.note, 9);
    assert_int_equal(slot.hits, 2);
    assert_int_equal(slot.last, NOW + 3);
    assert_int_equal(slots_tally(&s, 3), 0xffffffffffffff);
    assert_int_equal(slots_tally(&s, 4), 0);
    slots_remove(&s, &slot);
    assert_false(has(&s, 1, &slot));
    assert_true(has(&s, 2, &slot));
    slots_clear(&s);
    assert_false(has(&s, 2, &slot));
    slots_close(&s);
}

static void slots_put__more_than_places__soonest_makes_room(void **state)
{
    (void)state;
    struct slots s;
    struct slot slot;
    unsigned evicted = 0;
    open_here(&s);
    for (uint64_t n = 1; n <= 1000; n++)
        evicted += put(&s, n, (uint32_t)(NOW + n));
    uint64_t stand = slots_count(&s, NOW);
    assert_int_equal(stand + evicted, 1000);
    assert_in_range(stand, 90, 96);
    /* Of those that ended last nearly all are there: each had fifteen others that ended sooner. */
    for (uint64_t n = 960; n <= 1000; n++)
        assert_true(has(&s, n, &slot));
    /* Those that have ended are not counted as pushed out. */
    struct slots_lock lock;
    struct slot entry = {.key = key_number(2000), .until = NOW + 5000};
    uint64_t payload[SLOTS_PAYLOAD_MOST] = {0};
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), 0);
    assert_false(slots_put(&s, &entry, payload, NOW + 1000));
    slots_unlock(&lock);
    slots_close(&s);
}

static void slots_open__two_at_once__one_file(void **state)
{
    (void)state;
    struct slots a, b;
    struct slot slot;
    open_here(&a);
    open_here(&b);
    put(&a, 5, NOW + 9);
    assert_true(has(&b, 5, &slot));
    slots_close(&a);
    slots_close(&b);
}

static void slots_open__read_only__makes_and_writes_nothing(void **state)
{
    (void)state;
    struct slots s, writer;
    struct slot slot;
    struct slots_lock lock;
    assert_int_equal(slots_open(&s, folder.path, "slots", &shape, STATE_READ_ONLY, reason, sizeof reason), 0);
    assert_false(temp_has(&folder, "slots"));
    assert_false(temp_has(&folder, "lock"));
    open_here(&writer);
    put(&writer, 5, NOW + 9);
    assert_int_equal(slots_open(&s, folder.path, "slots", &shape, STATE_READ_ONLY, reason, sizeof reason), 1);
    assert_true(has(&s, 5, &slot));
    slots_seen(&s, slot.place, NOW + 1, 1);
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), -1);
    assert_non_null(strstr(reason, "only be read"));
    assert_true(has(&s, 5, &slot));
    assert_int_equal(slot.hits, 0);
    slots_close(&s);
    slots_close(&writer);
    /* A bad one is not touched. */
    file_cut(temp_path(&folder, "slots"), 5000);
    assert_int_equal(slots_open(&s, folder.path, "slots", &shape, STATE_READ_ONLY, reason, sizeof reason), -1);
    assert_non_null(strstr(reason, "size"));
    assert_false(temp_has(&folder, "slots.damaged"));
}

static void slots_open__foreign_file__set_aside(void **state)
{
    (void)state;
    struct slots s;
    temp_text(&folder, "slots", "Dear diary, ");
    assert_int_equal(slots_open(&s, folder.path, "slots", &shape, 0, reason, sizeof reason), 1);
    assert_non_null(strstr(reason, "slots.damaged"));
    assert_true(temp_has(&folder, "slots.damaged"));
    slots_close(&s);
    const struct slots_shape other = {"testing2", 128, 64, NULL};
    assert_int_equal(slots_open(&s, folder.path, "slots", &other, 0, reason, sizeof reason), 1);
    assert_string_not_equal(reason, "");
    slots_close(&s);
}

static void slots_lock__file_replaced__given_up(void **state)
{
    (void)state;
    struct slots s, t;
    struct slot slot;
    struct slots_lock lock;
    open_here(&s);
    put(&s, 1, NOW + 9);
    put(&s, 2, NOW - 9);
    assert_false(state_file_replaced(&s.file));
    assert_int_equal(slots_open(&t, folder.path, "slots", &shape, 0, reason, sizeof reason), 1);
    struct slots_shape bigger = shape;
    bigger.entries = 1000;
    struct slots grown;
    assert_int_equal(slots_resize(&t, &bigger, NOW, &grown, reason, sizeof reason), 0);
    assert_int_equal(slots_places(&grown), 1504);
    assert_true(has(&grown, 1, &slot));
    assert_false(has(&grown, 2, &slot));
    assert_true(state_file_retired(&s.file));
    assert_true(state_file_replaced(&s.file));
    assert_false(state_file_retired(&grown.file));
    assert_true(has(&s, 1, &slot)); /* the old one is still read */
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), -1);
    assert_non_null(strstr(reason, "another file"));
    slots_close(&s);
    slots_close(&t);
    slots_close(&grown);
    open_here(&s);
    assert_int_equal(slots_places(&s), 1504);
    slots_close(&s);
    assert_false(temp_has(&folder, "slots.new"));
}

static void slots_lock__held_by_another__given_up_in_time(void **state)
{
    (void)state;
    struct slots s, other;
    struct slots_lock lock, second;
    open_here(&s);
    open_here(&other);
    assert_int_equal(slots_lock(&other, NULL, &lock, reason, sizeof reason), 0);
    int64_t begun = os_ticks_ms();
    assert_int_equal(slots_lock(&s, NULL, &second, reason, sizeof reason), -1);
    int64_t took = os_ticks_ms() - begun;
    assert_in_range(took, 16, 200);
    assert_non_null(strstr(reason, "20 ms"));
    slots_unlock(&lock);
    assert_int_equal(slots_lock(&s, NULL, &second, reason, sizeof reason), 0);
    slots_unlock(&second);
    slots_close(&s);
    slots_close(&other);
}

static void slots_open__no_directory__says_so(void **state)
{
    (void)state;
    struct slots s;
    assert_int_equal(slots_open(&s, "/nonexistent/state", "slots", &shape, 0, reason, sizeof reason), -1);
    assert_non_null(strstr(reason, "No such file"));
    assert_int_equal(
        slots_open(&s, "/nonexistent/state", "slots", &shape, STATE_READ_ONLY, reason, sizeof reason), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash__known_values__same),
        TEST(slots_put__then_find__as_put),
        TEST(slots_renew_and_remove__one_entry__others_stay),
        TEST(slots_put__more_than_places__soonest_makes_room),
        TEST(slots_open__two_at_once__one_file),
        TEST(slots_open__read_only__makes_and_writes_nothing),
        TEST(slots_open__foreign_file__set_aside),
        TEST(slots_lock__file_replaced__given_up),
        TEST(slots_lock__held_by_another__given_up_in_time),
        TEST(slots_open__no_directory__says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
