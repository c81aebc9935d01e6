#include "milter/translate.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static void name_state__what_mtas_say__is_believed_only_if_verified(void **state)
{
    static const struct {
        const char *label, *hostname, *ptr, *resolve;
        enum gp_name_state expected;
    } table[] = {
        {"Postfix, verified", "mx.example.net", "mx.example.net", NULL, GP_NAME_VERIFIED},
        {"Postfix, no PTR", "unknown", "unknown", NULL, GP_NAME_NONE},
        {"Postfix, the name leads elsewhere", "unknown", "mx.example.net", NULL, GP_NAME_FORGED},
        {"Postfix, without macros", "unknown", NULL, NULL, GP_NAME_NONE},
        {"Sendmail, verified", "mx.example.net", "mx.example.net", "OK", GP_NAME_VERIFIED},
        {"Sendmail, no PTR", "[203.0.113.7]", "[203.0.113.7]", "FAIL", GP_NAME_NONE},
        {"Sendmail, forged", "mx.example.net", "mx.example.net", "FORGED", GP_NAME_FORGED},
        {"Sendmail, no answer", "[203.0.113.7]", NULL, "TEMP", GP_NAME_UNKNOWN},
        {"Sendmail, bracketed in spite of OK", "[203.0.113.7]", NULL, "OK", GP_NAME_NONE},
        {"no name at all", "", NULL, NULL, GP_NAME_NONE},
        {"no argument", NULL, NULL, NULL, GP_NAME_NONE},
        {"a host that calls itself so", "UNKNOWN", NULL, NULL, GP_NAME_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (name_state_of(table[i].hostname, table[i].ptr, table[i].resolve) != table[i].expected)
            fail_msg("%s", table[i].label);
}

static void address__two_macros__the_first_that_is_one_address(void **state)
{
    static const struct {
        const char *first, *second, *expected;
    } table[] = {
        {"192.0.2.1", "192.0.2.2", "192.0.2.1"},
        {NULL, "192.0.2.2", "192.0.2.2"},
        {"", "192.0.2.2", "192.0.2.2"},
        {"0.0.0.0", "192.0.2.2", "192.0.2.2"},
        {NULL, "0.0.0.0", ""},
        {"IPv6:::", NULL, ""},
        {"::", "IPv6:2001:db8::1", "2001:db8::1"},
        {"ipv6:2001:db8::1", NULL, "2001:db8::1"},
        {NULL, NULL, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_string_equal(address_of(table[i].first, table[i].second), table[i].expected);
}

static void port__number_or_name__is_a_port_or_zero(void **state)
{
    static const struct {
        const char *macro;
        unsigned expected;
    } table[] = {{"25", 25},     {"smtp", 25},     {"587", 587}, {"submission", 587},
                 {"SMTPS", 465}, {"65535", 65535}, {"65536", 0}, {"", 0},
                 {NULL, 0},      {"25x", 0},       {"pop3", 0},  {"-1", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(port_of(table[i].macro), table[i].expected);
}

static void arguments__pieces__are_one_argument_again(void **state)
{
    char plain[] = "<a@example.net>", size[] = "SIZE=1762", body[] = "BODY=8BITMIME", out[64], small[20],
         one[1];
    char *none[] = {NULL}, *address[] = {plain, NULL}, *all[] = {plain, size, body, NULL};
    (void)state;
    assert_int_equal(arguments_join(NULL, out, sizeof out), 0);
    assert_int_equal(arguments_join(none, out, sizeof out), 0);
    assert_string_equal(out, "");
    assert_int_equal(arguments_join(address, out, sizeof out), 15);
    assert_string_equal(out, "<a@example.net>");
    assert_int_equal(arguments_join(all, out, sizeof out), 39);
    assert_string_equal(out, "<a@example.net> SIZE=1762 BODY=8BITMIME");
    /* The full length shows that there was no room. */
    assert_int_equal(arguments_join(all, small, sizeof small), 39);
    assert_string_equal(small, "<a@example.net> SIZ");
    assert_int_equal(arguments_join(all, one, sizeof one), 39);
    assert_string_equal(one, "");
}

static void sender_macro__servers_and_senders__says_only_what_it_can(void **state)
{
    static const struct {
        const char *label, *macro, *argument;
        bool postfix;
        const char *expected;
    } table[] = {
        {"Postfix, an address", "a@b", "<a(x)@b>", true, "a@b"},
        {"Postfix, the null sender", "", "<>", true, ""},
        {"Postfix, no macro", NULL, "<a@b>", true, NULL},
        {"Sendmail, an address", "a@b", "<a(x)@b>", false, "a@b"},
        {"Sendmail, a local user", "sugar", "<sugar@example.com>", false, "sugar@example.com"},
        {"Sendmail, a local user in a group", "sugar", "<grp:sugar@example.com;>", false, "sugar@example.com"},
        {"Sendmail, the second of two", "sugar", "<sugar@x><sugar@example.com>", false, "sugar@example.com"},
        {"Sendmail, a user after a comment", "b", "(c)<b@example.com(b)> SIZE=1", false, "b@example.com"},
        {"Sendmail, the target of a virtual address", "sugar", "<honey@virtual.example>", false, NULL},
        {"Sendmail, the end of another name", "ar", "<sugar@virtual.example>", false, NULL},
        {"Sendmail, no domain anywhere", "sugar", "<sugar>", false, NULL},
        {"Sendmail, an empty domain", "sugar", "<sugar@>", false, NULL},
        {"Sendmail, an empty macro", "", "<@example.com>", false, NULL},
        {"Sendmail, the null sender", "MAILER-DAEMON@mail.example.com", "<>", false, NULL},
        {"Sendmail, the null sender with parameters", "x@y", "<> SIZE=1", false, NULL},
        {"Sendmail, no macro", NULL, "<a@b>", false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char room[24];
        const char *said = sender_macro(table[i].macro, table[i].argument, table[i].postfix, room, sizeof room);
        if (said ? !table[i].expected || strcmp(said, table[i].expected) != 0 : table[i].expected != NULL)
            fail_msg("%s", table[i].label);
    }
}

static void recipient_macro__with_mailer_error__is_a_reply_and_no_address(void **state)
{
    (void)state;
    char room[20];
    assert_string_equal(recipient_macro("sugar@example.com", "<x>", "local", false, room, 20),
                        "sugar@example.com");
    assert_string_equal(recipient_macro("sugar", "<x@y>,<sugar@b.example>", NULL, false, room, 20),
                        "sugar@b.example");
    assert_string_equal(recipient_macro("sugar", "<sugar@b.example.example>", NULL, false, room, 20), "sugar");
    assert_string_equal(recipient_macro("sugar", "<sugar@b.example>", NULL, true, room, 20), "sugar");
    assert_string_equal(recipient_macro("sugar", "<honey@b.example>", NULL, false, room, 20), "sugar");
    assert_null(recipient_macro("no such person as sugar@example.com", "<x>", "error", false, room, 20));
    assert_null(recipient_macro("", "<x>", "local", false, room, 20));
    assert_null(recipient_macro(NULL, "<x>", "local", false, room, 20));
}

static void version__macro_v__tells_postfix(void **state)
{
    (void)state;
    assert_true(is_postfix("Postfix 3.7.11"));
    assert_true(is_postfix("postfix"));
    assert_false(is_postfix("8.17.1.9"));
    assert_false(is_postfix(""));
    assert_false(is_postfix(NULL));
}

static void value__line_breaks__end_the_field_where_no_blank_follows(void **state)
{
    static const struct {
        const char *value;
        size_t expected;
    } table[] = {
        {"", 0},
        {" plain", 6},
        {" folded\n\tmore", 13},
        {" folded\r\n more", 14},
        {" a\nX-Other: b", 2},
        {" end\n", 4},
        {" a\n b\nc\n d", 5},
        {" a\n\nbody is no header", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(value_length(table[i].value), table[i].expected);
}

static struct gp_verdict verdict(uint32_t action, uint32_t code, const char *enhanced, const char *text)
{
    struct gp_verdict v = {
        .size = sizeof v, .action = action, .code = code, .text = text, .text_size = strlen(text)};
    snprintf(v.enhanced, sizeof v.enhanced, "%s", enhanced);
    return v;
}

static void reply__verdicts__are_as_libmilter_takes_them(void **state)
{
    static const struct {
        const char *label;
        uint32_t action, code;
        const char *enhanced, *text, *expected[3];
    } table[] = {
        {"enhanced", GP_FAIL, 554, "5.7.1", "Refused", {"554", "5.7.1", "Refused"}},
        {"none", GP_REFUSE, 553, "", "Not here", {"553", "", "Not here"}},
        {"temporary", GP_CLOSE, 451, "4.3.0", "Later", {"451", "4.3.0", "Later"}},
        {"of another class", GP_FAIL, 554, "4.7.1", "Refused", {"554", "", "Refused"}},
        {"percent", GP_FAIL, 554, "", "100% %s %%", {"554", "", "100%% %%s %%%%"}},
        {"control", GP_FAIL, 554, "", "a\r\nb\x7f", {"554", "", "a  b "}},
        {"8 bit", GP_FAIL, 554, "", "gr\xc3\xbc\xc3\x9f", {"554", "", "gr\xc3\xbc\xc3\x9f"}},
        {"empty", GP_FAIL, 554, "", "", {"554", "", ""}},
        {"drop", GP_DROP, 554, "5.7.1", "Refused", {"421", "4.7.0", "Connection closed"}},
        {"a rule's own 421", GP_CLOSE, 421, "4.7.0", "Bye", {"421", "4.7.0", "Bye"}},
        {"no code", GP_FAIL, 0, "", "x", {"554", "5.7.1", "Transaction refused"}},
        {"no refusal", GP_FAIL, 250, "", "x", {"554", "5.7.1", "Transaction refused"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct gp_verdict v = verdict(table[i].action, table[i].code, table[i].enhanced, table[i].text);
        struct reply r;
        reply_of(&v, &r);
        if (strcmp(r.code, table[i].expected[0]) != 0 || strcmp(r.enhanced, table[i].expected[1]) != 0 ||
            strcmp(r.text, table[i].expected[2]) != 0)
            fail_msg("%s: %s|%s|%s", table[i].label, r.code, r.enhanced, r.text);
    }
}

static void reply__longest_text__stays_below_what_libmilter_takes(void **state)
{
    char text[2000];
    struct reply r;
    (void)state;
    memset(text, '%', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct gp_verdict v = verdict(GP_FAIL, 554, "5.7.1", text);
    reply_of(&v, &r);
    assert_in_range(strlen(r.text), 970, 980);
    assert_int_equal(strlen(r.text) % 2, 0);
    memset(text, 'x', sizeof text - 1);
    reply_of(&v, &r);
    assert_in_range(strlen(r.text), 970, 980);
    v.text = NULL;
    reply_of(&v, &r);
    assert_string_equal(r.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_state__what_mtas_say__is_believed_only_if_verified),
        cmocka_unit_test(address__two_macros__the_first_that_is_one_address),
        cmocka_unit_test(port__number_or_name__is_a_port_or_zero),
        cmocka_unit_test(arguments__pieces__are_one_argument_again),
        cmocka_unit_test(sender_macro__servers_and_senders__says_only_what_it_can),
        cmocka_unit_test(recipient_macro__with_mailer_error__is_a_reply_and_no_address),
        cmocka_unit_test(version__macro_v__tells_postfix),
        cmocka_unit_test(value__line_breaks__end_the_field_where_no_blank_follows),
        cmocka_unit_test(reply__verdicts__are_as_libmilter_takes_them),
        cmocka_unit_test(reply__longest_text__stays_below_what_libmilter_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
