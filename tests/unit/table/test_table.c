#include "tests/unit/lib/table_helper.h"

#include <errno.h>

#include "core/table/format.h"

static const char sample[] = "192.0.2.0/24 all\n"
                             "192.0.2.66 none\n"
                             "192.0.0.0/16 helo\n"
                             "0.0.0.0/0 connect\n"
                             "2001:db8::/32 mail\n"
                             "2001:db8:0:1::/64 rcpt\n"
                             "2001:db8::1 subject\n"
                             ".listserv.example.net headers\n"
                             "a.listserv.example.net header\n"
                             "relay.example.org helo\n"
                             "helo:laptop mail\n"
                             "helo:[198.51.100.7] rcpt\n"
                             "helo:203.0.113.0/24 subject\n"
                             "helo:.example.org all\n"
                             "from:<> mail\n"
                             "from:User@Partner.example subject\n"
                             "from:@partner.example rcpt\n"
                             "from:.partner.example header\n"
                             "from:bounce@ headers\n"
                             "to:postmaster@ rcpt\n";

static struct text client(const struct table *t, const char *address, const char *name, struct text *matched)
{
    struct ip ip;
    struct text value = TEXT("-");
    assert_true(ip_parse(text_z(address), &ip));
    assert_true(table_client(t, &ip, text_z(name), &value, matched) >= 0);
    return value;
}

static void assert_text(struct text got, const char *expected)
{
    if (!text_eq(got, text_z(expected)))
        fail_msg("'%.*s' is not '%s'", (int)got.n, got.p, expected);
}

static void table_client__addresses_and_names__narrowest_wins(void **state)
{
    (void)state;
    static const struct {
        const char *address, *name, *value, *key;
    } cases[] = {
        {"192.0.2.1", "", "all", "client:192.0.2.0/24"},
        {"192.0.2.66", "", "none", "client:192.0.2.66"},
        {"::ffff:192.0.2.66", "", "none", "client:192.0.2.66"},
        {"192.0.3.1", "", "helo", "client:192.0.0.0/16"},
        {"8.8.8.8", "", "connect", "client:0.0.0.0/0"},
        {"2001:db8::1", "", "subject", "client:2001:db8::1"},
        {"2001:db8::2", "", "mail", "client:2001:db8::/32"},
        {"2001:db8:0:1::2", "", "rcpt", "client:2001:db8:0:1::/64"},
        {"2001:db9::1", "", "-", ""},
        {"192.0.2.66", "relay.example.org", "none", "client:192.0.2.66"},
        {"192.0.2.1", "Relay.Example.ORG.", "helo", "client:relay.example.org"},
        {"2001:db9::1", "x.relay.example.org", "-", ""},
        {"2001:db9::1", "listserv.example.net", "headers", "client:.listserv.example.net"},
        {"2001:db9::1", "b.c.listserv.example.net", "headers", "client:.listserv.example.net"},
        {"2001:db9::1", "a.listserv.example.net", "header", "client:a.listserv.example.net"},
        {"2001:db9::1", "xlistserv.example.net", "-", ""},
        {"2001:db9::1", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.listserv.example.net", "headers",
         "client:.listserv.example.net"},
        {"2001:db9::1", "..", "-", ""},
    };
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, text_z(sample)), 0);
    struct table *t = open_made();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text matched = TEXT("");
        assert_text(client(t, cases[i].address, cases[i].name, &matched), cases[i].value);
        assert_text(matched, cases[i].key);
    }
    /* Names as long as a hostile resolver can make them. */
    char name[4000];
    for (size_t n = 0; n < sizeof name; n += 37) {
        memset(name, '.', n);
        for (size_t k = 0; k < n; k += 2)
            name[k] = 'a';
        struct ip ip = {.v6 = 1};
        struct text value;
        assert_int_equal(table_client(t, &ip, text_of(name, n), &value, NULL), 0);
    }
    table_close(&t);
}

static void table_helo__names_and_addresses__as_a_client(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"laptop", "mail"},
        {"LAPTOP", "mail"},
        {"198.51.100.7", "rcpt"},
        {"[198.51.100.7]", "rcpt"},
        {"[IPv6:::ffff:198.51.100.7]", "rcpt"},
        {"203.0.113.9", "subject"},
        {"example.org", "all"},
        {"x.example.org", "all"},
        {"xexample.org", "-"},
        {"192.0.2.1", "-"},
        {"", "-"},
        {"[", "-"},
    };
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, text_z(sample)), 0);
    struct table *t = open_made();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text value = TEXT("-");
        table_helo(t, text_z(cases[i].name), &value, NULL);
        assert_text(value, cases[i].value);
    }
    table_close(&t);
}

