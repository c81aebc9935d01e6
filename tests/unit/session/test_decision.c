/* What a decision means for the host: once with its consequences, and again without them. */
#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

static unsigned lines_in(const char *log)
{
    unsigned n = 0;
    for (; *log; log++)
        n += *log == '\n';
    return n;
}

static void give__fail__is_judged_each_time_and_refuse_once(void **state)
{
    static const struct {
        const char *action;
        int expected;
        unsigned lines; /* in the log after two more commands */
    } rows[] = {
        {"fail", GP_FAIL, 2},
        {"refuse", GP_REFUSE, 1},
        {"close", GP_CLOSE, 1},
        {"drop", GP_DROP, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        char rules[100];
        snprintf(rules, sizeof rules, "mail, \"*@bad.example>\", %s\n", rows[i].action);
        doorway_open(&d, rules);
        doorway_connect(&d, CLIENT, NULL);
        doorway_helo(&d, "EHLO a.example");
        assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@bad.example>"), rows[i].expected);
        assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@good.example>"),
                         rows[i].expected == GP_FAIL ? GP_PASS : rows[i].expected);
        assert_int_equal(doorway_mail(&d, "MAIL FROM:<b@bad.example>"), rows[i].expected);
        assert_int_equal(lines_in(d.log), rows[i].lines);
        doorway_close(&d);
    }
}

static void give__mode_log__each_would_be_refusal_is_said_and_none_holds(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "mode = log\nhelo, \"*zombie*\", close, \"554 h\"\nmail, \"*\", refuse, \"554 m\"\n");
    doorway_connect(&d, CLIENT, NULL);
    assert_int_equal(doorway_helo(&d, "EHLO zombie"), GP_PASS);
    assert_int_equal(d.verdict.code, 0);
    assert_string_equal(d.verdict.cause, "");
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.example>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<b@example.com>"), GP_PASS);
    assert_int_equal(lines_in(d.log), 2);
    assert_non_null(strstr(d.log, "gatepost: would close phase=helo"));
    assert_non_null(strstr(d.log, "gatepost: would refuse phase=mail"));
    doorway_close(&d);
}

static void give_no_rules__tempfail__from_mail_on_and_not_for_our_own(void **state)
{
    static const struct {
        uint32_t flags;
        const char *address;
        int action;
        unsigned code;
    } rows[] = {
        {GP_NO_STATE, CLIENT, GP_PASS, 0},
        {GP_NO_STATE | GP_TEMPFAIL, CLIENT, GP_FAIL, 451},
        {GP_NO_STATE | GP_TEMPFAIL, "", GP_PASS, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        doorway_make(&d);
        temp_text(&d.folder, "gatepost.conf", "broken\n");
        assert_int_equal(doorway_engine(&d, rows[i].flags), 0);
        d.log[0] = '\0';
        assert_int_equal(doorway_connect(&d, rows[i].address, NULL), GP_PASS);
        assert_int_equal(doorway_helo(&d, "EHLO a.example"), GP_PASS);
        assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.example>"), rows[i].action);
        assert_int_equal(d.verdict.code, rows[i].code);
        assert_int_equal(doorway_rcpt(&d, "RCPT TO:<b@example.com>"), rows[i].action);
        assert_int_equal(doorway_message(&d, "Subject: x\r\n"), rows[i].action);
        assert_string_equal(d.log, ""); /* said when it was opened, not for each message */
        doorway_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(give__fail__is_judged_each_time_and_refuse_once),
        cmocka_unit_test(give__mode_log__each_would_be_refusal_is_said_and_none_holds),
        cmocka_unit_test(give_no_rules__tempfail__from_mail_on_and_not_for_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
