#include "core/config/rule_line.h"
#include "tests/unit/lib/memory_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void operations__letters_and_words__are_found(void **state)
{
    static const struct {
        const char *word;
        int op; /* -1: none */
    } rows[] = {{"H", OP_HELO},
                {"h", OP_HELO},
                {"D", OP_HELO_DEFERRED},
                {"M", OP_MAIL},
                {"R", OP_RCPT},
                {"S", OP_SUBJECT},
                {"HELO", OP_HELO},
                {"message-id", OP_MESSAGE_ID},
                {"Headers", OP_HEADERS},
                {"connect", OP_CONNECT},
                {"header", OP_HEADER},
                {"C", -1},
                {"", -1},
                {"HE", -1},
                {"helo ", -1},
                {"(", -1},
                {"\x08", -1} /* an H without its upper bits */};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum operation op = OP_COUNT;
        bool found = operation_find(text_z(rows[i].word), &op);
        assert_int_equal(found ? (int)op : -1, rows[i].op);
    }
    assert_string_equal(operation_nearest(TEXT("hleo")), "helo");
    assert_string_equal(operation_nearest(TEXT("mesage-id")), "message-id");
    assert_null(operation_nearest(TEXT("x")));
    assert_null(operation_nearest(TEXT("something")));
}

/* Each is one line; WANTED is the beginning of the problem, or empty. */
static void rule__separators_and_spelling__are_free(void **state)
{
    static const char *const same[] = {
        "helo,\"*x*\",refuse block,\"554 a\"",
        "helo \"*x*\" refuse block \"554 a\"",
        "\t helo , \"*x*\" , refuse  block , \"554 a\"  ",
        "H,\"*x*\",RS,\"554 a\"",
        "HELO \"*x*\" REFUSE BLOCK \"554 a\" # remark",
        "h \"*x*\"rs\"554 a\"",
        "helo,\"*x*\",RS-,\"554 a\"",
        "helo,\"*x*\",rs-\"554 a\"",
    };
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct collected problems;
        struct block *r = load_text(same[i], NULL, 0, &problems);
        if (!r)
            print_error("%s: %s", same[i], problems.text);
        assert_non_null(r);
        const struct rule *rule = block_rule(r, 0);
        assert_int_equal(rule->operation, OP_HELO);
        assert_int_equal(rule->action, ACT_REFUSE);
        assert_int_equal(rule->flags, RULE_PATTERN | RULE_BLOCK);
        assert_true(text_eq(block_reply(r, rule), TEXT("554 a")));
        assert_true(text_eq(block_source(r, rule), TEXT("*x*")));
        block_unref(&r);
    }
}

static void rule__block_and_bounces__are_flags(void **state)
{
    static const struct {
        const char *action;
        unsigned flags;
        uint32_t seconds;
    } rows[] = {
        {"close", 0, 0},
        {"close block", RULE_BLOCK, 0},
        {"close block(24h)", RULE_BLOCK, 86400},
        {"close block bounces", RULE_BLOCK | RULE_BOUNCES, 0},
        {"close block(24h) bounces", RULE_BLOCK | RULE_BOUNCES, 86400},
        {"close block(24h)BOUNCES", RULE_BLOCK | RULE_BOUNCES, 86400},
        {"CLOSE\tBlock ( 1h )  Bounces", 0, UINT32_MAX}, /* as before, no blank before the parenthesis */
        {"log block bounces", RULE_BLOCK | RULE_BOUNCES, 0},
        {"BS", RULE_BLOCK, 0},
        {"B", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        char text[100];
        snprintf(text, sizeof text, "rcpt, trap, %s, \"554 no\"", rows[i].action);
        struct block *r = load_text(text, NULL, 0, &problems);
        if (rows[i].seconds == UINT32_MAX) {
            assert_null(r);
            continue;
        }
        if (!r)
            print_error("%s: %s", text, problems.text);
        assert_non_null(r);
        assert_int_equal(block_rule(r, 0)->flags, rows[i].flags);
        assert_int_equal(block_rule(r, 0)->block_seconds, rows[i].seconds);
        block_unref(&r);
    }
}

static void rule__mistakes__point_at_their_place(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"helo,, fqdn, refuse", ":1:6: expected a test"},
        {"helo", ":1:5: expected a test"},
        {"helo, fqdn", ":1:11: expected an action"},
        {"helo, fqdn, refuse, \"554 a", ":1:21: this quote is never closed"},
        {"helo, fqdn, refuse, \"654 a\"", ":1:22: a reply begins with a code"},
        {"helo, fqdn, refuse, \"554x\"", ":1:22: a reply begins with a code"},
        {"helo, fqdn, refuse, \"554 \x07\"", ":1:26: a reply cannot contain a control character"},
        {"helo, fqdn, QQ", ":1:13: unknown action 'QQ'"},
        {"helo, fqdn, R-X", ":1:13: unknown action 'R-X'"},
        {"helo, fqdn, R-NN", ":1:13: unknown action 'R-NN'"},
        {"helo, fqdn, refuse block block", ":1:26: nothing more is expected"},
        {"helo, fqdn, refuse block(", ":1:25: expected a time"},
        {"helo, fqdn, refuse block(0s)", ":1:25: expected a time"},
        {"helo, fqdn, exempt block", ":1:13: 'exempt' lets the client through"},
        {"helo, fqdn, XS", ":1:13: 'skip' lets the client through"},
        {"helo, not not fqdn, fail", ":1:11: unknown check 'not'"},
        {"headers, has(Message-ID, fail", ":1:13: this parenthesis is never closed"},
        {"headers, has(), fail", ":1:10: this is not the name of a header field"},
        {"headers, has(a:), fail", ":1:14: this is not the name of a header field"},
        {"mail, in(), skip", ":1:7: expected the name of a table"},
        {"connect, fqdn, close", ":1:10: 'fqdn' cannot be used at connect"},
        {"message-id, msg-id(), fail\nhelo, x", ":2:7: unknown check 'x'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        static const char file[] = "/etc/gatepost/gatepost.conf";
        assert_null(load_text(rows[i].text, NULL, 0, &problems));
        if (strncmp(problems.text + sizeof file - 1, rows[i].wanted, strlen(rows[i].wanted)) != 0)
            print_error("%s\n  wanted %s\n  got %s", rows[i].text, rows[i].wanted, problems.text);
        assert_memory_equal(problems.text + sizeof file - 1, rows[i].wanted, strlen(rows[i].wanted));
    }
}

