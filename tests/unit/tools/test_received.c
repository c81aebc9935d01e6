#include "tests/unit/lib/exact.h"

#include "tools/transcript/received.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* What is found, on one line: "ADDRESS name helo sender recipient by id flags", '-' where nothing is. */
static void describe(struct text value, char *out, size_t cap)
{
    struct received r;
    char address[IP_TEXT_MAX] = "-";
    struct writer w = writer_on(out, cap);
    received_parse(value, &r);
    if (r.has_client)
        ip_format(&r.client, address);
    const struct text parts[] = {text_z(address), r.name, r.helo, r.recipient, r.by, r.id};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        writer_add(&w, i ? TEXT(" ") : TEXT(""));
        writer_add(&w, parts[i].n ? parts[i] : TEXT("-"));
    }
    if (r.has_sender) {
        writer_add(&w, TEXT(" sender="));
        writer_add(&w, r.sender);
    }
    writer_add(&w, r.authenticated ? TEXT(" auth") : TEXT(""));
    writer_add(&w, r.fetched ? TEXT(" fetched") : TEXT(""));
    writer_add(&w, r.has_time ? TEXT("") : TEXT(" notime"));
}

#define DATE "; Thu, 24 Jul 2003 01:11:45 -0700 (PDT)"

static void received_parse__servers_of_the_world__client_name_and_helo_told_apart(void **state)
{
    static const struct {
        const char *value;
        const char *found;
    } cases[] = {
        /* Sendmail */
        {"from webnote.net (mail.webnote.net [193.120.211.219]) by dogma.slashnull.org (8.11.6/8.11.6) with "
         "ESMTP id "
         "g869r0C29204 for <zzzz@spamassassin.taint.org>" DATE,
         "193.120.211.219 mail.webnote.net webnote.net zzzz@spamassassin.taint.org dogma.slashnull.org "
         "g869r0C29204"},
        {"from xent.com ([64.161.22.236]) by dogma.slashnull.org (8.11.6/8.11.6) with ESMTP id "
         "g859B1Z12257" DATE,
         "64.161.22.236 - xent.com - dogma.slashnull.org g859B1Z12257"},
        {"from a.example (IDENT:root@b.example [192.0.2.1]) by c.example (8.9.3/8.9.3) with SMTP id AA1" DATE,
         "192.0.2.1 b.example a.example - c.example AA1"},
        {"from a.example (IDENT:root@[192.0.2.1]) by c.example (8.9.3/8.9.3) with SMTP id AA1" DATE,
         "192.0.2.1 - a.example - c.example AA1"},
        {"from a.example (b.example [192.0.2.1] (may be forged)) by c.example (8.11.6/8.11.6) with SMTP id "
         "AA1" DATE,
         "192.0.2.1 - a.example - c.example AA1"},
        {"from [192.0.2.9] (b.example [192.0.2.1]) by c.example (8.11.6/8.11.6) with SMTP id AA1" DATE,
         "192.0.2.1 b.example [192.0.2.9] - c.example AA1"},
        {"from python (gw.example [192.0.2.1]) (authenticated (0 bits)) by c.example (8.11.6/8.11.6) with "
         "ESMTP id AA1" DATE,
         "192.0.2.1 gw.example python - c.example AA1 auth"},
        {"(from b.example [192.0.2.1]) by c.example (8.11.6/8.11.6) id AA1" DATE,
         "192.0.2.1 b.example - - c.example AA1"},
        {"(from mail@localhost) by c.example (8.11.6/8.11.6) id AA1" DATE, "- - - - c.example AA1"},
        {"from a.example (a.example [192.0.2.1]) by c.example with SMTP id AA1" DATE
         " (envelope-from u@a.example)",
         "192.0.2.1 a.example a.example - c.example AA1 sender=u@a.example"},
        /* Postfix */
        {"from helo.example (unknown [192.0.2.1]) by c.example (Postfix) with ESMTP id AA1 for "
         "<u@c.example>" DATE,
         "192.0.2.1 - helo.example u@c.example c.example AA1"},
        {"from helo (ptr.example [IPv6:2001:db8::1]) (using TLSv1.3) by c.example (Postfix) with ESMTPSA id "
         "AA1" DATE,
         "2001:db8::1 ptr.example helo - c.example AA1 auth"},
        /* Exim */
        {"from ptr.example ([192.0.2.1] helo=HELO) by c.example with esmtp (Exim 3.35 #1) id "
         "17aljs-0004z9-00" DATE,
         "192.0.2.1 ptr.example HELO - c.example 17aljs-0004z9-00"},
        {"from [192.0.2.1] (helo=helo.example) by c.example with smtp (Exim 4.96) id 17aljs-0004z9-00" DATE,
         "192.0.2.1 - helo.example - c.example 17aljs-0004z9-00"},
        {"from [192.0.2.1] (port=4243 helo=helo.example ident=root) by c.example with esmtps (TLS1.2) (Exim "
         "4.96) "
         "(envelope-from <u@a.example>) id 1 for u@c.example" DATE,
         "192.0.2.1 - helo.example u@c.example c.example 1 sender=u@a.example"},
        {"from ptr.example ([192.0.2.1]:4243 helo=[192.0.2.7]) by c.example with esmtpsa (Exim 4.96) id 1" DATE,
         "192.0.2.1 ptr.example [192.0.2.7] - c.example 1 auth"},
        {"from ptr.example ([192.0.2.1]) by c.example with esmtp (Exim 3.31 #1 (Debian)) id 1" DATE,
         "192.0.2.1 ptr.example ptr.example - c.example 1"},
        {"from (helo.example) [192.0.2.1]  by c.example with esmtp (Exim) id 1" DATE,
         "192.0.2.1 - helo.example - c.example 1"},
        /* qmail and its kin */
        {"from unknown (HELO helo.example) (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 - helo.example - c.example -"},
        {"from ptr.example (HELO helo.example) (root@192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ptr.example helo.example - c.example -"},
        {"from ptr.example (HELO [192.0.2.7]) (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ptr.example [192.0.2.7] - c.example -"},
        {"from ptr.example (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ptr.example ptr.example - c.example -"},
        {"from unknown (192.0.2.1) by c.example with SMTP" DATE, "192.0.2.1 - - - c.example -"},
        {"from unknown (HELO avalon) ([192.0.2.1]) (envelope-sender <>) by 10.0.0.1 (qmail-ldap-1.03) with "
         "SMTP" DATE,
         "192.0.2.1 - avalon - 10.0.0.1 - sender="},
        {"from 192.0.2.1  (EHLO helo.example) (192.0.2.1) by mta.example with SMTP" DATE,
         "192.0.2.1 - helo.example - mta.example -"},
        {"from ptr.example ([192.0.2.1]:3332 \"HELO helo.example\" ident: \"x\") by c.example with ESMTP" DATE,
         "192.0.2.1 ptr.example helo.example - c.example -"},
        /* CommuniGate, Microsoft, PowerMTA, Courier, Mercury, fetchmail */
        {"from [192.0.2.1] (HELO helo.example) by c.example (CommuniGate Pro SMTP 3.5.6) with SMTP id "
         "251190" DATE,
         "192.0.2.1 - helo.example - c.example 251190"},
        {"from [192.0.2.1] (account u HELO helo.example) by c.example (CommuniGate Pro SMTP) with ESMTP id "
         "2" DATE,
         "192.0.2.1 - helo.example - c.example 2 auth"},
        {"from easy-med.com ([192.0.2.1]) by eng.example with Microsoft SMTPSVC(5.0.2195.4453)" DATE,
         "192.0.2.1 - easy-med.com - eng.example -"},
        {"from easy-med.com ([192.0.2.1] RDNS failed) by eng.example with Microsoft SMTPSVC(6.0)" DATE,
         "192.0.2.1 - easy-med.com - eng.example -"},
        {"from mail pickup service by eng.example with Microsoft SMTPSVC" DATE, "- - mail - eng.example -"},
        {"from helo.example (192.0.2.1) by ex.example (10.0.0.1) with Microsoft SMTP Server (TLS) id 14.3" DATE,
         "192.0.2.1 - helo.example - ex.example 14.3"},
        {"from agent4 (192.0.2.1) by c.example (PowerMTA(TM) v1.5)" DATE, "192.0.2.1 - agent4 - c.example -"},
        {"from helo.example (ptr.example [::ffff:192.0.2.1]) by c.example with esmtp" DATE,
         "192.0.2.1 ptr.example helo.example - c.example -"},
        {"from helo.example (ptr.example. [2001:db8::1]) by mx.example with ESMTPS id x" DATE,
         "2001:db8::1 ptr.example helo.example - mx.example x"},
        {"from helo (192.0.2.1) by c.example (Mercury/32 v4.01) with ESMTP ID MG00001" DATE,
         "192.0.2.1 - helo - c.example MG00001"},
        {"from  (192.0.2.1 [192.0.2.1]) by c.example with MailEnable ESMTP" DATE,
         "192.0.2.1 - - - c.example -"},
        {"from helo.example (unverified [192.0.2.1]) by c.example (EMWAC SMTPRS 0.83) with SMTP id <B1@c>" DATE,
         "192.0.2.1 - helo.example - c.example <B1@c>"},
        {"from pop.example [192.0.2.1] by localhost with POP3 (fetchmail-5.9.0) for jm@localhost "
         "(single-drop)" DATE,
         "192.0.2.1 - pop.example jm@localhost localhost - fetched"},
        {"from [192.0.2.1] by web13.example via HTTP" DATE, "192.0.2.1 - - - web13.example - fetched"},
        /* hostile, broken */
        {"from x (HELO (192.0.2.66) by y) (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 x (192.0.2.66) by y - c.example -"},
        {"from x ((((([192.0.2.1]) by c.example with SMTP" DATE, "192.0.2.1 - x - c.example -"},
        {"from x ([192.0.2.1", "- - x - - - notime"},
        {"from x ([999.0.2.1]) by c.example", "- - x - c.example - notime"},
        {"", "- - - - - - notime"},
        {"from", "- - - - - - notime"},
        {";", "- - - - - - notime"},
        {"by c.example for <", "- - - - c.example - notime"},
    };
    unsigned wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char found[600];
        struct text value = exact(cases[i].value);
        describe(value, found, sizeof found);
        if (strcmp(found, cases[i].found) != 0) {
            print_error("%s\n  gives   '%s'\n  not     '%s'\n", cases[i].value, found, cases[i].found);
            wrong++;
        }
        exact_free(value);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(received_parse__servers_of_the_world__client_name_and_helo_told_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
