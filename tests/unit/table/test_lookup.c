/* Look-ups in a table too large for the cache, which are collected and prefetched: the same results as in a
 * small one. */
#include "tests/unit/lib/table_helper.h"

static const char sample[] =
    "198.0.0.0/8 554 all\n192.0.2.0/24 554 net\n192.0.2.66 554 address\n.relay.example 554 below\n"
    "mx.relay.example 554 name\n2001:db8::/32 554 six\n2001:db8::1 554 literal\n"
    "helo:10.0.0.0/8 554 helo-net\nhelo:.zombie.example 554 helo-below\n"
    "from:<> 554 null\nfrom:a@b.example 554 mailbox\nfrom:@b.example 554 at\nfrom:.example 554 any\n"
    "from:bounce@ 554 local\nto:postmaster@ 554 local\n"
    "to:x@bücher.example 554 book\n.ПРИМЕР.испытание 554 cyrillic\nhelo:żółw.pl 554 turtle\n";

static const struct {
    const char *key, *value, *matched;
} cases[] = {
    {"client:192.0.2.66", "554 address", "client:192.0.2.66"},
    {"client:192.0.2.65", "554 net", "client:192.0.2.0/24"},
    {"client:198.51.100.1", "554 all", "client:198.0.0.0/8"},
    {"client:2001:db8::1", "554 literal", "client:2001:db8::1"},
    {"client:2001:db8::2", "554 six", "client:2001:db8::/32"},
    {"client:2001:db9::2", "-", ""},
    {"client:mx.relay.example", "554 name", "client:mx.relay.example"},
    {"client:relay.example", "554 below", "client:.relay.example"},
    {"client:a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.relay.example", "554 below", "client:.relay.example"},
    {"client:other.example", "-", ""},
    {"client:192.0.2.0/24", "554 net", "client:192.0.2.0/24"},
    {"client:192.0.2.0/25", "-", ""},
    {"helo:10.1.2.3", "554 helo-net", "helo:10.0.0.0/8"},
    {"helo:[10.1.2.3]", "554 helo-net", "helo:10.0.0.0/8"},
    {"helo:<10.1.2.3>. x", "554 helo-net", "helo:10.0.0.0/8"},
    {"helo:[IPv6:::ffff:10.1.2.3]", "554 helo-net", "helo:10.0.0.0/8"},
    {"helo:[64:ff9b::10.1.2.3]", "554 helo-net", "helo:10.0.0.0/8"},
    {"helo:<a.zombie.example..> x", "554 helo-below", "helo:.zombie.example"},
    {"helo:a.zombie.example", "554 helo-below", "helo:.zombie.example"},
    {"from:<>", "554 null", "from:<>"},
    {"from:a@b.example", "554 mailbox", "from:a@b.example"},
    {"from:c@b.example", "554 at", "from:@b.example"},
    {"from:bounce@c.example", "554 any", "from:.example"},
    {"from:bounce@c.test", "554 local", "from:bounce@"},
    {"from:@b.example", "554 at", "from:@b.example"},
    {"to:postmaster@c.test", "554 local", "to:postmaster@"},
    {"to:a@b.example", "-", ""},
    {"to:x@xn--bcher-kva.example", "554 book", "to:x@xn--bcher-kva.example"},
    {"to:X@XN--BCHER-KVA.example", "554 book", "to:x@xn--bcher-kva.example"},
    {"to:x@BÜCHER.example.", "554 book", "to:x@xn--bcher-kva.example"},
    {"to:x@bu\xcc\x88"
     "cher.example",
     "554 book", "to:x@xn--bcher-kva.example"},
    {"to:x@b\xc1\xbc"
     "cher.example",
     "-", ""}, /* overlong */
    {"to:x@b\xfc"
     "cher.example",
     "-", ""}, /* not UTF-8 */
    {"client:mx.пример.испытание", "554 cyrillic", "client:.xn--e1afmkfd.xn--80akhbyknj4f"},
    {"helo:ŻÓŁW.pl", "554 turtle", "helo:xn--w-uga1v8h.pl"},
};

static void assert_answers(void)
{
    struct table *t = open_made();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text value = TEXT("-"), matched = TEXT("");
        int found = table_ask(t, text_z(cases[i].key), &value, &matched);
        if (found != (cases[i].matched[0] != '\0') || !text_eq(value, text_z(cases[i].value)) ||
            (found && !text_eq(matched, text_z(cases[i].matched))))
            fail_msg("%s: %d '%.*s' by '%.*s'", cases[i].key, found, (int)value.n, value.p, (int)matched.n,
                     matched.p);
    }
    table_close(&t);
}

static void table_ask__small_table__narrowest_wins(void **state)
{
    (void)state;
    if (make_table(SOURCE_TEXT, KIND_BLOCK, text_z(sample)) != 0)
        fail_msg("%s", problems);
    assert_answers();
}

static void table_ask__large_table__as_in_a_small_one(void **state)
{
    enum { MORE = 30000, ROOM = MORE * 64 };
    char *text = malloc(ROOM);
    (void)state;
    assert_non_null(text);
    struct writer w = writer_on(text, ROOM);
    writer_add(&w, text_z(sample));
    for (int i = 0; i < MORE; i++)
        writer_printf(&w, "host-%d.dyn.test 554 same\n", i);
    assert_false(w.cut);
    if (make_table(SOURCE_TEXT, KIND_BLOCK, writer_text(&w)) != 0)
        fail_msg("%s", problems);
    assert_answers();
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_ask__small_table__narrowest_wins),
        cmocka_unit_test(table_ask__large_table__as_in_a_small_one),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