static void rule__reply__may_have_500_bytes(void **state)
{
    char text[600];
    struct collected problems;
    (void)state;
    for (size_t n = 499; n <= 501; n++) {
        struct writer w = writer_on(text, sizeof text);
        writer_add(&w, TEXT("helo, fqdn, fail, \"554 "));
        for (size_t i = 4; i < n; i++)
            writer_char(&w, 'x');
        writer_char(&w, '"');
        struct block *r = load_text(text, NULL, 0, &problems);
        assert_int_equal(r != NULL, n <= 500);
        if (r)
            assert_int_equal(block_reply(r, block_rule(r, 0)).n, n);
        else
            assert_non_null(strstr(problems.text, ":1:20: the reply has 501 bytes; at most 500 are allowed"));
        block_unref(&r);
    }
}

static void rule__reply_of_log_and_skip__is_free_text(void **state)
{
    struct collected problems;
    (void)state;
    struct block *r =
        load_text("helo, fqdn, log, \"seen\"\nhelo, fqdn, X, \"Laptop\"\nhelo, fqdn, drop, \"bye\"\n"
                  "helo, fqdn, S, \"\"\nhelo, fqdn, refuse, \"\"\n",
                  NULL, 0, &problems);
    assert_string_equal(problems.text, "");
    assert_int_equal(block_rule_count(r), 5);
    assert_true(text_eq(block_reply(r, block_rule(r, 0)), TEXT("seen")));
    assert_int_equal(block_reply(r, block_rule(r, 4)).n, 0); /* the default */
    block_unref(&r);
}

static void reply__codes__are_taken_apart(void **state)
{
    static const struct {
        const char *reply;
        unsigned code;
        const char *enhanced, *rest;
    } rows[] = {
        {"554 5.7.1 Transaction refused", 554, "5.7.1", "Transaction refused"},
        {"554 Go away", 554, "", "Go away"},
        {"450 4.7.1", 450, "4.7.1", ""},
        {"554", 554, "", ""},
        {"554 ", 554, "", ""},
        {"554 4.7.1 other class", 554, "", "4.7.1 other class"},
        {"550 5.7.1x no", 550, "", "5.7.1x no"},
        {"550 5.7 two numbers", 550, "", "5.7 two numbers"},
        {"550 5.7.1.2 four", 550, "", "5.7.1.2 four"},
        {"550 5..1 empty", 550, "", "5..1 empty"},
        {"550 5.7. open", 550, "", "5.7. open"},
        {"550 5.123.456 long", 550, "5.123.456", "long"},
        {"550 5.1234.456 longer", 550, "", "5.1234.456 longer"},
        {"55 x", 0, "", "55 x"},
        {"254 welcome", 0, "", "254 welcome"},
        {"5544 x", 0, "", "5544 x"},
        {"", 0, "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned code = 1;
        struct text enhanced, rest;
        reply_split(text_z(rows[i].reply), &code, &enhanced, &rest);
        assert_int_equal(code, rows[i].code);
        assert_true(text_eq(enhanced, text_z(rows[i].enhanced)));
        assert_true(text_eq(rest, text_z(rows[i].rest)));
        assert_int_equal(reply_has_code(text_z(rows[i].reply)), rows[i].code != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations__letters_and_words__are_found),
        cmocka_unit_test(rule__separators_and_spelling__are_free),
        cmocka_unit_test(rule__block_and_bounces__are_flags),
        cmocka_unit_test(rule__mistakes__point_at_their_place),
        cmocka_unit_test(rule__reply__may_have_500_bytes),
        cmocka_unit_test(rule__reply_of_log_and_skip__is_free_text),
        cmocka_unit_test(reply__codes__are_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
