/* What verdicts, log lines and the trace look like. */
#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

static void verdict__each_reply__is_taken_apart(void **state)
{
    static const struct {
        const char *rule;
        uint32_t code;
        const char *enhanced, *text, *reply;
    } rows[] = {
        {"fail", 554, "5.7.1", "Transaction refused", "554 5.7.1 Transaction refused"},
        {"fail, \"\"", 554, "5.7.1", "Transaction refused", "554 5.7.1 Transaction refused"},
        {"fail, \"450\"", 450, "", "", "450"},
        {"fail, \"450 4.7.1\"", 450, "4.7.1", "", "450 4.7.1"},
        {"fail, \"550 5.123.456 x\"", 550, "5.123.456", "x", "550 5.123.456 x"},
        {"fail, \"554 Tab\there\"", 554, "", "Tab here", "554 Tab here"},
        {"fail, \"554 \xc3\xa4\"", 554, "", "\xc3\xa4", "554 \xc3\xa4"},
        {"drop, \"bye\"", 554, "5.7.1", "Transaction refused", "554 5.7.1 Transaction refused"},
        {"drop, \"421 4.3.0 bye\"", 421, "4.3.0", "bye", "421 4.3.0 bye"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        char conf[200];
        snprintf(conf, sizeof conf, "helo, \"*\", %s\n", rows[i].rule);
        doorway_open(&d, conf);
        doorway_connect(&d, CLIENT, NULL);
        assert_int_not_equal(doorway_helo(&d, "EHLO x"), GP_PASS);
        assert_int_equal(d.verdict.code, rows[i].code);
        assert_string_equal(d.verdict.enhanced, rows[i].enhanced);
        assert_string_equal(d.verdict.text, rows[i].text);
        assert_int_equal(d.verdict.text_size, strlen(rows[i].text));
        assert_string_equal(d.verdict.reply, rows[i].reply);
        assert_int_equal(d.verdict.reply_size, strlen(rows[i].reply));
        assert_string_equal(d.verdict.cause, "gatepost.conf:1");
        assert_int_equal(d.verdict.cause_size, strlen(d.verdict.cause));
        doorway_close(&d);
    }
}

static void verdict__pass__says_nothing(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "helo, \"*\", log, \"x\"\n");
    memset(&d.verdict, 0xff, sizeof d.verdict);
    d.verdict.size = sizeof d.verdict;
    assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_PASS);
    assert_int_equal(d.verdict.action, GP_PASS);
    assert_int_equal(d.verdict.code, 0);
    assert_int_equal(d.verdict.phase, GP_PHASE_NONE);
    assert_int_equal(d.verdict.block_seconds, 0);
    assert_string_equal(d.verdict.enhanced, "");
    assert_string_equal(d.verdict.text, "");
    assert_string_equal(d.verdict.reply, "");
    assert_string_equal(d.verdict.cause, "");
    doorway_close(&d);
}

static void log__each_phase__says_what_is_known(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(
        &d, "connect, \"*\", log, \"1\"\nhelo, \"*\", log, \"2\"\nmail, \"*\", log, \"3\"\nrcpt, \"*\", log, "
            "\"4\"\nheaders, not has(To), fail, \"554 5\"\n");
    doorway_connect(&d, CLIENT, "host.example");
    doorway_helo(&d, "EHLO a\xff\"b");
    doorway_mail(&d, "MAIL FROM:<Some\\One@x.example> SIZE=1");
    doorway_rcpt(&d, "RCPT TO:<b@c.example>");
    doorway_rcpt(&d, "RCPT TO:<d@e.example>");
    assert_int_equal(doorway_message(&d, "Subject: x\r\n"), GP_FAIL);
    assert_string_equal(
        d.log,
        "gatepost: log phase=connect client=203.0.113.9 name=\"host.example\" rule=gatepost.conf:1 text=\"1\"\n"
        "gatepost: log phase=helo client=203.0.113.9 name=\"host.example\" helo=\"a\\xff\\\"b\" "
        "rule=gatepost.conf:2 text=\"2\"\n"
        "gatepost: log phase=mail client=203.0.113.9 name=\"host.example\" helo=\"a\\xff\\\"b\" "
        "from=\"Some\\\\One@x.example\" rule=gatepost.conf:3 text=\"3\"\n"
        "gatepost: log phase=rcpt client=203.0.113.9 name=\"host.example\" helo=\"a\\xff\\\"b\" "
        "from=\"Some\\\\One@x.example\" to=\"b@c.example\" rule=gatepost.conf:4 text=\"4\"\n"
        "gatepost: log phase=rcpt client=203.0.113.9 name=\"host.example\" helo=\"a\\xff\\\"b\" "
        "from=\"Some\\\\One@x.example\" to=\"d@e.example\" rule=gatepost.conf:4 text=\"4\"\n"
        "gatepost: fail phase=data client=203.0.113.9 name=\"host.example\" helo=\"a\\xff\\\"b\" "
        "from=\"Some\\\\One@x.example\" to=\"b@c.example\" rule=gatepost.conf:5 reply=\"554 5\"\n");
    doorway_close(&d);
}

