#include "tests/unit/lib/temp_folder.h"

#include "core/os/os.h"
#include "core/state/blocklist.h"

#include <time.h>

#define DAY INT64_C(86400)

enum { NOW = 1058000000 };

static struct temp_folder folder;
static struct blocklist *list;
static char reason[300];

static void open_with(uint32_t entries, unsigned prefix4, unsigned prefix6)
{
    if (blocklist_open(folder.path, entries, prefix4, prefix6, 0, &list, reason, sizeof reason) != 1)
        fail_msg("%s", reason);
    assert_string_equal(reason, "");
}

static int setup(void **state)
{
    (void)state;
    temp_make(&folder);
    open_with(64, 32, 64);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    blocklist_close(&list);
    assert_null(list);
    temp_remove(&folder);
    return 0;
}

static struct ip address(const char *text)
{
    struct ip ip;
    assert_true(ip_parse(text_z(text), &ip));
    return ip;
}

static bool listed(const char *client, int64_t now)
{
    struct ip ip = address(client);
    return blocklist_lookup(list, &ip, now, NULL) == 1;
}

static struct block_outcome add(const char *client, int64_t now, uint32_t fixed, enum block_kind kind,
                                const char *cause)
{
    struct ip ip = address(client);
    struct block_outcome outcome;
    struct block_request request = {.client = &ip,
                                    .now = now,
                                    .steps = {1800, 21600, (uint32_t)DAY},
                                    .memory = (uint32_t)(30 * DAY),
                                    .fixed_seconds = fixed,
                                    .kind = kind,
                                    .cause = text_z(cause)};
    if (blocklist_add(list, &request, &outcome, reason, sizeof reason) != 0)
        fail_msg("%s", reason);
    return outcome;
}

