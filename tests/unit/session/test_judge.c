/* The order in which rules are tried, and what each action ends. */
#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

static const char *header(struct doorway *d, const char *text)
{
    doorway_envelope(d, CLIENT);
    return doorway_message(d, text) == GP_PASS ? "pass" : d->verdict.reply;
}

static void header__named_and_general_rules__the_lowest_line_decides(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "header, \"*seven*\", fail, \"554 1\"\n"
                     "header, \"X-A:*five*\", fail, \"554 2\"\n"
                     "header, \"*six*\", fail, \"554 3\"\n"
                     "header, \"X-A:*six*\", fail, \"554 4\"\n"
                     "header, not \"*:*\", fail, \"554 5\"\n"
                     "header, \"X-A:*\", log, \"seen\"\n"
                     "header, \"*eight*\", fail, \"554 7\"\n");
    static const struct {
        const char *header, *reply;
    } rows[] = {
        {"X-A: five six seven\r\n", "554 1"},
        {"X-A: six five\r\n", "554 2"},
        {"X-A: six\r\n", "554 3"},
        {"X-B: five\r\n", "pass"},
        {"X-A: none\r\n", "pass"},
        {"X-A: eight\r\n", "554 7"},
        {"X-B: eight\r\nX-A: seven\r\n", "554 7"}, /* fields in the order received */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(header(&d, rows[i].header), rows[i].reply);
    doorway_close(&d);
}

static void skip__in_a_field__ends_that_operation_for_that_field(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "header, \"X-A:*\", skip\nheader, \"*spam*\", fail, \"554 h\"\n"
                     "subject, \"*fine*\", skip\nsubject, \"*spam*\", fail, \"554 s\"\n");
    assert_string_equal(header(&d, "X-A: spam\r\n"), "pass");
    assert_string_equal(header(&d, "X-A: spam\r\nX-B: spam\r\n"), "554 h");
    assert_string_equal(header(&d, "Subject: spam\r\n"), "554 h");
    doorway_close(&d);
    doorway_open(&d, "header, \"Subject:*\", skip\nsubject, \"*spam*\", fail, \"554 s\"\n");
    assert_string_equal(header(&d, "Subject: spam\r\n"), "554 s"); /* another operation */
    doorway_close(&d);
}

static void exempt__anywhere__ends_the_judging_of_the_session(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "header, \"X-Secret: open\", exempt\nheader, \"*spam*\", fail, \"554 h\"\n"
                     "headers, not has(Message-ID), fail, \"553 none\"\nmail, \"*\", log, \"asked\"\n");
    assert_string_equal(header(&d, "X-Secret: open\r\nX-B: spam\r\n"), "pass");
    d.log[0] = '\0';
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<x@y.example>"), GP_PASS);
    assert_string_equal(d.log, "");
    assert_string_equal(header(&d, "X-B: spam\r\nX-Secret: open\r\n"), "554 h");
    doorway_close(&d);
}

static void log__blocks_and_goes_on(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "helo, \"*x*\", log block(2h), \"first\"\nhelo, \"*x*\", log, \"second\"\n"
                     "helo, not \"*.*\", fail, \"554 third\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO x"), GP_FAIL);
    assert_string_equal(d.log, "gatepost: log phase=helo client=203.0.113.9 helo=\"x\" rule=gatepost.conf:1 "
                               "text=\"first\" blocked=2h\n"
                               "gatepost: log phase=helo client=203.0.113.9 helo=\"x\" rule=gatepost.conf:2 "
                               "text=\"second\"\n"
                               "gatepost: fail phase=helo client=203.0.113.9 helo=\"x\" rule=gatepost.conf:3 "
                               "reply=\"554 third\"\n");
    doorway_close(&d);
}

static void block__never_of_those_who_must_not_be_listed(void **state)
{
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf",
              "judge-authenticated = yes\nmail, \"*bad*\", fail block, \"554 m\"\n");
    doorway_table(&d, "exempt.cdb", "198.51.100.1 blocklist\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<bad@x.example>"), GP_FAIL);
    assert_int_equal(d.verdict.block_seconds, 1800);
    d.api->auth(d.session);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<bad@x.example>"), GP_FAIL);
    assert_int_equal(d.verdict.block_seconds, 0);
    doorway_connect(&d, "198.51.100.1", NULL);
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<bad@x.example>"), GP_FAIL);
    assert_int_equal(d.verdict.block_seconds, 0);
    doorway_close(&d);
}

static void many_rules__more_than_a_word__the_lowest_line_decides(void **state)
{
    static char rules[20000];
    struct writer w = writer_on(rules, sizeof rules);
    struct doorway d;
    char line[60], reply[20];
    (void)state;
    for (int i = 0; i < 200; i++)
        writer_printf(&w, "helo, \"*zombie%d*\", fail, \"554 %d\"\n", 199 - i, i + 1);
    writer_add(&w, TEXT("helo, not \"*.*\", fail, \"554 dotless\"\n"));
    doorway_open(&d, rules);
    doorway_connect(&d, CLIENT, NULL);
    for (int i = 0; i < 200; i++) {
        snprintf(line, sizeof line, "EHLO zombie%d.x zombie%d", i, (i * 7) % 200);
        /* "zombie19" occurs in "zombie199" too, but further down. */
        int lowest = 200;
        for (int k = 0; k < 200; k++) {
            char part[20];
            snprintf(part, sizeof part, "zombie%d", k);
            if (strstr(line, part) && 200 - k < lowest)
                lowest = 200 - k;
        }
        snprintf(reply, sizeof reply, "554 %d", lowest);
        assert_int_equal(doorway_helo(&d, line), GP_FAIL);
        assert_string_equal(d.verdict.reply, reply);
    }
    assert_int_equal(doorway_helo(&d, "EHLO laptop"), GP_FAIL);
    assert_string_equal(d.verdict.reply, "554 dotless");
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__named_and_general_rules__the_lowest_line_decides),
        cmocka_unit_test(skip__in_a_field__ends_that_operation_for_that_field),
        cmocka_unit_test(exempt__anywhere__ends_the_judging_of_the_session),
        cmocka_unit_test(log__blocks_and_goes_on),
        cmocka_unit_test(block__never_of_those_who_must_not_be_listed),
        cmocka_unit_test(many_rules__more_than_a_word__the_lowest_line_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
