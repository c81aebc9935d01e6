#include "tests/unit/lib/exact.h"

#include "core/gatepost.h"
#include "tools/lib/calendar.h"
#include "tools/replay/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Where the errors were: "2:9 4:1 ". */
static void note_place(void *context, const struct error *e, bool warning, struct text source)
{
    struct writer *w = context;
    (void)source;
    assert_false(warning);
    assert_true(e->message[0]);
    writer_printf(w, "%u:%u ", e->line, e->column);
}

static void calendar_parse_mail__forms_of_the_wild__same_moment(void **state)
{
    static const char *const same[] = {
        "Thu, 24 Jul 2003 01:11:45 -0700 (PDT)", "24 Jul 2003 01:11:45 -0700", "Thu, 24 Jul 03 01:11:45 PDT",
        "Thu, 24 July 2003 08:11:45 GMT",        "24 Jul 103 08:11:45 UT",     "Thu Jul 24 08:11:45 2003",
        "Thu,24 Jul 2003 10:11:45 +0200",        " 24 Jul 2003 8:11:45 Z",     "Thu Jul 24 08:11:45 UTC 2003",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        struct moment m = {0, 0};
        struct text t = exact(same[i]);
        if (!calendar_parse_mail(t, &m) || m.seconds != 1059034305)
            fail_msg("%s gives %lld", same[i], (long long)m.seconds);
        exact_free(t);
    }
}

static void calendar_parse_mail__no_date__false(void **state)
{
    static const char *const none[] = {"",
                                       "yesterday",
                                       "32 Jul 2003 01:11:45 +0000",
                                       "29 Feb 2003 01:11:45 +0000",
                                       "24 Jul 2003",
                                       "01:11:45",
                                       "24 Jul 2003 24:11:45 +0000"};
    (void)state;
    for (size_t i = 0; i < COUNT(none); i++) {
        struct moment m;
        struct text t = exact(none[i]);
        assert_false(calendar_parse_mail(t, &m));
        exact_free(t);
    }
}

static void calendar_parse_iso__what_format_writes__comes_back(void **state)
{
    static const char *const times[] = {"2003-07-24T01:11:45-07:00", "2000-02-29T23:59:59+05:30",
                                        "1970-01-01T00:00:00+00:00", "1999-12-31T00:00:00+00:00",
                                        "2100-03-01T12:00:00-00:30"};
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        struct moment m;
        char out[40];
        struct writer w = writer_on(out, sizeof out);
        assert_true(calendar_parse_iso(text_z(times[i]), &m));
        calendar_format_iso(&w, m);
        assert_string_equal(out, times[i]);
    }
    struct moment m;
    assert_true(calendar_parse_iso(TEXT("2003-07-24T08:11:45Z"), &m));
    assert_int_equal(m.seconds, 1059034305);
    assert_false(calendar_parse_iso(TEXT("2003-07-24T08:11:45"), &m));
    assert_false(calendar_parse_iso(TEXT("2003-02-30T08:11:45Z"), &m));
    assert_false(calendar_parse_iso(TEXT("2003-07-24T08:11:45Zx"), &m));
}