static void blocklist_add__steps__climb_within_memory(void **state)
{
    (void)state;
    int64_t now = NOW;
    static const struct {
        int64_t pause; /* after the end of the stay before */
        uint32_t stays;
        unsigned times;
        enum block_event event;
    } cases[] = {
        {0, 1800, 1, BLOCK_FIRST},         {0, 21600, 2, BLOCK_AGAIN}, {1, DAY, 3, BLOCK_AGAIN},
        {30 * DAY, DAY, 4, BLOCK_AGAIN},   {DAY, DAY, 5, BLOCK_AGAIN}, {30 * DAY + 1, 1800, 1, BLOCK_FIRST},
        {30 * DAY, 21600, 2, BLOCK_AGAIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        now += cases[i].pause;
        assert_false(listed("192.0.2.1", now));
        struct block_outcome o = add("192.0.2.1", now, 0, BLOCK_RULE, "gatepost.conf:3");
        assert_int_equal(o.event, cases[i].event);
        assert_int_equal(o.entry.until, now + cases[i].stays);
        assert_int_equal(o.entry.times, cases[i].times);
        assert_int_equal(o.entry.first, NOW);
        assert_int_equal(o.entry.last, now);
        assert_true(listed("192.0.2.1", o.entry.until - 1));
        now = o.entry.until;
    }
}

static void blocklist_add__listed_already__later_end_stays(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        uint32_t fixed;
        enum block_kind kind;
        enum block_event event;
        int64_t until;
        unsigned times;
        enum block_kind kind_then;
        const char *cause;
    } cases[] = {
        {0, 0, BLOCK_RULE, BLOCK_FIRST, 1800, 1, BLOCK_RULE, "a:0"},
        {0, 0, BLOCK_RULE, BLOCK_KEPT, 1800, 1, BLOCK_RULE, "a:0"},
        {600, 60, BLOCK_RULE, BLOCK_KEPT, 1800, 1, BLOCK_RULE, "a:0"},
        {600, 0, BLOCK_RULE, BLOCK_LONGER, 2400, 1, BLOCK_RULE, "a:3"},
        {700, 7 * DAY, BLOCK_RELAY, BLOCK_LONGER, 700 + 7 * DAY, 1, BLOCK_RELAY, "a:4"},
        {800, 0, BLOCK_RULE, BLOCK_KEPT, 700 + 7 * DAY, 1, BLOCK_RELAY, "a:4"},
        {800, 8 * DAY, BLOCK_RULE, BLOCK_LONGER, 800 + 8 * DAY, 1, BLOCK_RULE, "a:6"},
        {9 * DAY, 0, BLOCK_RULE, BLOCK_AGAIN, 9 * DAY + 21600, 2, BLOCK_RULE, "a:7"},
        {10 * DAY, 60, BLOCK_RELAY, BLOCK_AGAIN, 10 * DAY + 60, 2, BLOCK_RELAY, "a:8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char cause[16];
        struct block_entry found;
        struct ip ip = address("2001:db8::1");
        snprintf(cause, sizeof cause, "a:%zu", i);
        struct block_outcome o = add("2001:db8::1", NOW + cases[i].at, cases[i].fixed, cases[i].kind, cause);
        assert_int_equal(blocklist_lookup(list, &ip, NOW + cases[i].at, &found), 1);
        assert_int_equal(o.event, cases[i].event);
        assert_memory_equal(&found.prefix, &o.entry.prefix, sizeof found.prefix);
        assert_int_equal(found.until, NOW + cases[i].until);
        assert_int_equal(found.times, cases[i].times);
        assert_int_equal(found.kind, cases[i].kind_then);
        assert_string_equal(found.cause, cases[i].cause);
        assert_int_equal(o.entry.until, found.until);
        assert_string_equal(o.entry.cause, found.cause);
        assert_int_equal(o.entry.last, found.last);
    }
}

static void blocklist_add__relay__never_climbs(void **state)
{
    (void)state;
    assert_int_equal(add("192.0.2.1", NOW, 60, BLOCK_RELAY, "r").entry.times, 0);
    assert_int_equal(add("192.0.2.1", NOW + 100, 60, BLOCK_RELAY, "r").entry.times, 0);
    struct block_outcome o = add("192.0.2.1", NOW + 200, 0, BLOCK_RULE, "r");
    assert_int_equal(o.entry.times, 1);
    assert_int_equal(o.entry.until, NOW + 200 + 1800);
    assert_int_equal(o.entry.kind, BLOCK_RULE);
}

static void blocklist_lookup__prefixes_and_families__kept_apart(void **state)
{
    (void)state;
    blocklist_close(&list);
    temp_remove(&folder);
    folder_make(folder.path);
    open_with(64, 24, 48);
    struct block_outcome o = add("192.0.2.77", NOW, 0, BLOCK_RULE, "x");
    assert_int_equal(o.entry.prefix.bits, 24);
    assert_true(listed("192.0.2.1", NOW));
    assert_true(listed("::ffff:192.0.2.200", NOW));
    assert_false(listed("192.0.3.1", NOW));
    assert_false(listed("::192.0.2.1", NOW));
    assert_false(listed("c000:200::", NOW)); /* the same bytes */
    o = add("2001:db8:0:ffff::1", NOW, 0, BLOCK_RULE, "x");
    assert_int_equal(o.entry.prefix.bits, 48);
    assert_true(listed("2001:db8::", NOW));
    assert_false(listed("2001:db8:1::", NOW));
    /* Another setting: entries made under the one before are of no account, but can be removed. */
    blocklist_close(&list);
    open_with(64, 32, 64);
    struct ip zero = address("192.0.2.0"), inside = address("192.0.2.9");
    assert_false(listed("192.0.2.0", NOW));
    add("192.0.2.0", NOW, 0, BLOCK_RULE, "x");
    assert_int_equal(blocklist_remove(list, &zero, reason, sizeof reason), 1);
    assert_false(listed("192.0.2.0", NOW));
    assert_int_equal(blocklist_remove(list, &inside, reason, sizeof reason), 0); /* went with the first */
}

static void blocklist_add__long_cause__its_end_is_kept(void **state)
{
    (void)state;
    assert_string_equal(add("192.0.2.1", NOW, 0, BLOCK_RULE, "1234567890123456789012345678").entry.cause,
                        "1234567890123456789012345678");
    assert_string_equal(
        add("192.0.2.2", NOW, 0, BLOCK_RULE, "/etc/gatepost/zombies/gatepost.conf:1234").entry.cause,
        "..."
        "ombies/gatepost.conf:1234");
    assert_string_equal(add("192.0.2.3", NOW, 0, BLOCK_RULE, "").entry.cause, "");
}

static void blocklist_remove_and_clear__as_asked__forgotten(void **state)
{
    (void)state;
    struct ip one = address("192.0.2.1"), two = address("192.0.2.2");
    add("192.0.2.1", NOW, 0, BLOCK_RULE, "x");
    add("192.0.2.3", NOW, 0, BLOCK_RULE, "x");
    assert_int_equal(blocklist_remove(list, &two, reason, sizeof reason), 0);
    assert_int_equal(blocklist_remove(list, &one, reason, sizeof reason), 1);
    assert_false(listed("192.0.2.1", NOW));
    assert_true(listed("192.0.2.3", NOW));
    assert_int_equal(add("192.0.2.1", NOW + 5, 0, BLOCK_RULE, "x").entry.times, 1);
    assert_int_equal(blocklist_clear(list, reason, sizeof reason), 0);
    assert_false(listed("192.0.2.1", NOW));
    assert_false(listed("192.0.2.3", NOW));
}

static void blocklist_hit__refused__counted(void **state)
{
    (void)state;
    struct ip ip = address("192.0.2.1");
    struct block_entry e;
    add("192.0.2.1", NOW, 0, BLOCK_RULE, "x");
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(blocklist_lookup(list, &ip, NOW + i, &e), 1);
        blocklist_hit(list, &e, NOW + i);
    }
    assert_int_equal(blocklist_lookup(list, &ip, NOW + 9, &e), 1);
    assert_int_equal(e.hits, 5);
    assert_int_equal(e.first, NOW);
    assert_int_equal(e.last, NOW + 5);
    /* Hits survive a new stay. */
    assert_int_equal(add("192.0.2.1", NOW + DAY, 0, BLOCK_RULE, "x").entry.hits, 5);
}

