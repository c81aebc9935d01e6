/* What triggers again and again in one transaction fills neither the log nor the time of the client. */
#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

static unsigned lines_with(const struct doorway *d, const char *what)
{
    unsigned n = 0;
    for (const char *p = strstr(d->log, what); p; p = strstr(p + 1, what))
        n++;
    return n;
}

static const char *last_with(const struct doorway *d, const char *what)
{
    const char *last = NULL;
    for (const char *p = strstr(d->log, what); p; p = strstr(p + 1, what))
        last = p;
    return last ? last : "";
}

static void header_rules__many_fields__one_line_with_the_count(void **state)
{
    static const struct {
        const char *rule;
        unsigned fields;
        const char *end; /* of the one line */
    } cases[] = {
        {"header, \"X-A:*\", log, \"a\"", 1, " rule=gatepost.conf:1 text=\"a\"\n"},
        {"header, \"X-A:*\", log, \"a\"", 2, " rule=gatepost.conf:1 text=\"a\" count=2\n"},
        {"header, \"X-A:*\", log, \"a\"", 200000, " rule=gatepost.conf:1 text=\"a\" count=200000\n"},
        {"header, \"*:*\", log, \"a\"", 1000, " rule=gatepost.conf:1 text=\"a\" count=1000\n"},
        {"subject, \"*\", log, \"a\"", 3, NULL},
    };
    struct doorway d;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        doorway_open(&d, cases[i].rule);
        for (int message = 0; message < 2; message++) {
            d.log[0] = '\0';
            doorway_envelope(&d, CLIENT);
            for (unsigned n = 0; n < cases[i].fields; n++)
                d.api->header(d.session, "X-A", 3, "b", 1);
            assert_int_equal(d.api->end_of_headers(d.session, NULL), GP_PASS);
            assert_int_equal(d.api->end_of_message(d.session, 0, NULL), GP_PASS);
            assert_int_equal(lines_with(&d, "gatepost: log "), cases[i].end ? 1 : 0);
            if (cases[i].end && !strstr(d.log, cases[i].end))
                fail_msg("case %zu: %s", i, d.log);
        }
        doorway_close(&d);
    }
}

/* The line is written also if no end of the header comes, and names the client that the rule blocked. */
static void header_rules__message_given_up__are_told_all_the_same(void **state)
{
    struct doorway d;
    (void)state;
    for (int how = 0; how < 3; how++) {
        doorway_make(&d);
        temp_text(&d.folder, "gatepost.conf", "header, \"X-A:*\", log block(1h), \"a\"\n");
        assert_int_equal(doorway_engine(&d, 0), 1);
        doorway_envelope(&d, CLIENT);
        d.log[0] = '\0';
        for (int i = 0; i < 3; i++)
            d.api->header_text(d.session, "X-A: b\r\n", 8);
        d.api->header_text(d.session, "Y: z\r\n", 6);
        assert_string_equal(d.log, "");
        if (how == 0)
            d.api->reset(d.session);
        else if (how == 1)
            doorway_mail(&d, "MAIL FROM:<b@c.example>");
        else
            d.api->session_close(&d.session);
        assert_string_equal(d.log, "gatepost: log phase=data client=" CLIENT
                                   " helo=\"client.example.net\" from=\"a@example.net\" to=\"b@example.com\" "
                                   "rule=gatepost.conf:1 text=\"a\" blocked=1h count=3\n");
        assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
        doorway_close(&d);
    }
}

static void rcpt_rules__many_recipients__ten_lines_and_the_count(void **state)
{
    static const struct {
        const char *rule, *what;
        unsigned recipients, lines;
        const char *count; /* at the end of the last line; NULL: none */
    } cases[] = {
        {"rcpt, \"*\", log, \"a\"", "gatepost: log phase=rcpt ", 1, 1, NULL},
        {"rcpt, \"*\", log, \"a\"", "gatepost: log phase=rcpt ", 10, 10, NULL},
        {"rcpt, \"*\", log, \"a\"", "gatepost: log phase=rcpt ", 11, 11, " count=11\n"},
        {"rcpt, \"*\", log, \"a\"", "gatepost: log phase=rcpt ", 60000, 11, " count=60000\n"},
        {"rcpt, \"*\", fail, \"554 a\"", "gatepost: fail phase=rcpt ", 10, 10, NULL},
        {"rcpt, \"*\", fail, \"554 a\"", "gatepost: fail phase=rcpt ", 500, 11, " count=500\n"},
        {"mode = log\nrcpt, \"*\", fail, \"554 a\"", "gatepost: would fail phase=rcpt ", 500, 11,
         " count=500\n"},
        {"block-table = refused.cdb", "gatepost: fail phase=rcpt ", 500, 11, " count=500\n"},
    };
    struct doorway d;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        doorway_make(&d);
        doorway_table(&d, "refused.cdb", "to:b@example.com 554 no\n");
        temp_text(&d.folder, "gatepost.conf", cases[i].rule);
        assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
        doorway_connect(&d, CLIENT, NULL);
        doorway_helo(&d, "EHLO client.example.net");
        for (int transaction = 0; transaction < 2; transaction++) {
            d.log[0] = '\0';
            doorway_mail(&d, "MAIL FROM:<a@example.net>");
            for (unsigned n = 0; n < cases[i].recipients; n++)
                doorway_rcpt(&d, "RCPT TO:<b@example.com>");
            d.api->reset(d.session);
            if (lines_with(&d, cases[i].what) != cases[i].lines)
                fail_msg("case %zu: %u lines", i, lines_with(&d, cases[i].what));
            const char *last = last_with(&d, cases[i].what);
            if (cases[i].count ? !strstr(last, cases[i].count) : strstr(last, "count=") != NULL)
                fail_msg("case %zu: %s", i, last);
            assert_int_equal(lines_with(&d, "count="), cases[i].count ? 1 : 0);
        }
        doorway_close(&d);
    }
}

