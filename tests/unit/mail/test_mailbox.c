#include "core/base/writer.h"
#include "core/mail/mailbox.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void check(struct text expected, struct text got, const char *line, const char *what)
{
    if (!text_eq(expected, got))
        fail_msg("%s of '%s' is '%.*s'", what, line, (int)got.n, got.p ? got.p : "");
}

static void mailbox_from_command__lines_with_an_address__finds_its_parts(void **state)
{
    static const struct {
        const char *line, *local, *domain, *address; /* no address: local@domain */
    } cases[] = {
        {"MAIL FROM:<a@b> SIZE=1", "a", "b", NULL},
        {"rcpt to: a@b", "a", "b", NULL},
        {"RCPT TO:<@x,@y:a@b>", "a", "b", NULL},
        {"RCPT TO:<LENNON@ONLINEROCK.COM>", "LENNON", "ONLINEROCK.COM", NULL},
        {"MAIL FROM:<5140ghxc@aci.net> SIZE=1762\r\n", "5140ghxc", "aci.net", NULL},
        {"RCPT TO:a@b NOTIFY=NEVER", "a", "b", NULL},
        {"RCPT TO:  <a@b>", "a", "b", NULL},
        {"RCPT TO:\t< a@b >", "a", "b", NULL},
        {"RCPT TO : <a@b>", "a", "b", NULL},
        {"RCPT TO:<a@b.>", "a", "b", "a@b."},
        {"RCPT TO:<postmaster>", "postmaster", "", "postmaster"},
        {"RCPT TO:postmaster", "postmaster", "", "postmaster"},
        {"RCPT TO:<a@>", "a", "", "a@"},
        {"RCPT TO:<@b>", "", "b", "@b"},
        /* RFC 5321 section 4.1.2: quoted strings, address literals, source routes */
        {"RCPT TO:<\"a@b\"@c>", "\"a@b\"", "c", NULL},
        {"RCPT TO:<\"a>b\"@c>", "\"a>b\"", "c", NULL},
        {"RCPT TO:<\"a b\"@c> X=1", "\"a b\"", "c", NULL},
        {"RCPT TO:\"a b\"@c X=1", "\"a b\"", "c", NULL},
        {"RCPT TO:<\"a\\\"b\"@c>", "\"a\\\"b\"", "c", NULL},
        {"RCPT TO:<\"a\\\\\"@c>", "\"a\\\\\"", "c", NULL},
        {"RCPT TO:<\"\"@c>", "\"\"", "c", NULL},
        {"RCPT TO:<a\\@b@c>", "a\\@b", "c", NULL},
        {"RCPT TO:<a@[192.0.2.1]>", "a", "[192.0.2.1]", NULL},
        {"RCPT TO:<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]", NULL},
        {"RCPT TO:<@[IPv6:2001:db8::1]:a@b>", "a", "b", NULL},
        {"RCPT TO:<@one.example,@two.example,@three.example:a@b>", "a", "b", NULL},
        {"RCPT TO:@x:a@b", "a", "b", NULL},
        {"RCPT TO:<@x: a@b>", "a", "b", NULL},
        {"RCPT TO:<a@b@c>", "a@b", "c", NULL},
        {"RCPT TO:<a%b@c>", "a%b", "c", NULL},
        {"RCPT TO:<Joe.\\,Blow@example.com>", "Joe.\\,Blow", "example.com", NULL},
        {"RCPT TO:<\xd0\xb6@\xd0\xb6.example> SMTPUTF8", "\xd0\xb6", "\xd0\xb6.example", NULL},
        {"RCPT TO:<a=b@c>", "a=b", "c", NULL},
        {"MAIL FROM:a@b AUTH=<>", "a", "b", NULL},
        {"MAIL FROM:a@b AUTH=<x@y>", "a", "b", NULL},
        /* what servers let through */
        {"RCPT TO:<a@b", "a", "b", NULL},
        {"RCPT TO:<a@b SIZE=1", "a", "b", NULL},
        {"RCPT TO:<a@b AUTH=<x@y>", "a", "b", NULL},
        {"RCPT TO:a@b>", "a", "b", NULL},
        {"RCPT TO:<<a@b>>", "a", "b", NULL},
        {"RCPT TO:Sugar <a@b>", "a", "b", NULL},
        {"RCPT TO:\"x <y@z>\" <a@b>", "a", "b", NULL},
        {"RCPT TO:(x <y@z> (nested)) <a@b>", "a", "b", NULL},
        {"RCPT TO:x@y <a@b>", "a", "b", NULL},
        {"RCPT TO:x=<a@b>", "a", "b", NULL},
        {"RCPT TO:<\"a@b>", "\"a", "b", NULL}, /* a quote that is never closed is a byte like others */
        {"RCPT TO:(<a@b>", "a", "b", NULL},    /* a comment that is never closed is ordinary text */
        {"RCPT TO:(x) a@b", "a", "b", NULL},
        {"RCPT TO:(x (y)) a@b X=(", "a", "b", NULL},
        {"RCPT TO:a\\", "a\\", "", "a\\"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char joined[128];
        struct mailbox m;
        struct text line = exact(cases[i].line);
        struct writer w = writer_on(joined, sizeof joined);
        writer_printf(&w, "%s@%s", cases[i].local, cases[i].domain);
        if (!mailbox_from_command(line, &m))
            fail_msg("no address in '%s'", cases[i].line);
        check(text_z(cases[i].local), m.local, cases[i].line, "local part");
        check(text_z(cases[i].domain), m.domain, cases[i].line, "domain");
        check(cases[i].address ? text_z(cases[i].address) : writer_text(&w), m.address, cases[i].line,
              "address");
        assert_false(m.null_sender);
        exact_free(line);
    }
}

static void mailbox_clean__comments_and_blanks__are_taken_away(void **state)
{
    static const struct {
        const char *line, *local, *domain; /* no domain: nothing is left */
    } cases[] = {
        {"RCPT TO:<sugar(x)@example.com>", "sugar", "example.com"},
        {"RCPT TO:<(x)sugar@example.com>", "sugar", "example.com"},
        {"RCPT TO:<sugar@(x)example.com>", "sugar", "example.com"},
        {"RCPT TO:<sugar@example.com(x)>", "sugar", "example.com"},
        {"RCPT TO:<sugar@exam(x)ple.com>", "sugar", "example.com"},
        {"RCPT TO:<sugar @ example.com>", "sugar", "example.com"},
        {"RCPT TO:<sugar\t@\texample . com>", "sugar", "example.com"},
        {"RCPT TO:< sugar (x (y) \\)) @ (z) example.com >", "sugar", "example.com"},
        {"RCPT TO:<sugar(>)@example.com> ORCPT=x", "sugar", "example.com"},
        {"RCPT TO:<sugar(@evil.example)@example.com>", "sugar", "example.com"},
        {"RCPT TO:<su . gar@example.com>", "su.gar", "example.com"},
        {"RCPT TO:<su gar@example.com>", "su gar", "example.com"}, /* two words are not one */
        {"RCPT TO:<su  gar@example.com>", "su gar", "example.com"},
        {"RCPT TO:<\"su gar(x)\"@example.com>", "\"su gar(x)\"", "example.com"},
        {"RCPT TO:<\"sugar\" (x) @example.com>", "\"sugar\"", "example.com"},
        {"RCPT TO:<sugar\\(x\\)@example.com>", "sugar\\(x\\)", "example.com"},
        {"RCPT TO:<@a (x), @b : sugar@example.com>", "sugar", "example.com"},
        {"RCPT TO:< (x) @a : sugar @example.com>", "sugar", "example.com"},
        {"RCPT TO:<sugar@[ 192.0.2.1 ]>", "sugar", "[192.0.2.1]"},
        {"RCPT TO:<sugar@[IPv6: 2001:db8::1]>", "sugar", "[IPv6:2001:db8::1]"},
        {"RCPT TO:sugar(x)@example.com", "sugar", "example.com"},
        {"RCPT TO:sugar @example.com NOTIFY=NEVER", "sugar", "example.com"},
        {"RCPT TO:sugar@ example.com NOTIFY=NEVER", "sugar", "example.com"},
        {"RCPT TO:sugar (x) @ (y) example.com", "sugar", "example.com"},
        {"RCPT TO:Sweet (x) <sugar (y)@example.com>", "sugar", "example.com"},
        {"RCPT TO:<sugar(x@example.com>", "sugar(x", "example.com"},
        {"RCPT TO:<sugar)@example.com>", "sugar)", "example.com"},
        {"MAIL FROM:<(x)>", "", NULL},
        {"MAIL FROM:< (x) (y) >", "", NULL},
        {"RCPT TO:<@a: (x) >", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mailbox m;
        struct text line = exact(cases[i].line);
        char *room = malloc(line.n + 1);
        if (!mailbox_from_command(line, &m))
            fail_msg("no address in '%s'", cases[i].line);
        const bool found = mailbox_clean(&m, room);
        assert_int_equal(found, cases[i].local != NULL);
        assert_int_equal(m.null_sender, cases[i].local && !cases[i].domain);
        check(text_z(cases[i].local), m.local, cases[i].line, "local part");
        check(text_z(cases[i].domain), m.domain, cases[i].line, "domain");
        assert_false(m.cfws);
        /* In place it comes to the same. */
        char *same = malloc(line.n + 1);
        if (same && line.p)
            memcpy(same, line.p, line.n);
        struct mailbox in_place;
        mailbox_from_command(text_of(same, line.n), &in_place);
        mailbox_clean(&in_place, same + (in_place.address.p - same));
        check(m.address, in_place.address, cases[i].line, "address in place");
        free(same);
        free(room);
        exact_free(line);
    }
}

static void mailbox_from_command__empty_brackets__is_the_null_sender(void **state)
{
    static const char *const cases[] = {"MAIL FROM:<>", "MAIL FROM: <>", "mail from:< > SIZE=1",
                                        "MAIL FROM:<<>>"};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mailbox m;
        struct text line = exact(cases[i]);
        assert_true(mailbox_from_command(line, &m));
        assert_true(m.null_sender);
        assert_int_equal(m.address.n + m.local.n + m.domain.n, 0);
        exact_free(line);
    }
}

static void mailbox_from_command__no_address__is_false_and_empty(void **state)
{
    static const char *const cases[] = {
        "",          "MAIL",      "MAIL FROM",     "MAIL FROM <a@b>", "MAIL FROM:", "MAIL FROM: \r\n",
        "RCPT TO:<", "RCPT TO:>", "RCPT TO:<@x:>",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mailbox m;
        struct text line = exact(cases[i]);
        if (mailbox_from_command(line, &m))
            fail_msg("an address in '%s'", cases[i]);
        assert_false(m.null_sender);
        assert_int_equal(m.address.n + m.local.n + m.domain.n, 0);
        exact_free(line);
    }
    struct mailbox m;
    assert_false(mailbox_from_command(text_of(NULL, 0), &m));
    assert_false(mailbox_parse(text_of(NULL, 0), &m));
}

static void mailbox_parse__bare_argument__is_read_alike(void **state)
{
    static const struct {
        const char *argument, *address;
    } cases[] = {
        {"<a@b> SIZE=1", "a@b"}, {"a@b", "a@b"}, {"<@x:a@b>", "a@b"}, {" <a@b>", "a@b"}, {"a:b@c", "a:b@c"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mailbox m;
        struct text argument = exact(cases[i].argument);
        assert_true(mailbox_parse(argument, &m));
        check(text_z(cases[i].address), m.address, cases[i].argument, "address");
        exact_free(argument);
    }
}

static void mailbox_parse__very_long_and_hostile__is_linear(void **state)
{
    enum { LONG = 1 << 20 };
    static const char fills[] = "\"\\()<@[ :=";
    char *memory = malloc(LONG);
    (void)state;
    assert_non_null(memory);
    for (size_t i = 0; i < sizeof fills - 1; i++) {
        struct mailbox m;
        memset(memory, fills[i], LONG);
        mailbox_parse(text_of(memory, LONG), &m);
        memory[0] = '<';
        mailbox_parse(text_of(memory, LONG), &m);
        mailbox_clean(&m, memory + (m.address.n ? m.address.p - memory : 0));
        for (size_t k = 0; k + 1 < LONG; k += 2)
            memory[k] = '\\';
        memory[LONG / 2 + 1] = '"';
        mailbox_parse(text_of(memory, LONG), &m);
    }
    free(memory);
}

static void mailbox_local_plain__quotes_and_backslashes__are_gone(void **state)
{
    static const struct {
        const char *local;
        size_t cap;
        const char *plain;
        size_t length;
    } cases[] = {
        {"sugar", 64, "sugar", 5},
        {"\"sugar\"", 64, "sugar", 5},
        {"\"su\\gar\"", 64, "sugar", 5},
        {"s\\ugar", 64, "sugar", 5},
        {"\"a\\\"b\"", 64, "a\"b", 3},
        {"\"a\\\\b\"", 64, "a\\b", 3},
        {"SuGar", 64, "SuGar", 5},
        {"\"su\".\"gar\"", 64, "su.gar", 6},
        {"\"\"", 64, "", 0},
        {"", 0, "", 0},
        {"\"\"", 0, "", 0},
        {"a\\", 64, "a\\", 2},
        {"sugar", 5, "sugar", 5},
        {"sugar", 4, "suga", 5},
        {"sugarcane", 4, "suga", 5},
        {"a", 0, "", 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text local = exact(cases[i].local);
        char *plain = malloc(cases[i].cap);
        assert_int_equal(mailbox_local_plain(local, plain, cases[i].cap), cases[i].length);
        assert_memory_equal(plain, cases[i].plain, strlen(cases[i].plain));
        free(plain);
        exact_free(local);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mailbox_from_command__lines_with_an_address__finds_its_parts),
        cmocka_unit_test(mailbox_clean__comments_and_blanks__are_taken_away),
        cmocka_unit_test(mailbox_from_command__empty_brackets__is_the_null_sender),
        cmocka_unit_test(mailbox_from_command__no_address__is_false_and_empty),
        cmocka_unit_test(mailbox_parse__bare_argument__is_read_alike),
        cmocka_unit_test(mailbox_parse__very_long_and_hostile__is_linear),
        cmocka_unit_test(mailbox_local_plain__quotes_and_backslashes__are_gone),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