static void blocklist_next__all__each_once(void **state)
{
    (void)state;
    bool seen[60] = {false};
    uint64_t position = 0;
    struct block_entry e;
    char text[IP_TEXT_MAX];
    for (int i = 0; i < 60; i++) {
        snprintf(text, sizeof text, i % 2 ? "192.0.2.%d" : "2001:db8:0:%d::1", i);
        add(text, NOW, (uint32_t)(i + 1), BLOCK_RULE, text);
    }
    while (blocklist_next(list, &position, &e)) {
        int i = (int)(e.until - NOW - 1);
        assert_in_range(i, 0, 59);
        assert_false(seen[i]);
        seen[i] = true;
        assert_int_equal(e.prefix.bits, i % 2 ? 32 : 64);
        struct ip ip = address(e.cause);
        assert_true(ip_in(&ip, &e.prefix));
    }
    for (int i = 0; i < 60; i++)
        assert_true(seen[i]);
}

static void blocklist_counts__coming_and_going__current_and_peak(void **state)
{
    (void)state;
    struct block_counts c;
    char text[IP_TEXT_MAX];
    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof text, "192.0.2.%d", i);
        add(text, NOW + i / 10, i < 20 ? 10 : 100, BLOCK_RULE, "x");
    }
    blocklist_counts(list, NOW + 4, &c);
    assert_int_equal(c.current, 40);
    assert_int_equal(c.peak, 40);
    assert_int_equal(c.places, 96);
    for (int i = 40; i < 50; i++) { /* the first twenty are gone by now */
        snprintf(text, sizeof text, "192.0.2.%d", i);
        add(text, NOW + 20, 100, BLOCK_RULE, "x");
    }
    blocklist_counts(list, NOW + 20, &c);
    assert_int_equal(c.current, 30);
    assert_int_equal(c.peak, 40);
    assert_int_equal(c.evicted, 0);
    blocklist_counts(list, NOW + 5000, &c);
    assert_int_equal(c.current, 0);
}

static void blocklist_add__too_many__counted_and_said_once_a_minute(void **state)
{
    (void)state;
    unsigned said = 0, said_in_a_minute = 0;
    struct block_counts c;
    char text[IP_TEXT_MAX];
    for (unsigned i = 0; i < 1200; i++) {
        snprintf(text, sizeof text, "10.0.%u.%u", i / 250, i % 250);
        struct block_outcome o = add(text, NOW + i / 10, DAY, BLOCK_RULE, "x");
        said += o.say_full;
        said_in_a_minute += i < 500 && o.say_full;
        assert_true(listed(text, NOW + i / 10));
    }
    assert_int_equal(said_in_a_minute, 1);
    assert_int_equal(said, 2);
    blocklist_counts(list, NOW + 120, &c);
    assert_int_equal(c.current + c.evicted, 1200);
    assert_in_range(c.peak, 80, 96);
}