/* Each rule has its own ten lines. */
static void rcpt_rules__several__are_counted_apart(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "rcpt, \"*\", log, \"a\"\nrcpt, \"*2@*\", log, \"b\"\nrcpt, \"*3@*\", fail, \"554 c\"\n");
    doorway_envelope(&d, CLIENT);
    doorway_mail(&d, "MAIL FROM:<a@example.net>");
    d.log[0] = '\0';
    for (int i = 0; i < 15; i++)
        for (int n = 1; n <= 3; n++)
            doorway_rcpt(&d, n == 1   ? "RCPT TO:<1@example.com>"
                             : n == 2 ? "RCPT TO:<2@example.com>"
                                      : "RCPT TO:<3@example.com>");
    d.api->reset(d.session);
    assert_int_equal(lines_with(&d, "rule=gatepost.conf:1 "), 11);
    assert_int_equal(lines_with(&d, "rule=gatepost.conf:2 "), 11);
    assert_int_equal(lines_with(&d, "rule=gatepost.conf:3 "), 11);
    assert_non_null(strstr(d.log, "text=\"a\" count=45\n"));
    assert_non_null(strstr(d.log, "text=\"b\" count=15\n"));
    assert_non_null(strstr(d.log, "reply=\"554 c\" count=15\n"));
    doorway_close(&d);
}

/* The host reads its verdict after the line with the count has been written. */
static void verdict__beside_a_line_with_the_count__stays_whole(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(
        &d, "rcpt, \"*lennon@*\", fail, \"550 lennon\"\nrcpt, \"*trap@*\", refuse, \"554 5.7.1 a trap\"\n");
    doorway_envelope(&d, CLIENT);
    for (int i = 0; i < 20; i++)
        assert_int_equal(doorway_rcpt(&d, "RCPT TO:<lennon@example.com>"), GP_FAIL);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<trap@example.com>"), GP_REFUSE);
    assert_int_equal(d.api->end_of_message(d.session, 0, &d.verdict), GP_REFUSE);
    assert_non_null(strstr(d.log, "reply=\"550 lennon\" count=20\n"));
    assert_string_equal(d.verdict.reply, "554 5.7.1 a trap");
    assert_string_equal(d.verdict.text, "a trap");
    assert_string_equal(d.verdict.cause, "gatepost.conf:2");
    doorway_close(&d);
}

/* However many rules there are. */
static void header_rules__hundreds__are_counted_apart(void **state)
{
    enum { RULES = 200 };
    static char rules[RULES * 40];
    char line[80];
    struct doorway d;
    size_t n = 0;
    (void)state;
    for (unsigned i = 0; i < RULES; i++)
        n += (size_t)snprintf(rules + n, sizeof rules - n, "header, \"X-%u:*\", log, \"t%u.\"\n", i % 100, i);
    doorway_open(&d, rules);
    for (int message = 0; message < 2; message++) {
        doorway_envelope(&d, CLIENT);
        d.log[0] = '\0';
        for (unsigned i = 0; i < 300; i++) {
            snprintf(line, sizeof line, "X-%u: a\r\n", i % 20);
            d.api->header_text(d.session, line, strlen(line));
        }
        assert_int_equal(d.api->end_of_headers(d.session, NULL), GP_PASS);
        for (unsigned i = 0; i < RULES; i++) {
            snprintf(line, sizeof line, "text=\"t%u.\" count=15\n", i);
            if (lines_with(&d, line) != (i % 100 < 20 ? 1 : 0))
                fail_msg("rule %u", i);
        }
        d.api->reset(d.session);
    }
    doorway_close(&d);
}

static void helo_rules__greeted_again_and_again__ten_lines_and_the_count(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "helo, \"*pc\", fail, \"554 no\"\n");
    doorway_connect(&d, CLIENT, NULL);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(doorway_helo(&d, "EHLO pc"), GP_FAIL);
    assert_int_equal(lines_with(&d, "gatepost: fail phase=helo "), 10);
    d.api->session_close(&d.session);
    assert_int_equal(lines_with(&d, "gatepost: fail phase=helo "), 11);
    assert_non_null(strstr(d.log, " count=1000\n"));
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_rules__many_fields__one_line_with_the_count),
        cmocka_unit_test(header_rules__message_given_up__are_told_all_the_same),
        cmocka_unit_test(rcpt_rules__many_recipients__ten_lines_and_the_count),
        cmocka_unit_test(rcpt_rules__several__are_counted_apart),
        cmocka_unit_test(verdict__beside_a_line_with_the_count__stays_whole),
        cmocka_unit_test(header_rules__hundreds__are_counted_apart),
        cmocka_unit_test(helo_rules__greeted_again_and_again__ten_lines_and_the_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