static void dialogue_next__every_kind_of_line__is_read(void **state)
{
    static const char file[] = "\xef\xbb\xbf# a comment\r\n"
                               "config  rules.conf  # which\r\n"
                               "\n"
                               "time 2003-07-24T01:11:45-07:00\n"
                               "label spam\n"
                               "connect 2001:DB8::1 mx.example.net 587\n"
                               "unknown helo header\n"
                               "wait 2m\n"
                               "auth\n"
                               "C: EHLO [IPv6:2001:db8::1]  \r\n"
                               "S: 250\n"
                               "S@exim-scan, Postfix: 5\n"
                               "C:\n"
                               "C:  two\n"
                               "C:none\n"
                               "S: closed\n"
                               "S: 554 5.7.1 No # really\n"
                               "connect 192.0.2.1 unknown";
    struct report report = {.errors = 0};
    struct dialogue d;
    struct item it[20];
    size_t n = 0;
    (void)state;
    struct text bytes = exact_copy(TEXT(file));
    dialogue_init(&d, "f.smtp", bytes, &report);
    while (n < COUNT(it) && dialogue_next(&d, &it[n]))
        n++;
    assert_int_equal(report.errors, 0);
    assert_int_equal(n, 16);
    assert_int_equal(it[0].kind, ITEM_CONFIG);
    assert_int_equal(it[0].line, 2);
    assert_true(text_eq(it[0].text, TEXT("rules.conf")));
    assert_int_equal(it[1].number, 1059034305);
    assert_true(text_eq(it[2].text, TEXT("spam")));
    assert_int_equal(it[3].kind, ITEM_CONNECT);
    assert_true(text_eq(it[3].name, TEXT("mx.example.net")));
    assert_int_equal(it[3].number, 587);
    assert_int_equal(it[4].number, GP_FACT_HELO | GP_FACT_ALL_FIELDS);
    assert_int_equal(it[5].number, 120);
    assert_int_equal(it[6].kind, ITEM_AUTH);
    assert_true(text_eq(it[7].text, TEXT("EHLO [IPv6:2001:db8::1]  ")));
    assert_int_equal(it[8].servers, 0);
    assert_int_equal(it[9].servers, SERVER_EXIM_SCAN | SERVER_POSTFIX);
    assert_true(text_eq(it[9].text, TEXT("5")));
    assert_int_equal(it[10].text.n, 0);
    assert_true(text_eq(it[11].text, TEXT(" two")));
    assert_true(text_eq(it[12].text, TEXT("none")));
    assert_true(text_eq(it[13].text, TEXT("closed")));
    assert_true(text_eq(it[14].text, TEXT("554 5.7.1 No # really")));
    assert_int_equal(it[15].name.n, 0);
    assert_int_equal(it[15].number, 25);
    assert_int_equal(it[15].line, 18);
    exact_free(bytes);
}

static void dialogue_next__wrong_lines__place_of_each(void **state)
{
    static const struct {
        const char *file;
        const char *places;
    } cases[] = {
        {"C: EHLO x\n", "1:1 "},
        {"S: 250\n", "1:1 "},
        {"auth\n", "1:1 "},
        {"conect 192.0.2.1 unknown\n", "1:1 "},
        {"connect 192.0.2 unknown\nC: EHLO x\n", "1:9 "},
        {"connect 192.0.2.1\n", "1:18 "},
        {"connect 192.0.2.1 x 99999\n", "1:21 "},
        {"connect 192.0.2.1 x 25 y\n", "1:24 "},
        {"connect 192.0.2.1 x\nS: 25\nS: 554-x\nS: abc\nS:\nS: 99\n", "2:4 3:4 4:4 5:3 6:4 "},
        {"connect 192.0.2.1 x\nS@exim: 250\n", "2:1 "},
        {"connect 192.0.2.1 x\nS: 250\nS@exmi: 250\nS@exim 250\nS@: 250\n", "3:3 4:3 5:3 "},
        {"config\n", "1:7 "},
        {"time now\nwait soon\nwait s\nlabel eggs\n", "1:6 2:6 3:6 4:7 "},
        {"connect 192.0.2.1 x\nunknown weather\nunknown\nC: x\nunknown helo\n", "2:9 3:8 5:1 "},
        {"connect 192.0.2.1 x\nauth now\nlabel ham\nC: x\n", "2:6 4:1 "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char places[100];
        struct writer w = writer_on(places, sizeof places);
        struct report report = {.context = &w, .problem = note_place};
        struct dialogue d;
        struct item item;
        struct text bytes = exact(cases[i].file);
        dialogue_init(&d, "f.smtp", bytes, &report);
        while (dialogue_next(&d, &item))
            ;
        if (strcmp(places, cases[i].places) != 0)
            fail_msg("%s: errors at '%s', not '%s'", cases[i].file, places, cases[i].places);
        exact_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar_parse_mail__forms_of_the_wild__same_moment),
        cmocka_unit_test(calendar_parse_mail__no_date__false),
        cmocka_unit_test(calendar_parse_iso__what_format_writes__comes_back),
        cmocka_unit_test(dialogue_next__every_kind_of_line__is_read),
        cmocka_unit_test(dialogue_next__wrong_lines__place_of_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