static void table_mailbox__senders_and_recipients__narrowest_wins(void **state)
{
    (void)state;
    static const struct {
        enum table_tag tag;
        const char *local, *domain, *value;
    } cases[] = {
        {TAG_FROM, "", "", "mail"},
        {TAG_TO, "", "", "-"},
        {TAG_FROM, "user", "partner.example", "subject"},
        {TAG_FROM, "USER", "PARTNER.example.", "subject"},
        {TAG_FROM, "other", "partner.example", "rcpt"},
        {TAG_FROM, "user", "sub.partner.example", "header"},
        {TAG_FROM, "bounce", "partner.example", "rcpt"},
        {TAG_FROM, "bounce", "elsewhere.example", "headers"},
        {TAG_FROM, "user", "elsewhere.example", "-"},
        {TAG_TO, "postmaster", "", "rcpt"},
        {TAG_TO, "Postmaster", "any.example", "rcpt"},
        {TAG_TO, "user", "partner.example", "-"},
    };
    char huge[3000];
    struct text value;
    memset(huge, 'a', sizeof huge);
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, text_z(sample)), 0);
    struct table *t = open_made();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        value = TEXT("-");
        table_mailbox(t, cases[i].tag, text_z(cases[i].local), text_z(cases[i].domain), &value, NULL);
        assert_text(value, cases[i].value);
    }
    assert_int_equal(
        table_mailbox(t, TAG_FROM, text_of(huge, sizeof huge), text_of(huge, sizeof huge), &value, NULL), 0);
    assert_int_equal(
        table_mailbox(t, TAG_FROM, text_of(huge, sizeof huge), TEXT("partner.example"), &value, NULL), 1);
    assert_text(value, "rcpt");
    table_close(&t);
}

static void table_summary__what_occurs__is_known(void **state)
{
    (void)state;
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("from:a@b rcpt\n192.0.2.1 all\n")), 0);
    struct table *t = open_made();
    assert_int_equal(table_count(t), 2);
    assert_true(table_has_tag(t, TAG_FROM) && table_has_tag(t, TAG_CLIENT));
    assert_false(table_has_tag(t, TAG_TO) || table_has_tag(t, TAG_HELO) || table_has_client_names(t));
    table_close(&t);
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("a.example all\n")), 0);
    t = open_made();
    assert_true(table_has_client_names(t));
    table_close(&t);
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("# nothing yet\n")), 0);
    t = open_made();
    assert_int_equal(table_count(t), 0);
    assert_text(client(t, "192.0.2.1", "a.example", NULL), "-");
    table_close(&t);
}

static void table_next__all_records__in_order(void **state)
{
    (void)state;
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("b.example all\na.example none\n")), 0);
    struct table *t = open_made();
    uint64_t at = 0;
    struct text key, value;
    assert_int_equal(table_next(t, &at, &key, &value), 1);
    assert_text(key, "client:b.example");
    assert_text(value, "all");
    assert_int_equal(table_next(t, &at, &key, &value), 1);
    assert_text(key, "client:a.example");
    assert_int_equal(table_next(t, &at, &key, &value), 0);
    assert_int_equal(table_next(t, &at, &key, &value), 0);
    table_close(&t);
}

static void table_open__not_a_table__says_what_to_do(void **state)
{
    (void)state;
    static char zeros[4096];
    char reason[200];
    struct table *t;
    assert_int_equal(table_open("/nonexistent/x.cdb", &t, reason, sizeof reason), ENOENT);
    assert_null(t);
    assert_int_equal(table_open(folder, &t, reason, sizeof reason), EINVAL);
    write_file(out_path, TEXT(""));
    assert_int_equal(table_open(out_path, &t, reason, sizeof reason), EPROTO);
    assert_non_null(strstr(reason, "0 bytes"));
    write_file(out_path, text_of(zeros, sizeof zeros));
    assert_int_equal(table_open(out_path, &t, reason, sizeof reason), EPROTO);
    assert_string_equal(reason, "not made by 'gatepost table make'; make it again from its text");
    assert_null(t);
}