static void blocklist_resize__bigger_and_smaller__all_there(void **state)
{
    (void)state;
    struct blocklist *other;
    struct block_entry e;
    struct ip ip = address("192.0.2.1");
    add("192.0.2.1", NOW, 0, BLOCK_RULE, "gatepost.conf:7");
    add("192.0.2.2", NOW, 0, BLOCK_RULE, "x");
    assert_int_equal(blocklist_lookup(list, &ip, NOW, &e), 1);
    blocklist_hit(list, &e, NOW + 1);
    assert_int_equal(blocklist_open(folder.path, 64, 32, 64, 0, &other, reason, sizeof reason), 1);
    assert_int_equal(blocklist_resize(other, 5000, NOW, DAY, reason, sizeof reason), 0);
    assert_true(blocklist_retired(list));
    assert_true(blocklist_replaced(list));
    assert_false(blocklist_retired(other));
    assert_true(listed("192.0.2.1", NOW)); /* sessions that have the old one are answered */
    blocklist_close(&list);
    list = other;
    assert_int_equal(blocklist_lookup(list, &ip, NOW, &e), 1);
    assert_int_equal(e.hits, 1);
    assert_string_equal(e.cause, "gatepost.conf:7");
    struct block_counts c;
    blocklist_counts(list, NOW, &c);
    assert_int_equal(c.places, 7504);
    assert_int_equal(c.peak, 2);
    assert_in_range(time(NULL) - c.since, 0, 60);
    assert_int_equal(blocklist_resize(list, 10, NOW + DAY, 0, reason, sizeof reason), 0);
    blocklist_counts(list, NOW, &c);
    assert_int_equal(c.places, 16);
    assert_int_equal(c.current, 0);
}

static void blocklist_open__read_only__looks_up_and_says_why_not(void **state)
{
    (void)state;
    struct blocklist *reader;
    struct ip ip = address("192.0.2.1");
    struct block_outcome o;
    struct block_request r = {.client = &ip, .now = NOW, .steps = {1, 2, 3}, .cause = TEXT("x")};
    struct temp_folder empty;
    temp_make(&empty);
    assert_int_equal(
        blocklist_open(empty.path, 64, 32, 64, BLOCKLIST_READ_ONLY, &reader, reason, sizeof reason), 0);
    assert_null(reader);
    temp_remove(&empty);
    assert_int_equal(blocklist_open(empty.path, 64, 32, 64, 0, &reader, reason, sizeof reason), -1);
    assert_null(reader);
    assert_string_not_equal(reason, "");
    assert_int_equal(
        blocklist_open(folder.path, 64, 32, 64, BLOCKLIST_READ_ONLY, &reader, reason, sizeof reason), 1);
    assert_int_equal(blocklist_add(reader, &r, &o, reason, sizeof reason), -1);
    assert_string_not_equal(reason, "");
    assert_int_equal(blocklist_remove(reader, &ip, reason, sizeof reason), -1);
    assert_int_equal(blocklist_clear(reader, reason, sizeof reason), -1);
    add("192.0.2.1", NOW, 0, BLOCK_RULE, "x");
    assert_int_equal(blocklist_lookup(reader, &ip, NOW, NULL), 1);
    blocklist_close(&reader);
}

/* 170,000 /64s of one /48 used to empty the whole list. */
static void flood(bool v6)
{
    char client[IP_TEXT_MAX];
    for (unsigned i = 0; i < 50; i++) {
        snprintf(client, sizeof client, "11.0.%u.1", i);
        add(client, NOW, 3600, BLOCK_RULE, "x");
    }
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(client, sizeof client, v6 ? "2001:db8:1:%x::1" : "192.0.2.%u", v6 ? i : i % 256);
        add(client, NOW + 1, 7200, BLOCK_RULE, "x");
        assert_true(listed(client, NOW + 1)); /* the newcomer is always listed */
    }
    for (unsigned i = 0; i < 50; i++) {
        snprintf(client, sizeof client, "11.0.%u.1", i);
        if (!listed(client, NOW + 2))
            fail_msg("%s lost its place", client);
    }
}

static void blocklist_add__flood_of_one_slash_48__pushes_out_its_own(void **state)
{
    (void)state;
    flood(true);
}

