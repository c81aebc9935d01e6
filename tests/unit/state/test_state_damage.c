/*
 * Every byte of each state file changed once, and every length it could be cut to: what is damaged is set
 * aside, or is an empty place that the next writer mends; what is told is never wrong.
 */
#include "tests/unit/lib/rounds.h"
#include "tests/unit/lib/case_folder.h"

#include "core/state/blocklist.h"
#include "core/state/sightings.h"
#include "core/state/stats.h"

enum { NOW = 1058000000, DAY = 86400, ENTRIES = 64, HEAD = 64, PAGE = 4096 };

static char reason[300];

static struct ip client(uint32_t n)
{
    return (struct ip){{10, 0, (uint8_t)(n >> 8), (uint8_t)n}, 0};
}

static int add(struct blocklist *list, uint32_t n)
{
    struct ip ip = client(n);
    struct block_outcome outcome;
    struct block_request r = {.client = &ip,
                              .now = NOW,
                              .steps = {DAY + n, DAY, DAY},
                              .memory = DAY,
                              .kind = BLOCK_RULE,
                              .cause = text_of("gatepost.conf:12345678", 14 + n % 8)};
    return blocklist_add(list, &r, &outcome, reason, sizeof reason);
}

/* How many of the entries are missing; fails if one is wrong. */
static unsigned missing_from(const struct blocklist *list)
{
    uint64_t position = 0;
    unsigned missing = 0, found = 0;
    struct block_entry e;
    for (uint32_t n = 0; n < ENTRIES; n++) {
        struct ip ip = client(n);
        if (blocklist_lookup(list, &ip, NOW, &e) != 1) {
            missing++;
            continue;
        }
        assert_int_equal(e.until, NOW + DAY + n);
        assert_int_equal(e.times, 1);
        assert_int_equal(e.kind, BLOCK_RULE);
        assert_int_equal(e.first, NOW);
        assert_true(e.cause[0] == '\0' ||
                    text_eq(text_z(e.cause), text_of("gatepost.conf:12345678", 14 + n % 8)));
    }
    while (blocklist_next(list, &position, &e))
        found++;
    assert_int_equal(found + missing, ENTRIES);
    return missing;
}

static void use_blocklist(size_t at)
{
    struct blocklist *list;
    struct block_counts counts;
    assert_int_equal(blocklist_open(folder.path, ENTRIES, 32, 64, 0, &list, reason, sizeof reason), 1);
    unsigned missing = missing_from(list);
    if (at < HEAD) {
        assert_string_not_equal(reason, "");
        assert_int_equal(missing, ENTRIES);
    } else {
        assert_string_equal(reason, "");
        assert_true(missing <= (at < PAGE ? 0 : 1));
        assert_false(blocklist_retired(list));
    }
    blocklist_counts(list, NOW, &counts);
    assert_in_range(counts.current, ENTRIES - missing, at < HEAD ? 0 : ENTRIES); /* it looks at words only */
    assert_true(counts.peak <= ENTRIES && counts.evicted == 0);
    if (missing) {
        for (uint32_t n = 0; n < ENTRIES; n++)
            assert_int_equal(add(list, n), 0);
        assert_int_equal(missing_from(list), 0);
    }
    blocklist_close(&list);
}

static int note(struct sightings *s, unsigned subject, uint32_t n, struct sighting *got)
{
    char text[20];
    struct ip ip = client(n);
    snprintf(text, sizeof text, "Subject %u", subject);
    struct sighting_request r = {SIGHTING_SUBJECT, text_z(text), TEXT(""), &ip, NOW + n, 3600, 3, NULL};
    return sightings_note(s, &r, got, reason, sizeof reason);
}

static void use_sightings(size_t at)
{
    struct sightings *s;
    struct sighting got;
    unsigned missing = 0;
    assert_int_equal(sightings_open(folder.path, ENTRIES, 32, 64, 0, &s, reason, sizeof reason), 1);
    assert_true((reason[0] != '\0') == (at < HEAD));
    for (unsigned i = 0; i < 8; i++) {
        int reached = note(s, i, 9, &got);
        assert_int_equal(reached, got.count >= 3);
        assert_in_range(got.count, 1, 6);
        for (unsigned k = 0; k < got.count; k++)
            assert_true(got.clients[k].byte[0] == 10 &&
                        (got.clients[k].byte[3] < 5 || got.clients[k].byte[3] == 9));
        missing += 6 - got.count;
    }
    assert_true(at < HEAD ? missing == 8 * 5 : at < PAGE ? missing == 0 : missing <= 5);
    sightings_close(&s);
}

static void use_stats(size_t at)
{
    struct stats *s;
    uint64_t position = 0, hash, hits;
    assert_int_equal(stats_open(folder.path, 0, &s, reason, sizeof reason), 1);
    assert_true((reason[0] != '\0') == (at < HEAD));
    stats_count(s, STATS_SIGHTINGS);
    stats_count_rule(s, 77);
    assert_true(at != PAGE + 10000 || stats_get_rule(s, 77) == 2);
    while (stats_next_rule(s, &position, &hash, &hits))
        ;
    stats_close(&s);
}

