/* One mailbox, one host, one name, however a client writes it: checks asked through the whole engine. */
#include "tests/unit/lib/doorway.h"

static const char rules[] = "own-names = mail.example.com bücher.example\n"
                            "recipient-delimiter = +-\n"
                            "table closed = closed.cdb\n"
                            "table helos = helos.cdb\n"
                            "helo, own-name, fail, \"554 own\"\n"
                            "helo, in(helos), fail, \"554 listed\"\n"
                            "mail, own-sender, fail, \"554 own\"\n"
                            "rcpt, trap, fail, \"554 trap\"\n"
                            "rcpt, in(closed), fail, \"554 closed\"\n";

static void recipient__however_it_is_written__is_the_trap(void **state)
{
    static const struct {
        const char *line, *text; /* NULL: it passes */
    } rows[] = {
        {"RCPT TO:<sugar@example.com>", "trap"},
        {"RCPT TO:<sugar+x@example.com>", "trap"},
        {"RCPT TO:<sugar-x@example.com>", "trap"},
        {"RCPT TO:<SUGAR+X+y-z@EXAMPLE.com>", "trap"},
        {"RCPT TO:<sugar+@example.com>", "trap"},
        {"RCPT TO:<\"sugar+x\"@example.com>", "trap"},
        {"RCPT TO:<sug\\ar+x@example.com>", "trap"},
        {"RCPT TO:<sugar(x)@example.com>", "trap"},
        {"RCPT TO:<sugar+x (y) @ example.com>", "trap"},
        {"RCPT TO:<@a.example,@b.example:sugar+x@example.com>", "trap"},
        {"RCPT TO:<sugarx@example.com>", NULL},
        {"RCPT TO:<x+sugar@example.com>", NULL},
        {"RCPT TO:<+sugar@example.com>", NULL},
        {"RCPT TO:<plus+tag@example.com>", "trap"}, /* the whole address is a key */
        {"RCPT TO:<plus+other@example.com>", NULL},
        {"RCPT TO:<joe+list@example.com>", "closed"},
        {"RCPT TO:<joe@example.com>", "closed"},
        {"RCPT TO:<joe=list@example.com>", NULL},
    };
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", rules);
    doorway_table(&d, "traps.cdb", "to:sugar@example.com\nto:plus+tag@example.com\n");
    doorway_table(&d, "closed.cdb", "to:joe@example.com\n");
    doorway_table(&d, "helos.cdb", "helo:x\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        doorway_connect(&d, "203.0.113.9", NULL);
        assert_int_equal(doorway_helo(&d, "EHLO client.example.net"), GP_PASS);
        assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.example>"), GP_PASS);
        const int action = doorway_rcpt(&d, rows[i].line);
        if (action != (rows[i].text ? GP_FAIL : GP_PASS) ||
            (rows[i].text && !strstr(d.verdict.text, rows[i].text)))
            fail_msg("%s: %d '%s'", rows[i].line, action, d.verdict.text);
    }
    doorway_close(&d);
}

static void helo__however_it_is_written__is_ours_or_listed(void **state)
{
    static const struct {
        const char *line, *text;
    } rows[] = {
        {"HELO mail.example.com", "own"},
        {"EHLO mail.example.com x", "own"},
        {"EHLO mail.example.com..", "own"},
        {"EHLO <mail.example.com>", "own"},
        {"EHLO \"mail.example.com\",", "own"},
        {"EHLO bücher.example", "own"},
        {"EHLO BÜCHER.example.", "own"},
        {"EHLO xn--bcher-kva.example", "own"},
        {"EHLO 2001:db8::1", "listed"},
        {"EHLO [2001:db8::1]", "listed"},
        {"EHLO [IPv6:2001:DB8::1]", "listed"},
        {"EHLO [IPv6:2001:db8:0:0::1] x", "listed"},
        {"EHLO 1.2.3.4", "listed"},
        {"EHLO [1.2.3.4]", "listed"},
        {"EHLO [64:ff9b::1.2.3.4]", "listed"},
        {"EHLO <zombie.example.> x", "listed"},
        {"EHLO [IPv6:2001:db8::2]", NULL},
        {"EHLO x mail.example.com", NULL},
        {"EHLO b\xc1\xbc"
         "cher.example",
         NULL},
    };
    struct doorway d;
    (void)state;
    doorway_make(&d);
    temp_text(&d.folder, "gatepost.conf", rules);
    doorway_table(&d, "traps.cdb", "to:x@y.example\n");
    doorway_table(&d, "closed.cdb", "to:x@y.example\n");
    doorway_table(&d, "helos.cdb", "helo:[2001:db8::1]\nhelo:1.2.3.4\nhelo:zombie.example\n");
    assert_int_equal(doorway_engine(&d, GP_NO_STATE), 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        doorway_connect(&d, "203.0.113.9", NULL);
        const int action = doorway_helo(&d, rows[i].line);
        if (action != (rows[i].text ? GP_FAIL : GP_PASS) ||
            (rows[i].text && !strstr(d.verdict.text, rows[i].text)))
            fail_msg("%s: %d '%s'", rows[i].line, action, d.verdict.text);
    }
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipient__however_it_is_written__is_the_trap),
        cmocka_unit_test(helo__however_it_is_written__is_ours_or_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
