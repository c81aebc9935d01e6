#include "tests/unit/lib/doorway.h"

/* Which of our checks saw an address: each of these rules gives a code of its own. */
static const char rules[] = "own-names = mx.example.com .example.org\n"
                            "trap-table = traps.cdb\nblock-table = block.cdb\ntable named = named.cdb\n"
                            "mail, own-sender, fail, \"551 own\"\n"
                            "mail, in(named), fail, \"552 in\"\n"
                            "mail, \"MAIL FROM:<raw@*\", fail, \"553 line\"\n"
                            "rcpt, trap, fail, \"554 trap\"\n"
                            "rcpt, in(named), fail, \"552 in\"\n"
                            "rcpt, \"RCPT TO:<raw@*\", fail, \"553 line\"\n";

static void open_rules(struct doorway *d, const char *text)
{
    doorway_make(d);
    doorway_table(d, "traps.cdb", "to:sugar@example.com\nto:mx@mx.example.com\n");
    doorway_table(d, "block.cdb", "from:bad@example.net 555 blocked\nto:gone@example.com 555 blocked\n");
    doorway_table(d, "named.cdb", "from:partner@example.net\nto:list@example.com\n");
    doorway_table(d, "exempt.cdb", "from:saint@example.net mail\nto:postmaster@example.com rcpt\n");
    temp_text(&d->folder, "gatepost.conf", text);
    assert_int_equal(doorway_engine(d, GP_NO_STATE), 1);
}

struct spelling {
    const char *line;
    const char *first;  /* what the server made of it; NULL: it says nothing */
    const char *second; /* GP_SECOND */
    unsigned code;      /* 0: pass */
};

static unsigned ask(struct doorway *d, const struct spelling *c)
{
    bool mail = c->line[0] == 'M';
    void (*parsed)(struct gp_session *, const char *, size_t, uint32_t) =
        mail ? d->api->mail_parsed : d->api->rcpt_parsed;
    doorway_connect(d, "203.0.113.9", NULL);
    doorway_helo(d, "EHLO client.example.net");
    if (!mail)
        assert_int_equal(doorway_mail(d, "MAIL FROM:<a@b.example>"), GP_PASS);
    if (c->first)
        parsed(d->session, c->first, strlen(c->first), 0);
    if (c->second)
        parsed(d->session, c->second, strlen(c->second), GP_SECOND);
    int action = mail ? doorway_mail(d, c->line) : doorway_rcpt(d, c->line);
    return action == GP_PASS ? 0 : d->verdict.code;
}

static void parsed__address_of_the_server__is_the_fact(void **state)
{
    static const struct spelling cases[] = {
        {"MAIL FROM:<x(y)@example.net>", "root@a.example.org", NULL, 551},
        {"MAIL FROM:<root@a.example.org>", "x@example.net", NULL, 0},
        {"MAIL FROM:<x@example.net>", "partner@example.net", NULL, 552},
        {"MAIL FROM:<partner@example.net>", "x@example.net", NULL, 0},
        {"MAIL FROM:<x@example.net>", "bad@example.net", NULL, 555},
        {"MAIL FROM:<bad@example.net>", "", NULL, 0},
        {"MAIL FROM:<raw@example.net>", "x@example.net", NULL, 553},
        {"MAIL FROM:<x@example.net>", "raw@example.net", NULL, 0},
        {"RCPT TO:<example.com!sugar>", "sugar@example.com", NULL, 554},
        {"RCPT TO:<sugar@example.com>", "other@example.com", NULL, 0},
        {"RCPT TO:<@x.example:other@example.com>", "list@example.com", NULL, 552},
        {"RCPT TO:<other@example.com>", "gone@example.com", NULL, 555},
        {"RCPT TO:<raw@example.com>", "x@example.com", NULL, 553},
        {"RCPT TO:<sugar@example.com>", "", NULL, 554}, /* that is not a recipient */
        {"RCPT TO:<x@example.com>", "od\"d@sugar@example.com", NULL, 0},
        {"RCPT TO:<x@example.com>", "back\\@example.com", NULL, 0},
    };
    struct doorway d;
    (void)state;
    open_rules(&d, rules);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (ask(&d, &cases[i]) != cases[i].code)
            fail_msg("%s / %s: wanted %u, got %u", cases[i].line, cases[i].first, cases[i].code,
                     ask(&d, &cases[i]));
    doorway_close(&d);
}

