/* The header as a session takes it: in pieces, beyond its end, without a word about its end, and very long. */
#include "tests/unit/lib/doorway.h"

#define CLIENT "203.0.113.9"

static void header__cut_anywhere__same_verdict(void **state)
{
    static const char header[] = "From: a\r\nSubject: cheap\r\n watches\r\nTo: b\r\n\r\nbody";
    struct doorway d;
    (void)state;
    doorway_open(&d, "subject, \"*cheap watches*\", fail, \"554 no\"\n");
    for (size_t cut = 0; cut < sizeof header; cut++) {
        doorway_envelope(&d, CLIENT);
        d.api->header_text(d.session, header, cut);
        d.api->header_text(d.session, header + cut, sizeof header - 1 - cut);
        assert_int_equal(d.api->end_of_headers(d.session, &d.verdict), GP_FAIL);
        assert_string_equal(d.verdict.reply, "554 no");
        assert_int_equal(d.verdict.phase, GP_PHASE_DATA);
    }
    doorway_close(&d);
}

static void header__what_comes_after_its_end__is_no_field(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "subject, \"*spam*\", fail\nheaders, not has(Subject), fail, \"554 none\"\n");
    doorway_envelope(&d, CLIENT);
    assert_int_equal(d.api->end_of_headers(d.session, &d.verdict), GP_FAIL);
    d.api->header(d.session, "Subject", 7, "x", 1);
    assert_int_equal(d.api->end_of_message(d.session, 0, &d.verdict), GP_FAIL);
    assert_string_equal(d.verdict.reply, "554 none");

    doorway_envelope(&d, CLIENT);
    d.api->header(d.session, "Subject", 7, "x", 1);
    assert_int_equal(d.api->end_of_headers(d.session, NULL), GP_PASS);
    d.api->header(d.session, "Subject", 7, "spam", 4);
    assert_int_equal(d.api->end_of_message(d.session, 0, NULL), GP_PASS);
    doorway_close(&d);
}

static void end_of_message__end_of_headers_left_out__is_asked_then(void **state)
{
    struct doorway d;
    (void)state;
    doorway_open(&d, "headers, not has(Message-ID), fail, \"553 none\"\n");
    doorway_envelope(&d, CLIENT);
    d.api->header_text(d.session, "Subject: x\r\n", 12);
    assert_int_equal(d.api->end_of_message(d.session, 0, &d.verdict), GP_FAIL);
    assert_string_equal(d.verdict.reply, "553 none");
    /* The transaction is over: the next message starts fresh. */
    assert_int_equal(doorway_mail(&d, "MAIL FROM:<a@b.example>"), GP_PASS);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<b@example.com>"), GP_PASS);
    d.api->header_text(d.session, "Message-ID: <a@b>", 17); /* no line end */
    assert_int_equal(d.api->end_of_message(d.session, 0, NULL), GP_PASS);
    doorway_close(&d);
}

static void header__longer_than_we_keep__is_judged_by_its_beginning(void **state)
{
    enum { LONG = 3 << 20 };
    struct doorway d;
    char *value = malloc(LONG);
    (void)state;
    assert_non_null(value);
    memset(value, 'x', LONG);
    memcpy(value, "cheap watches", 13);
    doorway_open(&d,
                 "subject, \"*cheap watches*\", fail, \"554 no\"\nheaders, not has(To), fail, \"554 to\"\n");
    doorway_envelope(&d, CLIENT);
    d.api->header(d.session, "Subject", 7, value, LONG);
    assert_int_equal(d.api->end_of_headers(d.session, &d.verdict), GP_FAIL);
    assert_string_equal(d.verdict.reply, "554 no");
    /* The fields after a long one are seen. */
    doorway_envelope(&d, CLIENT);
    d.api->header(d.session, "X-Long", 6, value, LONG);
    d.api->header(d.session, "To", 2, "b", 1);
    assert_int_equal(d.api->end_of_headers(d.session, &d.verdict), GP_PASS);
    doorway_close(&d);
    free(value);
}

/* If the server passes fields, a piece that is not a field for us ends nothing: the server goes on reading
 * there. */