static size_t load(unsigned char **bytes)
{
    struct file_map map;
    assert_int_equal(os_map(out_path, false, &map), 0);
    *bytes = malloc(map.size);
    assert_non_null(*bytes);
    memcpy(*bytes, map.p, map.size);
    size_t n = map.size;
    os_unmap(&map);
    return n;
}

static void table_open__cut_at_every_length__refused(void **state)
{
    (void)state;
    unsigned char *bytes;
    char reason[200];
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, text_z(sample)), 0);
    size_t n = load(&bytes);
    for (size_t cut = 0; cut < n; cut++) {
        struct table *t;
        unsigned char *copy = malloc(cut ? cut : 1);
        memcpy(copy, bytes, cut);
        assert_int_equal(table_open_memory(copy, cut, &t, reason, sizeof reason), EPROTO);
        free(copy);
    }
    free(bytes);
}

static void table_open__every_byte_changed__refused(void **state)
{
    (void)state;
    unsigned char *bytes;
    char reason[200];
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, text_z(sample)), 0);
    size_t n = load(&bytes);
    for (size_t at = 0; at < n; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct table *t;
            bytes[at] ^= (unsigned char)(1u << bit);
            assert_int_equal(table_open_memory(bytes, n, &t, reason, sizeof reason), EPROTO);
            bytes[at] ^= (unsigned char)(1u << bit);
        }
    free(bytes);
}

/* A large file is not read whole when it is opened: look-ups must bear what they meet. */
static void table_lookup__large_file_with_changed_bytes__no_crash_and_verify_tells(void **state)
{
    (void)state;
    enum { KEYS = 4000, LINE = 32 };
    static char text[KEYS * LINE];
    unsigned char *bytes;
    char reason[200];
    struct table *t;
    size_t used = 0;
    for (unsigned i = 0; i < KEYS; i++)
        used += (size_t)snprintf(text + used, LINE, "10.%u.%u.1 550 no %u\n", i / 256, i % 256, i);
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, text_of(text, used)), 0);
    size_t n = load(&bytes);
    assert_true(n > TABLE_SMALL);
    assert_int_equal(table_open_memory(bytes, n, &t, reason, sizeof reason), 0);
    assert_int_equal(table_verify(t, reason, sizeof reason, NULL, NULL), 0);
    table_close(&t);
    unsigned opened = 0;
    for (size_t at = 0; at < n; at += 61) {
        unsigned char old = bytes[at];
        bytes[at] ^= (unsigned char)(1 + at % 255);
        if (table_open_memory(bytes, n, &t, reason, sizeof reason) == 0) {
            struct text key, value;
            uint64_t position = 0;
            opened++;
            for (unsigned i = 0; i < 64; i++) {
                struct ip ip = {{10, (uint8_t)(i % 15), (uint8_t)(at + i), 1}, 0};
                table_client(t, &ip, TEXT(""), &value, NULL);
            }
            while (table_next(t, &position, &key, &value) > 0)
                ;
            assert_int_equal(table_verify(t, reason, sizeof reason, NULL, NULL), EPROTO);
            table_close(&t);
        }
        bytes[at] = old;
    }
    assert_true(opened > 0);
    free(bytes);
}

