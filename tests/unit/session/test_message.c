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
    /* The transaction is over: the next message begins anew. */
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
    /* The fields behind a long one are seen. */
    doorway_envelope(&d, CLIENT);
    d.api->header(d.session, "X-Long", 6, value, LONG);
    d.api->header(d.session, "To", 2, "b", 1);
    assert_int_equal(d.api->end_of_headers(d.session, &d.verdict), GP_PASS);
    doorway_close(&d);
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__cut_anywhere__same_verdict),
        cmocka_unit_test(header__what_comes_after_its_end__is_no_field),
        cmocka_unit_test(end_of_message__end_of_headers_left_out__is_asked_then),
        cmocka_unit_test(header__longer_than_we_keep__is_judged_by_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
