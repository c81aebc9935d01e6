#include "core/rules/evaluate.h"
#include "core/rules/builder.h"
#include "core/pattern/pattern.h"
#include "tests/unit/lib/memory_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct block *some_rules(void)
{
    struct collected problems;
    struct block *r = load_text("own-names = mail.example.com .example.org\nown-addresses = 190.140.4.4\n"
                                "own-networks = 10.0.0.0/8 2001:db8::/32 0.0.0.0/0\n"
                                "table partners = partners.cdb\nhelo, \"*zombie*\", fail, \"554 a\"\n"
                                "mail, in(partners), skip\nheader, \"X-Mailer:*\", log, \"x\"\n"
                                "headers, not has(Message-ID), fail\n",
                                NULL, 0, &problems);
    assert_non_null(r);
    return r;
}

/* A copy of the block in memory of its own, for tests that damage it. */
static unsigned char *copy_of(const struct block *r, size_t *n)
{
    struct text bytes = block_bytes(r);
    unsigned char *copy = malloc(bytes.n);
    assert_non_null(copy);
    memcpy(copy, bytes.p, bytes.n);
    *n = bytes.n;
    return copy;
}

static void block__of_another_kind__is_refused(void **state)
{
    static const struct {
        size_t at;
        const char *what;
    } rows[] = {{offsetof(struct block_head, magic), "magic"},
                {offsetof(struct block_head, sum), "sum"},
                {offsetof(struct block_head, size), "size"},
                {offsetof(struct block_head, layout), "layout"},
                {offsetof(struct block_head, version), "version"}};
    struct block *r = some_rules();
    size_t n;
    unsigned char *copy = copy_of(r, &n);
    (void)state;
    struct block *kept = block_borrow(copy, n);
    assert_non_null(kept);
    block_unref(&kept);
    assert_null(kept);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        copy[rows[i].at] ^= 1;
        if (rows[i].at != offsetof(struct block_head, sum))
            ((struct block_head *)(void *)copy)->sum = block_sum(copy, n);
        kept = block_borrow(copy, n);
        if (kept)
            print_error("%s\n", rows[i].what);
        assert_null(kept);
        copy[rows[i].at] ^= 1;
        ((struct block_head *)(void *)copy)->sum = block_sum(copy, n);
    }
    assert_null(block_borrow(copy, n - 1));
    assert_null(block_borrow(copy, sizeof(struct block_head) - 1));
    assert_null(block_borrow(NULL, 0));
    free(copy);
    block_unref(&r);
}

static void block__counted__lives_until_the_last_lets_go(void **state)
{
    struct block *a = some_rules();
    (void)state;
    struct block *b = block_ref(a);
    block_unref(&a);
    assert_null(a);
    assert_int_equal(block_rule_count(b), 4);
    block_unref(&b);
    block_unref(&b); /* nothing is no mistake */
}

static void spans__outside_the_block__are_nothing(void **state)
{
    struct block *r = some_rules();
    const uint32_t size = (uint32_t)block_bytes(r).n;
    static const struct span inside_out[] = {
        {0, 0}, {UINT32_MAX, 1}, {UINT32_MAX, UINT32_MAX}, {8, UINT32_MAX}};
    (void)state;
    for (size_t i = 0; i < sizeof inside_out / sizeof *inside_out; i++) {
        assert_int_equal(block_text(r, inside_out[i]).n, 0);
        assert_non_null(block_text(r, inside_out[i]).p);
    }
    assert_int_equal(block_text(r, (struct span){size - 1, 1}).n, 0); /* no NUL after it */
    assert_int_equal(block_text(r, (struct span){size, 1}).n, 0);
    assert_non_null(block_at(r, size, 0));
    assert_null(block_at(r, size, 1));
    assert_null(block_at(r, 1, size));
    assert_non_null(block_at(r, 0, size));
    assert_null(block_at(r, 8, UINT64_MAX));
    assert_non_null(block_element(r, (struct span){8, 2}, 1, 8));
    assert_null(block_element(r, (struct span){8, 2}, 2, 8));
    assert_null(block_element(r, (struct span){9, 2}, 0, 8)); /* not aligned */
    assert_null(block_element(r, (struct span){8, UINT32_MAX}, 0, UINT32_MAX));
    assert_null(block_rule(r, 4));
    assert_null(block_file(r, 1));
    assert_null(block_table(r, TABLE_NAMED + 1));
    block_unref(&r);
}

static void damaged__lists_that_promise_too_much__end_at_once(void **state)
{
    struct block *r = some_rules();
    size_t n;
    unsigned char *copy = copy_of(r, &n);
    struct block_head *head = (struct block_head *)(void *)copy;
    struct ip ip = {.v6 = false};
    (void)state;
    head->settings.own_names.n = UINT32_MAX;
    head->settings.own_addresses.n = UINT32_MAX;
    head->settings.own_networks.n = UINT32_MAX;
    head->settings.submission_ports.n = UINT32_MAX;
    head->counters = UINT32_MAX;
    head->tables.n = UINT32_MAX;
    head->sum = block_sum(copy, n);
    struct block *kept = block_borrow(copy, n);
    assert_non_null(kept);
    assert_false(block_own_name(kept, TEXT("mail.example.com")));
    assert_false(block_own_address(kept, &ip) || block_own_network(kept, &ip));
    assert_false(block_submission_port(kept, 465));
    assert_int_equal(block_counter_count(kept), 0);
    assert_int_equal(block_table_count(kept), 0);
    block_unref(&kept);
    /* A matcher that does not lie within makes the whole no image. */
    head->matcher[OP_HELO].rules_at = (uint32_t)n & ~7u;
    head->sum = block_sum(copy, n);
    assert_null(block_borrow(copy, n));
    free(copy);
    block_unref(&r);
}