static void parsed__second_spelling__turns_away_but_never_lets_in(void **state)
{
    static const struct spelling cases[] = {
        {"MAIL FROM:<x@example.net>", NULL, "root@a.example.org", 551},
        {"MAIL FROM:<root@a.example.org>", NULL, "x@example.net", 551},
        {"MAIL FROM:<x@example.net>", NULL, "bad@example.net", 555},
        {"MAIL FROM:<bad@example.net>", NULL, "x@example.net", 555},
        {"MAIL FROM:<x@example.net>", NULL, "partner@example.net", 0},
        {"MAIL FROM:<x@example.net>", "y@example.net", "root@mx.example.com", 551},
        {"RCPT TO:<x@example.com>", NULL, "sugar@example.com", 554},
        {"RCPT TO:<sugar@example.com>", NULL, "user", 554},
        {"RCPT TO:<x@example.com>", NULL, "gone@example.com", 555},
        {"RCPT TO:<x@example.com>", NULL, "", 0},
    };
    static const struct spelling exempt[] = {
        {"MAIL FROM:<saint@example.net>", NULL, NULL, 0},
        {"MAIL FROM:<saint@example.net>", NULL, "x@example.net", 0},
        {"MAIL FROM:<x@example.net>", NULL, "saint@example.net", 550},
        {"MAIL FROM:<x@example.net>", "saint@example.net", NULL, 0},
        {"MAIL FROM:<saint@example.net>", "x@example.net", NULL, 550},
        {"RCPT TO:<x@example.com>", NULL, "postmaster@example.com", 550},
        {"RCPT TO:<x@example.com>", "postmaster@example.com", NULL, 0},
    };
    struct doorway d;
    (void)state;
    open_rules(&d, rules);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (ask(&d, &cases[i]) != cases[i].code)
            fail_msg("%s / %s: wanted %u, got %u", cases[i].line, cases[i].second, cases[i].code,
                     ask(&d, &cases[i]));
    doorway_close(&d);
    open_rules(&d, "exempt-table = exempt.cdb\nmail, not \"*a@b.example*\", fail, \"550 no\"\n"
                   "rcpt, \"*\", fail, \"550 no\"\n");
    for (size_t i = 0; i < sizeof exempt / sizeof *exempt; i++)
        if (ask(&d, &exempt[i]) != exempt[i].code)
            fail_msg("%s / %s %s: wanted %u, got %u", exempt[i].line, exempt[i].first, exempt[i].second,
                     exempt[i].code, ask(&d, &exempt[i]));
    doorway_close(&d);
}

static void parsed__lasts_for_one_command__and_not_for_the_other(void **state)
{
    struct doorway d;
    (void)state;
    open_rules(&d, rules);
    doorway_envelope(&d, "203.0.113.9");
    d.api->rcpt_parsed(d.session, "sugar@example.com", 17, 0);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<x@example.com>"), GP_FAIL);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<x@example.com>"), GP_PASS);
    d.api->mail_parsed(d.session, "sugar@example.com", 17, 0);
    d.api->mail_parsed(d.session, "sugar@example.com", 17, GP_SECOND);
    assert_int_equal(doorway_rcpt(&d, "RCPT TO:<x@example.com>"), GP_PASS);
    doorway_close(&d);
}

static void address__without_a_domain__is_at_our_name(void **state)
{
    static const struct spelling cases[] = {
        {"RCPT TO:<mx>", NULL, NULL, 554},       {"RCPT TO:<\"mx\">", NULL, NULL, 554},
        {"RCPT TO: mx", NULL, NULL, 554},        {"RCPT TO:<x@example.com>", "mx", NULL, 554},
        {"RCPT TO:<postmaster>", NULL, NULL, 0}, {"MAIL FROM:<root>", NULL, NULL, 551},
        {"MAIL FROM:<>", NULL, NULL, 0},
    };
    struct doorway d;
    (void)state;
    open_rules(&d, rules);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (ask(&d, &cases[i]) != cases[i].code)
            fail_msg("%s: wanted %u, got %u", cases[i].line, cases[i].code, ask(&d, &cases[i]));
    ask(&d, &(struct spelling){.line = "RCPT TO:<mx>"});
    assert_non_null(strstr(d.log, " to=\"mx@mx.example.com\""));
    doorway_close(&d);
}

