#include "core/rules/evaluate.h"
#include "core/rules/builder.h"
#include "core/rules/checks.h"
#include "core/pattern/pattern.h"
#include "core/config/rule_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static void texts__the_same__are_kept_once(void **state)
{
    struct builder *b = builder_new(checks_stamp());
    char text[40];
    struct span first[500];
    (void)state;
    assert_non_null(b);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 500; i++) {
            snprintf(text, sizeof text, "text %d", i);
            struct span s = builder_text(b, text_z(text));
            assert_int_equal(s.n, strlen(text));
            if (round == 0)
                first[i] = s;
            assert_int_equal(s.at, first[i].at);
        }
    /* A prefix is another text, and one with a NUL in it is not a prefix. */
    assert_int_not_equal(builder_text(b, TEXT("text")).at, first[1].at);
    struct span nul = builder_text(b, text_of("text 1\0x", 8));
    assert_int_not_equal(nul.at, first[1].at);
    assert_int_equal(nul.n, 8);
    assert_int_equal(builder_text(b, TEXT("")).n, 0);
    struct block *r = builder_finish(b, NULL);
    assert_non_null(r);
    assert_true(text_eq(block_text(r, first[499]), TEXT("text 499")));
    assert_true(text_eq(block_text(r, nul), text_of("text 1\0x", 8)));
    block_unref(&r);
    builder_free(&b);
    assert_null(b);
}

static void lists__are_aligned__whatever_stands_before(void **state)
{
    struct builder *b = builder_new(checks_stamp());
    const uint64_t numbers[] = {1, 2, 3};
    (void)state;
    for (int i = 0; i < 20; i++) {
        char text[40];
        snprintf(text, sizeof text, "%.*s", i, "xxxxxxxxxxxxxxxxxxxxxxxxx");
        builder_text(b, text_z(text));
        struct span s = builder_list(b, numbers, 3, sizeof *numbers);
        assert_int_equal(s.at % 8, 0);
        assert_int_equal(s.n, 3);
    }
    builder_free(&b);
}

static void tables__by_name__have_one_slot_each(void **state)
{
    struct builder *b = builder_new(checks_stamp());
    char name[20];
    (void)state;
    assert_int_equal(builder_table(b, TEXT("one")), TABLE_NAMED);
    assert_int_equal(builder_table(b, TEXT("two")), TABLE_NAMED + 1);
    assert_int_equal(builder_table(b, TEXT("ONE")), TABLE_NAMED);
    assert_false(builder_table_has_path(b, TABLE_NAMED));
    builder_table_path(b, TABLE_NAMED, TEXT("/x.cdb"), false);
    assert_true(builder_table_has_path(b, TABLE_NAMED));
    for (int i = TABLE_NAMED + 2; i < TABLE_MOST; i++) {
        snprintf(name, sizeof name, "t%d", i);
        assert_int_equal(builder_table(b, text_z(name)), i);
    }
    assert_int_equal(builder_table(b, TEXT("too many")), UINT32_MAX);
    assert_int_equal(builder_table(b, TEXT("t9")), 9);
    builder_free(&b);
}

static void counters__one_per_field(void **state)
{
    struct builder *b = builder_new(checks_stamp());
    (void)state;
    assert_int_equal(builder_counter(b, TEXT("Message-ID")), 0);
    assert_int_equal(builder_counter(b, TEXT("From")), 1);
    assert_int_equal(builder_counter(b, TEXT("MESSAGE-id")), 0);
    struct block *r = builder_finish(b, NULL);
    assert_int_equal(block_counter_count(r), 2);
    assert_int_equal(block_field(r, TEXT("from"))->counted, 2);
    block_unref(&r);
    builder_free(&b);
}

static void finish__nothing__is_a_ruleset_without_rules(void **state)
{
    struct builder *b = builder_new(checks_stamp());
    (void)state;
    struct block *r = builder_finish(b, NULL);
    assert_non_null(r);
    assert_int_equal(block_rule_count(r), 0);
    for (unsigned op = 0; op < OP_COUNT; op++)
        assert_int_equal(block_matcher(r, (enum operation)op)->rule_count, 0);
    assert_null(block_field(r, TEXT("From")));
    block_unref(&r);
    builder_free(&b);
}

static void rules__keep_what_the_draft_says(void **state)
{
    struct builder *b = builder_new(checks_stamp());
    unsigned char code[PATTERN_CODE_MAX];
    struct pattern_error error;
    struct file_id id = {.inode = 7};
    char cause[100];
    struct writer w = writer_on(cause, sizeof cause);
    (void)state;
    const size_t n = pattern_compile(TEXT("*zombie*"), code, sizeof code, NULL, &error);
    struct rule_draft d = {.operation = OP_MAIL,
                           .action = ACT_CLOSE,
                           .flags = RULE_PATTERN | RULE_BLOCK | RULE_NOT,
                           .block_seconds = 3600,
                           .line = 4000000000,
                           .source = TEXT("*zombie*"),
                           .code = text_of((const char *)code, n),
                           .reply = TEXT("554 go")};
    builder_file(b, TEXT("a.conf"), TEXT("/etc/a.conf"), &id);
    d.file = builder_file(b, TEXT("sub/b.conf"), TEXT("/etc/sub/b.conf"), &id);
    builder_rule(b, &d);
    struct block *r = builder_finish(b, NULL);
    const struct rule *rule = block_rule(r, 0);
    assert_int_equal(rule->operation, OP_MAIL);
    assert_int_equal(rule->action, ACT_CLOSE);
    assert_int_equal(rule->flags, RULE_PATTERN | RULE_BLOCK | RULE_NOT);
    assert_int_equal(rule->block_seconds, 3600);
    assert_true(text_eq(block_reply(r, rule), TEXT("554 go")));
    assert_true(text_eq(block_source(r, rule), TEXT("*zombie*")));
    block_cause(r, rule, &w);
    assert_string_equal(cause, "sub/b.conf:4000000000");
    struct facts facts = {.rules = r};
    assert_int_equal(evaluate_rule(r, rule, &facts, TEXT("a ZOMBIE"), NULL), 1);
    assert_int_equal(block_file_count(r), 2);
    assert_int_equal(block_file(r, 1)->id.inode, 7);
    /* The block says the same wherever it lies, and the same rules make the same block. */
    const struct block_head *head = (const struct block_head *)(const void *)block_bytes(r).p;
    assert_int_equal(head->sum, block_sum(head, head->size));
    block_unref(&r);
    builder_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts__the_same__are_kept_once),
        cmocka_unit_test(lists__are_aligned__whatever_stands_before),
        cmocka_unit_test(tables__by_name__have_one_slot_each),
        cmocka_unit_test(counters__one_per_field),
        cmocka_unit_test(finish__nothing__is_a_ruleset_without_rules),
        cmocka_unit_test(rules__keep_what_the_draft_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