static void make_blocklist(void)
{
    struct blocklist *list;
    assert_int_equal(blocklist_open(folder.path, ENTRIES, 32, 64, 0, &list, reason, sizeof reason), 1);
    for (uint32_t n = 0; n < ENTRIES; n++)
        assert_int_equal(add(list, n), 0);
    assert_int_equal(missing_from(list), 0);
    blocklist_close(&list);
}

static void make_sightings(void)
{
    struct sightings *s;
    struct sighting got;
    assert_int_equal(sightings_open(folder.path, ENTRIES, 32, 64, 0, &s, reason, sizeof reason), 1);
    for (unsigned i = 0; i < ENTRIES; i++)
        for (uint32_t n = 0; n < (i < 8 ? 5 : 1); n++)
            assert_true(note(s, i, n, &got) >= 0);
    sightings_close(&s);
}

static void make_stats(void)
{
    struct stats *s;
    assert_int_equal(stats_open(folder.path, 0, &s, reason, sizeof reason), 1);
    for (uint64_t n = 0; n < ENTRIES; n++)
        stats_count_rule(s, stats_rule_hash(text_of((const char *)&n, sizeof n)));
    stats_count_rule(s, 77);
    stats_close(&s);
}

static int reader_blocklist(void)
{
    struct blocklist *list;
    int opened =
        blocklist_open(folder.path, ENTRIES, 32, 64, BLOCKLIST_READ_ONLY, &list, reason, sizeof reason);
    blocklist_close(&list);
    return opened;
}

static int reader_sightings(void)
{
    struct sightings *s;
    int opened = sightings_open(folder.path, ENTRIES, 32, 64, SIGHTINGS_READ_ONLY, &s, reason, sizeof reason);
    sightings_close(&s);
    return opened;
}

static int reader_stats(void)
{
    struct stats *s;
    int opened = stats_open(folder.path, STATS_READ_ONLY, &s, reason, sizeof reason);
    stats_close(&s);
    return opened;
}

static const struct kind {
    const char *name;
    void (*make)(void);
    void (*use)(size_t at); /* after the byte there was changed */
    int (*reader)(void);
} kinds[] = {
    {"blocklist", make_blocklist, use_blocklist, reader_blocklist},
    {"sightings", make_sightings, use_sightings, reader_sightings},
    {"stats", make_stats, use_stats, reader_stats},
};

static unsigned char *whole(const char *path, size_t *n)
{
    char *p = NULL;
    struct file_id id;
    assert_int_equal(os_read(path, 1 << 24, &p, n, &id), 0);
    return (unsigned char *)p;
}

/* In place, as none of our programs would: no process has it mapped. */
static void restore(const char *path, const unsigned char *p, size_t n)
{
    FILE *file = fopen(path, "r+b");
    if (!file)
        file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(p, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    file_cut(path, n);
}

/* Odd, so that bytes of every kind are met. */
static unsigned stride(void)
{
    return is_very_slow() ? slowness() | 1 : 1;
}

static void state_open__any_byte_changed__set_aside_or_mended(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char path[200];
        size_t n = 0;
        kinds[k].make();
        snprintf(path, sizeof path, "%s/%s", folder.path, kinds[k].name);
        unsigned char *bytes = whole(path, &n);
        for (size_t at = 0; at < n; at += stride()) {
            unsigned char was = bytes[at];
            bytes[at] ^= at % 2 ? 0xff : (unsigned char)(1u << (at / 2) % 8);
            restore(path, bytes, n);
            kinds[k].use(at);
            bytes[at] = was;
        }
        print_message("%s: %zu bytes\n", kinds[k].name, n);
        free(bytes);
    }
}

static void state_open__any_length__set_aside(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char path[200];
        size_t n = 0;
        kinds[k].make();
        snprintf(path, sizeof path, "%s/%s", folder.path, kinds[k].name);
        unsigned char *bytes = whole(path, &n);
        assert_int_equal(kinds[k].reader(), 1);
        for (size_t length = n; length-- > 0;) {
            if (length % stride() && length != HEAD && length != PAGE && length + 1 != n)
                continue;
            file_cut(path, length);
            assert_int_equal(kinds[k].reader(), -1);
            assert_string_not_equal(reason, "");
            /* Making a new file takes time: not after each. */
            if (length % 97 == 0 || length == HEAD || length == PAGE || length + 1 == n) {
                kinds[k].use(0);
                restore(path, bytes, n);
            }
        }
        restore(path, bytes, n);
        unsigned char *longer = calloc(1, n + 1);
        assert_non_null(longer);
        memcpy(longer, bytes, n);
        restore(path, longer, n + 1);
        assert_int_equal(kinds[k].reader(), -1);
        free(longer);
        free(bytes);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(state_open__any_byte_changed__set_aside_or_mended),
        TEST(state_open__any_length__set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