static void log__everything_as_long_as_it_can_be__is_one_line(void **state)
{
    struct doorway d;
    static char line[70000];
    (void)state;
    doorway_open(&d, "rcpt, \"*\", fail\n");
    memset(line, '\x01', sizeof line);
    char *name = malloc(5000);
    assert_non_null(name);
    memset(name, '\x02', 5000);
    struct gp_client c = {.size = sizeof c,
                          .address = line,
                          .address_size = sizeof line,
                          .name = name,
                          .name_size = 5000,
                          .name_state = GP_NAME_VERIFIED};
    assert_int_equal(d.api->session_open(d.engine, &c, &d.session), 0);
    d.api->connect(d.session, NULL);
    d.api->helo(d.session, line, sizeof line, 0, NULL);
    d.api->helo(d.session, line, sizeof line, GP_ARGUMENT, NULL);
    memcpy(line, "MAIL FROM:<", 11);
    d.api->mail(d.session, line, sizeof line, 0, NULL);
    memcpy(line, "RCPT TO:<xx", 11);
    assert_int_equal(d.api->rcpt(d.session, line, sizeof line, 0, NULL), GP_FAIL);
    size_t n = strlen(d.log);
    assert_true(n > 100 && n <= 2048);
    for (size_t i = 0; i + 1 < n; i++)
        assert_in_range((unsigned char)d.log[i], 0x20, 0x7e);
    free(name);
    doorway_close(&d);
}

static void block_table__whatever_it_holds__is_a_reply_of_one_line(void **state)
{
    static const struct {
        const char *table, *reply;
    } rows[] = {
        {"203.0.113.9 554 5.7.1 go away\n", "554 5.7.1 go away"},
        {"203.0.113.9 550 5.7.1 Too\tmany\n", "550 5.7.1 Too many"},
        {"203.0.113.9 all\n", "554 5.7.1 Access denied"}, /* a table of another kind */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct doorway d;
        doorway_make(&d);
        temp_text(&d.folder, "gatepost.conf", "# none\n");
        doorway_table(&d, "block.cdb", rows[i].table);
        assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
        assert_int_equal(doorway_connect(&d, CLIENT, NULL), GP_CLOSE);
        assert_string_equal(d.verdict.reply, rows[i].reply);
        assert_string_equal(d.verdict.cause, "block-table");
        doorway_close(&d);
    }
}

static void look_at_line(void *context, const char *line, size_t n)
{
    unsigned *lines = context;
    assert_int_equal(strlen(line), n);
    for (size_t i = 0; i < n; i++)
        assert_true((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
    ++*lines;
}

static void trace__whatever_the_client_says__is_printable(void **state)
{
    struct doorway d;
    unsigned lines = 0;
    static const char helo[] = "EHLO \x1b[2J\r\n\x01\x7f",
                      field[] = "X-\x1b: \x07 \0 y\r\nSubject: \x1b[0m\r\n\r\n";
    (void)state;
    doorway_open(&d, "helo, \"*zombie*\", fail\nhelo, not fqdn, log, \"x\"\nhelo, own-name, log, \"y\"\n"
                     "header, \"*bulk*\", log, \"z\"\nsubject, \"*bulk*\", log, \"z\"\n");
    const struct gp_trace_ext *trace = d.api->get_ext("trace/1");
    doorway_connect(&d, CLIENT, NULL);
    trace->set(d.session, look_at_line, &lines);
    d.api->helo(d.session, helo, sizeof helo - 1, 0, NULL);
    d.api->mail(d.session, "MAIL FROM:<\x1b@\x01>", 15, 0, NULL);
    d.api->rcpt(d.session, "RCPT TO:<\x1b@\x01>", 13, 0, NULL);
    d.api->header_text(d.session, field, sizeof field - 1);
    d.api->end_of_headers(d.session, NULL);
    assert_true(lines > 5);
    const unsigned before = lines;
    trace->set(d.session, NULL, NULL);
    d.api->helo(d.session, helo, sizeof helo - 1, 0, NULL);
    assert_int_equal(lines, before);
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict__each_reply__is_taken_apart),
        cmocka_unit_test(verdict__pass__says_nothing),
        cmocka_unit_test(log__each_phase__says_what_is_known),
        cmocka_unit_test(log__everything_as_long_as_it_can_be__is_one_line),
        cmocka_unit_test(block_table__whatever_it_holds__is_a_reply_of_one_line),
        cmocka_unit_test(trace__whatever_the_client_says__is_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