static void blocklist_add__flood_of_one_slash_24__pushes_out_its_own(void **state)
{
    (void)state;
    flood(false);
}

/* No stay is longer than a year and a day, so an end further away, or a beginning that is still to come, was written
 * while the clock was wrong. */
static void blocklist_lookup__clock_was_wrong__does_not_count(void **state)
{
    static const struct {
        int64_t at;  /* when the client was put there */
        int64_t now; /* when it comes back */
        uint32_t seconds;
        bool listed;
    } cases[] = {
        {NOW, NOW - 20, 1800, true}, /* a clock set right */
        {NOW, NOW - 1800, 1800, true},
        {NOW, NOW - 2 * DAY, 1800, false},
        {NOW, NOW - 365 * DAY, 1800, false},
        {NOW, NOW - 7300 * DAY, 1800, false},
        {NOW, 0, 1800, false},
        {NOW + 400 * DAY, NOW, 1800, false},
        {NOW + 26280 * DAY, NOW, 1, false},
        {NOW, NOW, UINT32_MAX, true},
        {NOW, NOW + 365 * DAY, UINT32_MAX, true},
        {NOW, NOW + 367 * DAY, UINT32_MAX, false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char client[IP_TEXT_MAX];
        snprintf(client, sizeof client, "11.0.%u.1", i);
        add(client, cases[i].at, cases[i].seconds, BLOCK_RULE, "x");
        if (listed(client, cases[i].now) != cases[i].listed)
            fail_msg("case %u", i);
        if (cases[i].listed)
            continue;
        /* Once put there by the right clock, it counts, for the first time. */
        struct block_outcome outcome = add(client, cases[i].now, 60, BLOCK_RULE, "y");
        assert_int_equal(outcome.entry.until, (cases[i].now ? cases[i].now : 0) + 60);
        if (cases[i].now < cases[i].at)
            assert_int_equal(outcome.event, BLOCK_FIRST);
        assert_true(listed(client, cases[i].now + 59));
        assert_false(listed(client, cases[i].now + 61));
    }
}

/* A caller that has waited enough gives up at once. */
static void blocklist_add__lock_held__waits_no_longer_than_it_may(void **state)
{
    struct ip ip = address("192.0.2.1");
    struct block_outcome outcome;
    struct os_lock lock;
    uint32_t wait = 50;
    struct block_request r = {.client = &ip, .now = NOW, .steps = {1, 2, 3}, .cause = TEXT("x"), .wait = &wait};
    (void)state;
    assert_int_equal(os_lock(temp_path(&folder, "lock"), 20, &lock), 0);
    for (unsigned i = 0; i < 50; i++) {
        const uint32_t before = wait;
        assert_int_equal(blocklist_add(list, &r, &outcome, reason, sizeof reason), -1);
        assert_true(wait < before || before == 0);
    }
    assert_int_equal(wait, 0);
    assert_int_equal(blocklist_add(list, &r, &outcome, reason, sizeof reason), -1);
    assert_non_null(strstr(reason, "for 0 ms"));
    os_unlock(&lock);
    assert_int_equal(blocklist_add(list, &r, &outcome, reason, sizeof reason), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocklist_add__lock_held__waits_no_longer_than_it_may),
        TEST(blocklist_add__flood_of_one_slash_48__pushes_out_its_own),
        TEST(blocklist_add__flood_of_one_slash_24__pushes_out_its_own),
        TEST(blocklist_lookup__clock_was_wrong__does_not_count),
        TEST(blocklist_add__steps__climb_within_memory),
        TEST(blocklist_add__listed_already__later_end_stays),
        TEST(blocklist_add__relay__never_climbs),
        TEST(blocklist_lookup__prefixes_and_families__kept_apart),
        TEST(blocklist_add__long_cause__its_end_is_kept),
        TEST(blocklist_remove_and_clear__as_asked__forgotten),
        TEST(blocklist_hit__refused__counted),
        TEST(blocklist_next__all__each_once),
        TEST(blocklist_counts__coming_and_going__current_and_peak),
        TEST(blocklist_add__too_many__counted_and_said_once_a_minute),
        TEST(blocklist_resize__bigger_and_smaller__all_there),
        TEST(blocklist_open__read_only__looks_up_and_says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