static void damaged__rules_that_make_no_sense__are_none(void **state)
{
    struct block *r = some_rules();
    size_t n;
    unsigned char *copy = copy_of(r, &n);
    struct block_head *head = (struct block_head *)(void *)copy;
    struct rule *rule = (struct rule *)(void *)(copy + head->rules.at);
    struct facts facts = {.rules = NULL};
    char why[200];
    struct writer w = writer_on(why, sizeof why);
    (void)state;
    rule[0].test.at = (uint32_t)n - 1; /* no sound code there */
    rule[1].operation = OP_COUNT;
    rule[2].action = ACT_COUNT;
    rule[3].check = 255;
    head->sum = block_sum(copy, n);
    struct block *kept = block_borrow(copy, n);
    assert_non_null(kept);
    assert_true(evaluate_is_sound(kept, block_rule(kept, 0)));
    assert_int_equal(evaluate_rule(kept, block_rule(kept, 0), &facts, TEXT("EHLO zombie"), &w), -1);
    assert_string_equal(why, "the stored rules are damaged here");
    for (uint32_t i = 1; i < 4; i++)
        assert_false(evaluate_is_sound(kept, block_rule(kept, i)));
    block_unref(&kept);
    free(copy);
    block_unref(&r);
}

static void networks__prefixes__cover_what_they_say(void **state)
{
    struct collected problems;
    struct block *r =
        load_text("own-networks = 10.0.0.0/8 192.0.2.1 2001:db8::/33 ::/128\n", NULL, 0, &problems);
    static const struct {
        const char *address;
        bool own;
    } rows[] = {{"10.0.0.0", true},
                {"10.255.255.255", true},
                {"11.0.0.0", false},
                {"192.0.2.1", true},
                {"192.0.2.2", false},
                {"2001:db8:7fff::1", true},
                {"2001:db8:8000::", false},
                {"::", true},
                {"::1", false},
                {"::ffff:10.1.1.1", true},
                {"a00::", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ip ip;
        assert_true(ip_parse(text_z(rows[i].address), &ip));
        if (block_own_network(r, &ip) != rows[i].own)
            print_error("%s\n", rows[i].address);
        assert_int_equal(block_own_network(r, &ip), rows[i].own);
    }
    block_unref(&r);
}

static void fields__named_by_rules__are_found_in_any_case(void **state)
{
    static char text[20000], name[100];
    struct writer w = writer_on(text, sizeof text);
    struct collected problems;
    (void)state;
    for (int i = 0; i < 100; i++)
        writer_printf(&w, "header, \"X-Some-Rather-Long-%d-Name:*\", log\nheaders, has(F%d), log\n", i, i);
    struct block *r = load_text(text, NULL, 0, &problems);
    assert_non_null(r);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "x-sOME-rATHER-lONG-%d-nAME", i);
        const struct named_field *f = block_field(r, text_z(name));
        assert_non_null(f);
        assert_int_equal(f->rules.rule_count, 1);
        assert_int_equal(f->counted, 0);
        snprintf(name, sizeof name, "f%d", i);
        f = block_field(r, text_z(name));
        assert_non_null(f);
        assert_int_equal(f->rules.rule_count, 0);
        assert_in_range(f->counted, 1, 100);
    }
    assert_null(block_field(r, TEXT("F100")));
    assert_null(block_field(r, TEXT("F")));
    assert_null(block_field(r, TEXT("")));
    assert_null(block_field(r, TEXT("F1\x0d"))); /* '-' without bit 0x20: alike to the hash alone */
    block_unref(&r);
}

static void test__unknown_facts__cannot_say(void **state)
{
    static const struct {
        const char *rule;
        uint32_t fact;
        bool says; /* all the same */
    } rows[] = {
        {"helo, \"*\", log", GP_FACT_HELO, false},           {"helo, not fqdn, log", GP_FACT_HELO, false},
        {"helo-deferred, \"*\", log", GP_FACT_HELO, false},  {"mail, \"*\", log", GP_FACT_MAIL, false},
        {"rcpt, \"*\", log", GP_FACT_RCPT, false},           {"connect, \"*\", log", GP_FACT_NAME, false},
        {"headers, has(x), log", GP_FACT_ALL_FIELDS, false}, {"helo, \"*\", log", GP_FACT_MAIL, true},
        {"header, \"*\", log", GP_FACT_ALL_FIELDS, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        struct block *r = load_text(rows[i].rule, NULL, 0, &problems);
        assert_non_null(r);
        uint32_t count = 0;
        struct facts facts = {.rules = r, .unknown = rows[i].fact, .field_count = &count};
        assert_int_equal(evaluate_rule(r, block_rule(r, 0), &facts, TEXT("text"), NULL), rows[i].says ? 1 : -1);
        block_unref(&r);
    }
    const struct rule plain = {.flags = 0}, turned = {.flags = RULE_NOT};
    assert_true(evaluate_triggers(&plain, 1) && !evaluate_triggers(&plain, 0) &&
                !evaluate_triggers(&plain, -1));
    assert_true(!evaluate_triggers(&turned, 1) && evaluate_triggers(&turned, 0) &&
                !evaluate_triggers(&turned, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block__of_another_kind__is_refused),
        cmocka_unit_test(block__counted__lives_until_the_last_lets_go),
        cmocka_unit_test(spans__outside_the_block__are_nothing),
        cmocka_unit_test(damaged__lists_that_promise_too_much__end_at_once),
        cmocka_unit_test(damaged__rules_that_make_no_sense__are_none),
        cmocka_unit_test(networks__prefixes__cover_what_they_say),
        cmocka_unit_test(fields__named_by_rules__are_found_in_any_case),
        cmocka_unit_test(test__unknown_facts__cannot_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