static void table_canonical_key__what_people_write__one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *written, *key;
    } cases[] = {
        {"192.0.2.1", "client:192.0.2.1"},
        {"Client:192.0.2.1/32", "client:192.0.2.1"},
        {"192.0.2.0/24", "client:192.0.2.0/24"},
        {"::ffff:192.0.2.1", "client:192.0.2.1"},
        {"::ffff:192.0.2.0/120", "client:192.0.2.0/24"},
        {"2001:DB8:0:0::1", "client:2001:db8::1"},
        {"2001:db8::/32", "client:2001:db8::/32"},
        {"::/0", "client:::/0"},
        {"[192.0.2.1]", "client:192.0.2.1"},
        {"Example.COM.", "client:example.com"},
        {".Example.com", "client:.example.com"},
        {"mail_1.example.com", "client:mail_1.example.com"},
        {"b\xc3\xbc"
         "cher.example",
         "client:xn--bcher-kva.example"},
        {"localhost", "client:localhost"},
        {"HELO:Laptop", "helo:laptop"},
        {"helo:[IPv6:2001:db8::1]", "helo:2001:db8::1"},
        {"From:User@Example.com", "from:user@example.com"},
        {"from:<User@Example.com>", "from:user@example.com"},
        {"from:<>", "from:<>"},
        {"from:\"a@b\"@c.example", "from:a@b@c.example"},
        {"from:\"sugar\"@c.example", "from:sugar@c.example"},
        {"to:@Example.com.", "to:@example.com"},
        {"to:honey@", "to:honey@"},
        {"to:.example.com", "to:.example.com"},
        {"to:example.com", "to:example.com"},
        {"to:user@[192.0.2.1]", "to:user@[192.0.2.1]"},
    };
    static const struct {
        const char *written, *problem;
    } wrong[] = {
        {"", "missing"},
        {"from:", "missing"},
        {"192.0.2.1/24", "not zero"},
        {"192.168", "neither"},
        {"192.0.2.*", "neither"},
        {"192.0.2.1/33", "neither"},
        {"user@x.example", "needs from:"},
        {"form:@x.example", "unknown tag"},
        {"to:<>", "only from:"},
        {"to:postmaster", "user@"},
        {"to:postmaster.", "user@"},
        {"to:a..", "neither"},
        {"to:x@a..", "neither"},
        {"a..", "neither"},
        {"to:@", "missing"},
        {"to:a@.x.example", "without '@'"},
        {"a..b", "two dots"},
        {".", "missing"},
        {"from:a@b c", "neither"},
        {"10.0.0.256", "neither"},
    };
    char key[TABLE_KEY_MAX];
    const char *problem;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        problem = NULL;
        size_t n = table_canonical_key(text_z(cases[i].written), key, &problem);
        assert_text(n ? text_of(key, n) : text_z(problem), cases[i].key);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        problem = NULL;
        assert_int_equal(table_canonical_key(text_z(wrong[i].written), key, &problem), 0);
        if (!strstr(problem, wrong[i].problem))
            fail_msg("'%s': %s", wrong[i].written, problem);
    }
    static char longest[2000];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, table_tag_prefix[TAG_FROM].p, 5);
    longest[1000] = '@';
    assert_int_equal(table_canonical_key(text_of(longest, 1300), key, &problem), 0);
    assert_int_equal(table_canonical_key(text_of(longest + 900, 300), key, &problem), 0);
}

static void table_meta__formatted__parsed_alike(void **state)
{
    (void)state;
    struct table_summary s = {0};
    struct table_meta meta;
    char text[TABLE_META_SIZE + 1];
    static const char *const keys[] = {"client:10.0.0.0/8",
                                       "helo:192.0.2.0/31",
                                       "client:2001:db8::/32",
                                       "helo:::/0",
                                       "helo:2001:db8::/127",
                                       "client:a.example",
                                       "to:x@y"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        table_summary_add(&s, text_z(keys[i]));
    assert_int_equal(s.v4[0], 1u << 8);
    assert_int_equal(s.v4[1], 1u << 31);
    assert_true(s.v6[0][0] == (uint64_t)1 << 32 && s.v6[1][0] == 1 && s.v6[1][1] == (uint64_t)1 << 63);
    table_meta_format(&s, UINT32_MAX, UINT64_MAX, text);
    assert_int_equal(strlen(text), TABLE_META_SIZE);
    assert_true(table_meta_parse(text_z(text), &meta));
    assert_true(meta.size == UINT32_MAX && meta.sum == UINT64_MAX);
    assert_memory_equal(&meta.summary, &s, sizeof s);
    text[20] = 'x';
    assert_false(table_meta_parse(text_z(text), &meta));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_client__addresses_and_names__narrowest_wins),
        cmocka_unit_test(table_helo__names_and_addresses__as_a_client),
        cmocka_unit_test(table_mailbox__senders_and_recipients__narrowest_wins),
        cmocka_unit_test(table_summary__what_occurs__is_known),
        cmocka_unit_test(table_next__all_records__in_order),
        cmocka_unit_test(table_open__not_a_table__says_what_to_do),
        cmocka_unit_test(table_open__cut_at_every_length__refused),
        cmocka_unit_test(table_open__every_byte_changed__refused),
        cmocka_unit_test(table_lookup__large_file_with_changed_bytes__no_crash_and_verify_tells),
        cmocka_unit_test(table_canonical_key__what_people_write__one_spelling),
        cmocka_unit_test(table_meta__formatted__parsed_alike),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