/* What was cut is not whole: no check says what the rest could change. */
static void cut__text__is_not_judged_as_if_whole(void **state)
{
    static const struct {
        const char *line;
        uint32_t flags;
        unsigned code;
    } cases[] = {
        {"RCPT TO:<@x.example:other@example.com", GP_CUT, 0}, /* its address may continue */
        {"RCPT TO:<sugar@example.com", GP_CUT, 0},            /* so may this one: .net */
        {"RCPT TO:<sugar@example.com> X=", GP_CUT, 554},      /* this one is closed */
        {"RCPT TO:sugar@example.com X=", GP_CUT, 0},          /* a bracket may follow */
        {"RCPT TO:<raw@example.com", GP_CUT, 553},            /* whatever follows, the pattern matches */
        {"RCPT TO:<gone@example.com> X", GP_CUT, 555},        /* the block table */
        {"RCPT TO:<gone@example.com", GP_CUT, 0},
        {"<sugar@example.com> X", GP_CUT | GP_ARGUMENT, 554},
        {"MAIL FROM:<root@mx.example.com", GP_CUT, 0},
        {"MAIL FROM:<root@mx.example.com> S", GP_CUT, 551},
        {"MAIL FROM:<whole@b.example", GP_CUT, 0},
        {"MAIL FROM:<whole@b.example", 0, 556},
        {"MAIL FROM:<x", GP_CUT, 0}, /* `not` of a pattern cannot say either */
        {"MAIL FROM:<word y", GP_CUT, 0},
        {"EHLO mx.example.com", GP_CUT, 0},
        {"EHLO mx.example.com", 0, 557},
        {"EHLO bad", GP_CUT, 558},
        {"EHLO ba", GP_CUT, 0},
    };
    struct doorway d;
    char more[1200];
    (void)state;
    snprintf(more, sizeof more,
             "%smail, \"MAIL FROM:<whole@b.example\", fail, \"556 whole\"\nmail, not \"*\", fail, \"559 not\"\n"
             "mail, \"*<word/b*\", fail, \"559 word\"\n"
             "helo, own-name, fail, \"557 own\"\nhelo, \"*bad*\", fail, \"558 pattern\"\n",
             rules);
    open_rules(&d, more);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *line = cases[i].line;
        doorway_connect(&d, "203.0.113.9", NULL);
        int action;
        if (line[0] == 'E') {
            action = d.api->helo(d.session, line, strlen(line), cases[i].flags, &d.verdict);
        } else {
            doorway_helo(&d, "EHLO client.example.net");
            if (line[0] != 'M')
                doorway_mail(&d, "MAIL FROM:<a@b.example>");
            action = (line[0] == 'M' ? d.api->mail : d.api->rcpt)(d.session, line, strlen(line), cases[i].flags,
                                                                  &d.verdict);
        }
        unsigned code = action == GP_PASS ? 0 : d.verdict.code;
        if (code != cases[i].code)
            fail_msg("%s (%u): wanted %u, got %u", line, cases[i].flags, cases[i].code, code);
    }
    doorway_close(&d);
}

/* Neither a line of any length nor a bare argument hides what stands at its end; beyond what is kept, nothing is
 * said. */
static void long_line__is_judged_whole__or_cannot_say(void **state)
{
    static const struct {
        size_t padding; /* bytes of a source route before the trap */
        uint32_t flags;
        unsigned code;
    } cases[] = {
        {3000, 0, 554},  {3000, GP_ARGUMENT, 554},  {4096, 0, 554}, {4096, GP_ARGUMENT, 554},
        {60000, 0, 554}, {60000, GP_ARGUMENT, 554}, {70000, 0, 0},  {70000, GP_ARGUMENT, 0},
    };
    static char line[80000];
    struct doorway d;
    (void)state;
    open_rules(&d, rules);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = (size_t)snprintf(line, sizeof line, "%s<@", cases[i].flags ? "" : "RCPT TO:");
        memset(line + n, 'x', cases[i].padding);
        n += cases[i].padding;
        n += (size_t)snprintf(line + n, sizeof line - n, ":sugar@example.com>");
        doorway_connect(&d, "203.0.113.9", NULL);
        doorway_helo(&d, "EHLO client.example.net");
        doorway_mail(&d, "MAIL FROM:<a@b.example>");
        int action = d.api->rcpt(d.session, line, n, cases[i].flags, &d.verdict);
        unsigned code = action == GP_PASS ? 0 : d.verdict.code;
        if (code != cases[i].code)
            fail_msg("%zu bytes, flags %u: wanted %u, got %u", n, cases[i].flags, cases[i].code, code);
    }
    doorway_close(&d);
}

/* Of a bare argument the brackets are the client's, wherever they begin; where there are none they are written. */
static void argument__with_and_without_brackets__is_one_command_line(void **state)
{
    static const char *const traps[] = {
        "<sugar@example.com>",          "sugar@example.com",
        "(c)<sugar@example.com>",       "Sugar <sugar@example.com>",
        "sugar@example.com X=<y>",      "<sugar@example.com> X=1",
        "sugar@example.com X=1",        "\"a <b\" <sugar@example.com>",
        "\"<x@y>\"<sugar@example.com>",
    };
    struct doorway d;
    (void)state;
    open_rules(&d, rules);
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) {
        doorway_connect(&d, "203.0.113.9", NULL);
        doorway_helo(&d, "EHLO client.example.net");
        doorway_mail(&d, "MAIL FROM:<a@b.example>");
        if (d.api->rcpt(d.session, traps[i], strlen(traps[i]), GP_ARGUMENT, &d.verdict) == GP_PASS)
            fail_msg("%s passes", traps[i]);
        assert_int_equal(d.verdict.code, 554);
    }
    doorway_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsed__address_of_the_server__is_the_fact),
        cmocka_unit_test(parsed__second_spelling__turns_away_but_never_lets_in),
        cmocka_unit_test(parsed__lasts_for_one_command__and_not_for_the_other),
        cmocka_unit_test(address__without_a_domain__is_at_our_name),
        cmocka_unit_test(cut__text__is_not_judged_as_if_whole),
        cmocka_unit_test(long_line__is_judged_whole__or_cannot_say),
        cmocka_unit_test(argument__with_and_without_brackets__is_one_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
