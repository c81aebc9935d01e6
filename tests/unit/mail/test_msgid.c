#include "core/mail/msgid.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    RFC = 1 << MSGID_RFC,
    STRICT = 1 << MSGID_STRICT,
    SENDMAIL = 1 << MSGID_SENDMAIL,
    WORD = 1 << MSGID_WORD
};

struct msgid_case {
    struct text value;
    unsigned good_in; /* the modes that take it */
};

#define CASE(literal, modes)                                                                                   \
    {                                                                                                          \
        {literal, sizeof(literal) - 1}, modes                                                                  \
    }

static void check(const struct msgid_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned mode = MSGID_RFC; mode <= MSGID_WORD; mode++) {
            struct text value = exact_copy(cases[i].value);
            bool good = msgid_is_valid(value, (enum msgid_mode)mode);
            if (good != (cases[i].good_in >> mode & 1))
                fail_msg("'%.*s' is %s in mode %u", (int)value.n, cases[i].value.p, good ? "good" : "bad",
                         mode);
            exact_free(value);
        }
}

static void msgid__appendix_a_of_rfc_5322__is_good(void **state)
{
    static const struct msgid_case cases[] = {
        CASE(" <1234@local.machine.example>", RFC | STRICT | SENDMAIL),            /* A.1.1 */
        CASE(" <5678.21-Nov-1997@example.com>", RFC | STRICT | SENDMAIL),          /* A.1.2 */
        CASE(" <testabcd.1234@silly.example>", RFC | STRICT | SENDMAIL),           /* A.1.3 */
        CASE(" <3456@example.net>", RFC | STRICT | SENDMAIL),                      /* A.2 */
        CASE(" <abcd.1234@local.machine.tld>", RFC | STRICT | SENDMAIL),           /* A.2 */
        CASE(" <abcd.1234@local.machine.test>", RFC | STRICT | SENDMAIL),          /* A.2 */
        CASE(" <78910@example.net>", RFC | STRICT | SENDMAIL),                     /* A.3 */
        CASE("              <testabcd.1234@silly.test>", RFC | STRICT | SENDMAIL), /* A.5 */
        CASE(" <1234   @   local(blah)  .machine .example>", RFC | SENDMAIL),      /* A.6.3 */
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void msgid__white_space_and_comments__stand_where_they_may(void **state)
{
    static const struct msgid_case cases[] = {
        CASE("  <a@b>", RFC | STRICT | SENDMAIL), /* two blanks after the colon */
        CASE("\r\n <a@b>", RFC | STRICT | SENDMAIL),
        CASE("\r\n\t<a@b>\r\n", RFC | STRICT | SENDMAIL),
        CASE("\n <a@b>\n", RFC | STRICT | SENDMAIL),
        CASE(" \r\n \r\n <a@b>", RFC | STRICT | SENDMAIL),
        CASE("\t<a@b> ", RFC | STRICT | SENDMAIL),
        CASE("<a@b> (comment)", RFC | STRICT | SENDMAIL),
        CASE("(one)(two) <a@b> (three) (four)", RFC | STRICT | SENDMAIL),
        CASE("(a (nested \\) (deep)) one)<a@b>", RFC | STRICT | SENDMAIL),
        CASE("(a\r\n folded one) <a@b>", RFC | STRICT | SENDMAIL),
        CASE("() <a@b>", RFC | STRICT | SENDMAIL),
        CASE("(<x@y>) <a@b>", RFC | STRICT | SENDMAIL),
        CASE("(\") <a@b>", RFC | STRICT | SENDMAIL),
        CASE("< a@b>", RFC | SENDMAIL),
        CASE("<a @ b>", RFC | SENDMAIL),
        CASE("<(c)a(c)@(c)b(c)>", RFC | SENDMAIL),
        CASE("<a . b @ c . d>", RFC | SENDMAIL),
        CASE("<a\r\n @b>", RFC | SENDMAIL),
        CASE("<a b@c>", SENDMAIL),
        CASE("<a(c)b@c>", SENDMAIL),
        CASE("<a\r\n b@c>", SENDMAIL),
        CASE("<a@b\r\n>", SENDMAIL), /* a line end that nothing folds */
        CASE("\r\n<a@b>", SENDMAIL),
        CASE("<a@b>\r\n\r\n", SENDMAIL),
        CASE("<a@b>\r", SENDMAIL),
        CASE("\v<a@b>", SENDMAIL),
        CASE("(<a@b>", 0),
        CASE("<a@b>(", SENDMAIL),
        CASE("<a@b>)", SENDMAIL),
        CASE("<a@b>(\\)", SENDMAIL),
        CASE("(c", 0),
        CASE("()", 0),
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void msgid__left_and_right_side__follow_the_grammar(void **state)
{
    static const struct msgid_case cases[] = {
        CASE("<a@b>", RFC | STRICT | SENDMAIL),
        CASE("<A_b-c+d=e!f#g$h%i&j'k*l/m?n^o`p{q|r}s~@b>", RFC | STRICT | SENDMAIL),
        CASE("<a.b.c@d.e.f>", RFC | STRICT | SENDMAIL),
        CASE("<a@my_host>", RFC | STRICT | SENDMAIL),
        CASE("<000001c351d5$2f8e3c70$0100007f@PC1>", RFC | STRICT | SENDMAIL),
        CASE("<\"quoted left\"@b>", RFC | SENDMAIL),
        CASE("<\"a@b\"@c>", RFC | SENDMAIL),
        CASE("<\"a\\\"b\"@c>", RFC | SENDMAIL),
        CASE("<\"a\\\\\"@c>", RFC | SENDMAIL),
        CASE("<\"a>b\"@c>", RFC | SENDMAIL),
        CASE("<\"a\r\n b\"@c>", RFC | SENDMAIL),
        CASE("<\"\"@b>", RFC | SENDMAIL), /* empty inside its quotes: the RFC says so */
        CASE("<a.\"b c\".d@e>", RFC | SENDMAIL),
        CASE("<\"a\".\"b\"@c>", RFC | SENDMAIL),
        CASE("<a@[192.0.2.1]>", RFC | STRICT | SENDMAIL),
        CASE("<a@[IPv6:2001:db8::1]>", RFC | STRICT | SENDMAIL),
        CASE("<a@[any thing]>", RFC | SENDMAIL),
        CASE("<a@[ 192.0.2.1 ]>", RFC | SENDMAIL),
        CASE("<a@[a\\]b]>", RFC | SENDMAIL),
        CASE("<a@[<@>]>", RFC | STRICT | SENDMAIL),
        CASE("<a@[]>", RFC | STRICT | SENDMAIL),
        CASE("<a@[b>", SENDMAIL),
        CASE("<a@b]>", SENDMAIL),
        CASE("<a@[[b]]>", SENDMAIL),
        CASE("<a@[b].c>", SENDMAIL),
        CASE("<a@\"b\">", SENDMAIL),
        CASE("<[a]@b>", SENDMAIL),
        CASE("<\"a\"b@c>", SENDMAIL),
        CASE("<a\"b\"@c>", SENDMAIL),
        CASE("<\"a\"\"b\"@c>", SENDMAIL),
        CASE("<\"a@c>", 0),
        CASE("<\"a\"@c", SENDMAIL),
        CASE("<\"a@b\">", 0),
        CASE("<.a@b>", SENDMAIL),
        CASE("<a.@b>", SENDMAIL),
        CASE("<a..b@c>", SENDMAIL),
        CASE("<a@b.>", SENDMAIL),
        CASE("<a@.b>", SENDMAIL),
        CASE("<a@b..c>", SENDMAIL),
        CASE("<a,b@c>", SENDMAIL),
        CASE("<a:b@c>", SENDMAIL),
        CASE("<a@b:25>", SENDMAIL),
        CASE("<a\\@b>", 0),
        CASE("<a\\b@c>", SENDMAIL),
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void msgid__not_one_identifier__is_bad(void **state)
{
    static const struct msgid_case cases[] = {
        CASE("", 0),
        CASE(" ", 0),
        CASE("\r\n", 0),
        CASE("<>", 0),
        CASE("<@>", 0),
        CASE("<a>", 0),
        CASE("<@b>", 0),
        CASE("<a@>", 0),
        CASE("<(c)@b>", 0),
        CASE("<a@(c)>", 0),
        CASE("<ab>", 0),
        CASE("a@b", WORD),
        CASE("a@b.c", 0),
        CASE("hello", 0),
        CASE("<a@b", SENDMAIL),
        CASE("a@b>", 0),
        CASE("<a@b>>", SENDMAIL),
        CASE("<<a@b>", SENDMAIL),
        CASE("<<a@b>>", SENDMAIL),
        CASE("><a@b>", SENDMAIL),
        CASE("<a@@b>", SENDMAIL),
        CASE("<@@@>", SENDMAIL),
        CASE("<@@>", 0),
        CASE("<a@b@c>", SENDMAIL),
        CASE("<@b@c>", SENDMAIL),
        CASE("<a@b> <c@d>", SENDMAIL), /* two */
        CASE("<a@b><c@d>", SENDMAIL),
        CASE("<a@b>,<c@d>", SENDMAIL),
        CASE("<a@b> x", 0),
        CASE("x <a@b>", 0),
        CASE("\"x\" <a@b>", 0),
        CASE("<a@b> <", SENDMAIL),
        CASE("<a@b> <>", SENDMAIL),
        CASE("<a@b>.", 0),
        CASE("[a@b]", 0),
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void msgid__bytes_that_are_not_printable_ascii__are_judged_by_rfc_5322_and_6532(void **state)
{
    static const struct msgid_case cases[] = {
        CASE("<\xd0\xb6@\xd0\xb6>", RFC | STRICT | SENDMAIL),
        CASE("<\xe2\x82\xac@b>", RFC | STRICT | SENDMAIL),
        CASE("<\xf0\x9f\x93\xa7@b>", RFC | STRICT | SENDMAIL),
        CASE("<\xf4\x8f\xbf\xbf@b>", RFC | STRICT | SENDMAIL),
        CASE("<a@[\xd0\xb6]>", RFC | STRICT | SENDMAIL),
        CASE("<\"\xd0\xb6\\\xd0\xb6\"@b>", RFC | SENDMAIL),
        CASE("(\xd0\xb6\\\xd0\xb6) <a@b>", RFC | STRICT | SENDMAIL),
        CASE("<\xe4@b>", SENDMAIL), /* Latin-1 */
        CASE("<a@\xe4>", SENDMAIL),
        CASE("<\xd0@b>", SENDMAIL), /* cut short */
        CASE("<a@\xe2\x82>", SENDMAIL),
        CASE("<a@b> (\xe2\x82", SENDMAIL),
        CASE("<a@b> (\xf0", SENDMAIL),
        CASE("<\x80@b>", SENDMAIL),     /* no first byte */
        CASE("<\xc0\xaf@b>", SENDMAIL), /* overlong */
        CASE("<\xc1\xbf@b>", SENDMAIL),
        CASE("<\xe0\x9f\xbf@b>", SENDMAIL),
        CASE("<\xf0\x8f\xbf\xbf@b>", SENDMAIL),
        CASE("<\xed\xa0\x80@b>", SENDMAIL),     /* surrogate */
        CASE("<\xf4\x90\x80\x80@b>", SENDMAIL), /* above U+10FFFF */
        CASE("<\xf5\x80\x80\x80@b>", SENDMAIL),
        CASE("<\xff@b>", SENDMAIL),
        CASE("<\xc2\x20@b>", SENDMAIL),
        CASE("<\x01@b>", SENDMAIL),
        CASE("<\x7f@b>", SENDMAIL),
        CASE("<\"\x01\x7f\"@b>", RFC | SENDMAIL), /* obs-NO-WS-CTL */
        CASE("<a@[\x01]>", RFC | SENDMAIL),
        CASE("(\x01) <a@b>", RFC | SENDMAIL),
        CASE("(\\\x01) <a@b>", RFC | SENDMAIL),
        CASE("(\\\0) <a@b>", RFC | SENDMAIL), /* obs-qp */
        CASE("(\0) <a@b>", SENDMAIL),
        CASE("<a\0@b>", SENDMAIL),
        CASE("<a@b>\0", 0),
        CASE("(\r) <a@b>", SENDMAIL),
        CASE("(\\\r) <a@b>", SENDMAIL),
        CASE("(\\\n) <a@b>", SENDMAIL),
        CASE("(\\\r\n b) <a@b>", RFC | STRICT | SENDMAIL), /* unfolded: "\ " */
    };
    (void)state;
    check(cases, COUNT(cases));
}

/* What Sendmail 8.17.1 answered with this rule in force. */
static void msgid_sendmail__odd_tokens__are_read_as_prescan_does(void **state)
{
    static const struct {
        struct text value;
        bool good;
    } cases[] = {
        CASE("<a@b>\\", true),   CASE("<a@b\\", true),      CASE("<a@\\", true),    CASE("<a@b\\>", true),
        CASE("<a@\\>", true),    CASE("<\\!@b>", true),     CASE("<a@\\!>", true),  CASE("<a\\!@b>", true),
        CASE("<a@\"b", true),    CASE("<a)@b>", true),      CASE("<)@b>", false),   CASE("<a(@)b>", false),
        CASE("<a@b(c", true),    CASE("<%@b>", true),       CASE("<a@.>", true),    CASE("<@<@>@>", true),
        CASE("<\x82@>", false),  CASE("<\x82@b>", true),    CASE("<a@\xff>", true), CASE("\\<a@b>", false),
        CASE("<a@b>\\>", false), CASE("(<@>", false),       CASE("<a@b;", true),    CASE("<a@b>(\\", true),
        CASE("<a@b>\"", false),  CASE("<\"\"@\"\">", true), CASE("<$1@$2>", true),  CASE("<a@b>\\!", false),
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text value = exact_copy(cases[i].value);
        if (msgid_is_valid(value, MSGID_SENDMAIL) != cases[i].good)
            fail_msg("wrong about '%.*s'", (int)value.n, cases[i].value.p);
        exact_free(value);
    }
}

static void msgid_word__the_note_to_the_letter__knows_no_brackets_and_no_dots(void **state)
{
    static const struct msgid_case cases[] = {
        CASE("a@b", WORD),
        CASE(" 5140ghxc@PC1", WORD),
        CASE("A_9@Z_0\r\n", WORD),
        CASE("_@_", WORD),
        CASE("\r\n a@b", WORD),
        CASE("a@b@c", 0),
        CASE("a@", 0),
        CASE("@b", 0),
        CASE("@", 0),
        CASE("a-b@c", 0),
        CASE("a.b@c", 0),
        CASE("a@b.c", 0),
        CASE("a @b", 0),
        CASE("a b@c", 0),
        CASE("\xe4@b", 0),
        CASE("a@b\0", 0),
    };
    (void)state;
    check(cases, COUNT(cases));
}

static void msgid__very_long_and_hostile__is_linear_and_does_not_recurse(void **state)
{
    enum { LONG = 1 << 20 };
    static const char *const fills[] = {"(",     ")", "\"", "\\",  "<", "@",    ".",   " ",
                                        "\r\n ", "a", "a.", "(a)", "[", "()\"", "\\!", "\xd0\xb6"};
    char *memory = malloc(LONG);
    (void)state;
    assert_non_null(memory);
    for (size_t i = 0; i < COUNT(fills); i++)
        for (size_t start = 0; start < 4; start++)
            for (unsigned mode = MSGID_RFC; mode <= MSGID_WORD; mode++) {
                static const char *const starts[] = {"", "<", "<a@", "<a@["};
                size_t n = strlen(starts[start]), step = strlen(fills[i]);
                memcpy(memory, starts[start], n);
                for (; n + step <= LONG; n += step)
                    memcpy(memory + n, fills[i], step);
                msgid_is_valid(text_of(memory, n), (enum msgid_mode)mode);
            }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(msgid__appendix_a_of_rfc_5322__is_good),
        cmocka_unit_test(msgid__white_space_and_comments__stand_where_they_may),
        cmocka_unit_test(msgid__left_and_right_side__follow_the_grammar),
        cmocka_unit_test(msgid__not_one_identifier__is_bad),
        cmocka_unit_test(msgid__bytes_that_are_not_printable_ascii__are_judged_by_rfc_5322_and_6532),
        cmocka_unit_test(msgid_sendmail__odd_tokens__are_read_as_prescan_does),
        cmocka_unit_test(msgid_word__the_note_to_the_letter__knows_no_brackets_and_no_dots),
        cmocka_unit_test(msgid__very_long_and_hostile__is_linear_and_does_not_recurse),
    };
    return cmocka_run_group_tests_name("msgid", tests, NULL, NULL);
}
