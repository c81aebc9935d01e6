/* The record that a table keeps about itself: anything but what was written is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/table/format.h"

static const struct table_summary sample = {.count = 0x0123456789abcdefu,
                                            .tags = 0x0f,
                                            .client_names = 1,
                                            .v4 = {0x80000001u, 0x00010000u},
                                            .v6 = {{1, 2}, {3, (uint64_t)1 << 63}}};

static bool parses(const char *text, size_t n, struct table_meta *meta)
{
    char *own = malloc(n ? n : 1); /* a sanitizer sees a read too far */
    assert_non_null(own);
    memcpy(own, text, n);
    bool good = table_meta_parse(text_of(own, n), meta);
    free(own);
    return good;
}

/* As text, which has no gaps between its members. */
static void assert_same(const struct table_summary *got, const struct table_summary *expected)
{
    char a[TABLE_META_SIZE + 1], b[TABLE_META_SIZE + 1];
    table_meta_format(got, 0, 0, a);
    table_meta_format(expected, 0, 0, b);
    assert_string_equal(a, b);
}

static void table_meta_parse__cut_or_longer__refused(void **state)
{
    (void)state;
    char text[TABLE_META_SIZE + 2];
    struct table_meta meta;
    table_meta_format(&sample, 4711, 42, text);
    for (size_t n = 0; n < TABLE_META_SIZE; n++)
        assert_false(parses(text, n, &meta));
    assert_true(parses(text, TABLE_META_SIZE, &meta));
    assert_true(meta.size == 4711 && meta.sum == 42);
    assert_same(&meta.summary, &sample);
    text[TABLE_META_SIZE] = '0';
    assert_false(parses(text, TABLE_META_SIZE + 1, &meta));
}

static void table_meta_parse__any_byte_changed__refused_or_another_summary(void **state)
{
    (void)state;
    char text[TABLE_META_SIZE + 1], again[TABLE_META_SIZE + 1];
    struct table_meta meta;
    table_meta_format(&sample, 4711, 42, text);
    for (size_t i = 0; i < TABLE_META_SIZE; i++) {
        const char was = text[i];
        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            if (!parses(text, TABLE_META_SIZE, &meta))
                continue;
            /* One spelling for each summary: what is taken would be written the same. */
            table_meta_format(&meta.summary, meta.size, meta.sum, again);
            assert_string_equal(again, text);
        }
        text[i] = was;
    }
}

static void table_summary_add__each_kind_of_key__sets_its_bit_alone(void **state)
{
    static const struct {
        const char *key;
        uint8_t tags, client_names;
        uint32_t v4_client, v4_helo;
        uint64_t v6_client_high, v6_helo_low;
    } rows[] = {
        {"client:192.0.2.1", 1 << TAG_CLIENT, 0, 0, 0, 0, 0},
        {"client:0.0.0.0/0", 1 << TAG_CLIENT, 0, 1, 0, 0, 0},
        {"client:192.0.2.0/31", 1 << TAG_CLIENT, 0, 1u << 31, 0, 0, 0},
        {"client:2001:db8::1", 1 << TAG_CLIENT, 0, 0, 0, 0, 0},
        {"client:2001:db8::/64", 1 << TAG_CLIENT, 0, 0, 0, 1, 0},
        {"client:.example", 1 << TAG_CLIENT, 1, 0, 0, 0, 0},
        {"helo:10.0.0.0/8", 1 << TAG_HELO, 0, 0, 1 << 8, 0, 0},
        {"helo:2001:db8::/63", 1 << TAG_HELO, 0, 0, 0, 0, (uint64_t)1 << 63},
        {"helo:a.example", 1 << TAG_HELO, 0, 0, 0, 0, 0},
        {"from:10.0.0.0/8", 1 << TAG_FROM, 0, 0, 0, 0, 0},
        {"to:a@", 1 << TAG_TO, 0, 0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct table_summary s = {0};
        struct table_summary expected = {.count = 1,
                                         .tags = rows[i].tags,
                                         .client_names = rows[i].client_names,
                                         .v4 = {rows[i].v4_client, rows[i].v4_helo},
                                         .v6 = {{0, rows[i].v6_client_high}, {rows[i].v6_helo_low, 0}}};
        table_summary_add(&s, text_z(rows[i].key));
        assert_same(&s, &expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_meta_parse__cut_or_longer__refused),
        cmocka_unit_test(table_meta_parse__any_byte_changed__refused_or_another_summary),
        cmocka_unit_test(table_summary_add__each_kind_of_key__sets_its_bit_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