static void fields__one_by_one__a_piece_that_is_no_field_is_passed_over(void **state)
{
    static const struct {
        const char *name, *value;
    } odd[] = {
        {"X-Gr\xc3\xb6\xc3\x9f"
         "e",
         " 1"},
        {"X Y", " a"},
        {"", " a"},
        {"\x01", "a"},
        {"From someone", "x"},
        {"Sub\nject", " spam"},
        {"X-A\r\n", "\r\n"},
        {"\xff", "\r\n\r\n"},
    };
    struct doorway d;
    (void)state;
    doorway_open(&d, "headers, not has(Message-ID), fail, \"553 no id\"\n"
                     "subject, \"*spam*\", fail, \"554 spam\"\n");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        for (int spam = 0; spam < 2; spam++) {
            doorway_envelope(&d, "203.0.113.9");
            d.api->header(d.session, odd[i].name, strlen(odd[i].name), odd[i].value, strlen(odd[i].value));
            d.api->header(d.session, "Message-ID", 10, " <a@b.c>\r\n", 10);
            d.api->header(d.session, odd[i].name, strlen(odd[i].name), odd[i].value, strlen(odd[i].value));
            d.api->header(d.session, "Subject", 7, spam ? " sp\r\n am spam\r\n" : " x", spam ? 16 : 2);
            int action = d.api->end_of_headers(d.session, &d.verdict);
            if (action != (spam ? GP_FAIL : GP_PASS))
                fail_msg("piece %zu, spam %d: %d %s", i, spam, action, action ? d.verdict.reply : "");
        }
    }
    doorway_close(&d);
}

/* A header that broke off may lack what follows; one that ended at its empty line does not. */
static void raw_header__ended_by_no_field__cannot_say_what_is_missing(void **state)
{
    static const struct {
        const char *header;
        int action;
    } cases[] = {
        {"Subject: x\r\nX-Gr\xc3\xb6\xc3\x9f"
         "e: 1\r\nMessage-ID: <a@b.c>\r\n",
         GP_PASS},
        {"Subject: x\r\nno field\r\nMessage-ID: <a@b.c>\r\n\r\n", GP_PASS},
        {"Subject: x\r\nno field\r\n", GP_PASS},
        {"Subject: x\r\nno field", GP_PASS},
        {"no field", GP_PASS},
        {"Subject: x\r\n\r\nno field\r\nMessage-ID: <a@b.c>\r\n", GP_FAIL},
        {"Subject: x\r\n", GP_FAIL},
        {"Subject: x", GP_FAIL},
        {"From a@b.c Sat\r\nSubject: x\r\n", GP_FAIL},
        {"\r\n", GP_FAIL},
        {"", GP_FAIL},
        {"Subject: x\r\nSubject: y\r\nno field\r\n", GP_FAIL}, /* there are two, whatever follows */
    };
    struct doorway d;
    (void)state;
    doorway_open(&d, "headers, not has(Message-ID), fail, \"553 no id\"\nheaders, not once(Subject), fail\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        doorway_envelope(&d, "203.0.113.9");
        int action = doorway_message(&d, cases[i].header);
        if (action != cases[i].action)
            fail_msg("%s: wanted %d, got %d", cases[i].header, cases[i].action, action);
        /* The next message starts fresh. */
        doorway_mail(&d, "MAIL FROM:<a@b.c>");
        doorway_rcpt(&d, "RCPT TO:<a@b.c>");
        assert_int_equal(doorway_message(&d, "X: y\r\n"), GP_FAIL);
    }
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields__one_by_one__a_piece_that_is_no_field_is_passed_over),
        cmocka_unit_test(raw_header__ended_by_no_field__cannot_say_what_is_missing),
        cmocka_unit_test(header__cut_anywhere__same_verdict),
        cmocka_unit_test(header__what_comes_after_its_end__is_no_field),
        cmocka_unit_test(end_of_message__end_of_headers_left_out__is_asked_then),
        cmocka_unit_test(header__longer_than_we_keep__is_judged_by_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
