#include "tests/unit/lib/exact.h"

#include "tools/analyze/log_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What was read, as one line: kind, program, then what is known. */
static const char *shown(const struct log_event *e, char out[2048])
{
    static const char *const kinds[] = {"unknown",     "other",      "refusal", "part",
                                        "blacklisted", "restricted", "repeated"};
    static const char *const programs[] = {"sendmail", "exim", "postfix", "mercury", "gatepost"};
    char ip[IP_TEXT_MAX];
    struct writer w = writer_on(out, 2048);
    writer_printf(&w, "%s", kinds[e->kind]);
    if (e->kind > LOG_OTHER)
        writer_printf(&w, " %s", programs[e->program]);
    if (e->id.n)
        writer_printf(&w, " %.*s", (int)e->id.n, e->id.p);
    if (e->has_client) {
        ip_format(&e->client, ip);
        writer_printf(&w, " %s", ip);
    }
    if (e->has_sender)
        writer_printf(&w, " F=%.*s", (int)e->sender.n, e->sender.p);
    if (e->has_recipient)
        writer_printf(&w, " T=%.*s", (int)e->recipient.n, e->recipient.p);
    if (e->temporary)
        writer_add(&w, e->busy ? TEXT(" busy") : TEXT(" temporary"));
    if (e->times > 1)
        writer_printf(&w, " x%u", e->times);
    if (e->kind > LOG_OTHER && e->reason.n)
        writer_printf(&w, ": %.*s", (int)e->reason.n, e->reason.p);
    return out;
}

struct line_case {
    const char *line;
    const char *want;
};

static void expect_lines(const struct line_case *cases, size_t count, bool bare)
{
    static struct log_event e;
    char out[2048];
    for (size_t i = 0; i < count; i++) {
        struct text line = exact(cases[i].line);
        log_line_read(line, bare ? LOG_BELOW_ENTRY : LOG_STAMPED, &e);
        if (strcmp(shown(&e, out), cases[i].want) != 0)
            fail_msg("%s\n gives %s\n not   %s", cases[i].line, out, cases[i].want);
        exact_free(line);
    }
}

#define SM  "Jul 24 01:11:45 janus sm-mta[123]: "
#define ID  "h6O8BjCE012345"
#define PF  "Jul 24 01:11:45 mx postfix/smtpd[77]: "
#define EX  "2003-07-24 01:11:45 "
#define MSG "1qCBoy-0003ji-G9 "

static void log_line_read__sendmail__client_envelope_and_id(void **state)
{
    static const struct line_case cases[] = {
        {SM ID ": ruleset=check_eoh, arg1=5 $| 300, relay=[61.77.232.38], reject=553 5.0.0 Unidentified",
         "refusal sendmail " ID " 61.77.232.38: 553 5.0.0 Unidentified"},
        {SM ID ": ruleset=check_rcpt, arg1=<a@b.example>, relay=x.example [IPv6:2001:db8::1] (may be forged), "
               "reject=550 5.7.1 <a@b.example>... Relaying denied",
         "refusal sendmail " ID " 2001:db8::1 T=a@b.example: 550 5.7.1 <a@b.example>... Relaying denied"},
        {SM ID ": ruleset=check_mail, arg1=<a@b.example>, relay=x.example [192.0.2.1], reject=451 4.1.8 Later",
         "refusal sendmail " ID " 192.0.2.1 F=a@b.example temporary: 451 4.1.8 Later"},
        {SM "ruleset=check_relay, arg1=x.example, arg2=127.0.0.3, relay=x.example [60.240.56.231], reject=553 "
            "5.3.0 "
            "Listed",
         "refusal sendmail 60.240.56.231: 553 5.3.0 Listed"},
        {SM ID ": from=<a@b.example>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA, relay=x.example "
               "[192.0.2.1]",
         "part sendmail " ID " 192.0.2.1 F=a@b.example"},
        {SM ID
         ": from=<>, size=1762, class=0, nrcpts=1, msgid=<x, relay=[192.0.2.66]>, proto=SMTP, daemon=MTA, "
         "relay=[192.0.2.1] (may be forged)",
         "part sendmail " ID " 192.0.2.1 F="},
        {SM ID ": to=<a@b.example>,<c@d.example>, delay=00:00:01, pri=31762, stat=Unidentified",
         "part sendmail " ID " T=a@b.example"},
        {SM ID ": Milter: data, reject=550 5.7.1 Blocked", "refusal sendmail " ID ": 550 5.7.1 Blocked"},
        {SM ID ": Milter: to=<a@b.example>, reject=451 4.3.2 Please try again later",
         "refusal sendmail " ID " T=a@b.example temporary: 451 4.3.2 Please try again later"},
        {SM ID ": Milter: from=<a@b.example>, reject=550 5.7.1 No",
         "refusal sendmail " ID " F=a@b.example: 550 5.7.1 No"},
        {SM ID ": Milter: connect: host=x.example, addr=192.0.2.1, rejecting commands",
         "refusal sendmail " ID " 192.0.2.1: rejecting commands"},
        {SM ID ": <a@b.example>... User unknown",
         "refusal sendmail " ID " T=a@b.example: 550 5.1.1 User unknown"},
        {SM ID ": Milter add: header: X-Virus: no", "other " ID},
        {SM "STARTTLS=server, relay=x.example [192.0.2.1], version=TLSv1", "other"},
        /* an excerpt, and one that an archive of a mailing list has changed */
        {"Jul 24 01:11:45 janus sm-mta ... ruleset=check_eoh, ... relay=a-1.example [61.77.232.38], reject=553 "
         "5.0.0 No",
         "refusal sendmail 61.77.232.38: 553 5.0.0 No"},
        {"Jul 24 01:11:45 janus sm-mta ... from=<5140ghxc at aci.net>, size=1762, ...",
         "part sendmail F=5140ghxc@aci.net"},
        {"> Jul 24 01:11:45 janus sm-mta ... to=<LENNON at ONLINEROCK.COM>, ...",
         "part sendmail T=LENNON@ONLINEROCK.COM"},
    };
    (void)state;
    expect_lines(cases, COUNT(cases), false);
}

static void log_line_read__postfix__client_and_envelope(void **state)
{
    static const struct line_case cases[] = {
        {PF "NOQUEUE: reject: RCPT from x.example[192.0.2.1]: 554 5.7.1 <c@d.example>: Relay access denied; "
            "from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>",
         "refusal postfix 192.0.2.1 F=a@b.example T=c@d.example: 554 5.7.1 <c@d.example>: Relay access denied"},
        {PF "NOQUEUE: reject: RCPT from unknown[2001:db8::1]:2525: 450 4.7.1 Helo; from=<> to=<c@d.example> "
            "proto=SMTP helo=<x>",
         "refusal postfix 2001:db8::1 F= T=c@d.example temporary: 450 4.7.1 Helo"},
        {PF "NOQUEUE: reject: CONNECT from unknown[192.0.2.1]: 554 5.7.1 Client host rejected; proto=SMTP",
         "refusal postfix 192.0.2.1: 554 5.7.1 Client host rejected"},
        {PF "NOQUEUE: reject: RCPT from unknown[unknown]: 554 5.7.1 No; from=<a@b.example> to=<c@d.example> "
            "proto=SMTP",
         "refusal postfix F=a@b.example T=c@d.example: 554 5.7.1 No"},
        {"2021-02-05T14:17:51.123456+01:00 mx postfix/cleanup[38]: D8C136A3A: milter-reject: END-OF-MESSAGE "
         "from "
         "unknown[192.0.2.1]: 5.7.1 Spam; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x>",
         "refusal postfix D8C136A3A 192.0.2.1 F=a@b.example T=c@d.example: 5.7.1 Spam"},
        {"Aug 06 13:50:23 ms postfix/postscreen-primary/postscreen[38]: NOQUEUE: reject: RCPT from "
         "[192.0.2.1]:50183: "
         "550 5.7.1 Listed; from=<a@b.example>, to=<c@d.example>, proto=ESMTP, helo=<x>",
         "refusal postfix 192.0.2.1 F=a@b.example T=c@d.example: 550 5.7.1 Listed"},
        {"Jan 24 12:33:44 mx postfix/cleanup[25]: 615E5228012: reject: header Subject: x from "
         "y.example[192.0.2.1]; "
         "from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<y.example>: 5.7.1 No",
         "refusal postfix 615E5228012 192.0.2.1 F=a@b.example T=c@d.example: 5.7.1 No"},
        {PF "NOQUEUE: reject_warning: RCPT from x[192.0.2.1]: 554 No; from=<a@b> to=<c@d> proto=SMTP helo=<x>",
         "other"},
        {PF "connect from x.example[192.0.2.1]", "other"},
        {"<22>1 2021-02-05T14:17:51Z mx postfix/smtpd 38 - [x a=\"]\"] NOQUEUE: reject: RCPT from "
         "x[192.0.2.1]: 554 No; "
         "from=<a@b> to=<c@d> proto=SMTP helo=<x>",
         "refusal postfix 192.0.2.1 F=a@b T=c@d: 554 No"},
        {"<22>Jul 24 01:11:45 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 No; from=<a@b> "
         "to=<c@d>",
         "refusal postfix 192.0.2.1 F=a@b T=c@d: 554 No"},
        {"2024-07-03T17:18:06.604074169Z Jul 03 19:18:06 mx postfix/smtpd[1]: NOQUEUE: reject: EHLO from "
         "x[192.0.2.1]: 504 "
         "5.5.2 No; proto=ESMTP helo=<x>",
         "refusal postfix 192.0.2.1: 504 5.5.2 No"},
        {"mail.log.1:" PF "NOQUEUE: reject: MAIL from x[192.0.2.1]: 550 No; from=<a@b> proto=ESMTP helo=<x>",
         "refusal postfix 192.0.2.1 F=a@b: 550 No"},
    };
    (void)state;
    expect_lines(cases, COUNT(cases), false);
}

static void log_line_read__exim__client_and_envelope(void **state)
{
    static const struct line_case cases[] = {
        {EX "H=x.example (helo) [192.0.2.1]:13432 I=[192.0.2.9]:25 F=<a@b.example> rejected RCPT "
            "<c@d.example>: relay not "
            "permitted",
         "refusal exim 192.0.2.1 F=a@b.example T=c@d.example: relay not permitted"},
        {EX "H=([192.0.2.1]) [192.0.2.1] F=<> rejected RCPT <c@d.example>: No",
         "refusal exim 192.0.2.1 F= T=c@d.example: No"},
        {EX "H=x.example [2001:db8::1] X=TLS1.2:ECDHE:256 CV=no SNI=\"mx\" F=<a@b.example> A=plain:x "
            "temporarily rejected "
            "RCPT <c@d.example>: Later",
         "refusal exim 2001:db8::1 F=a@b.example T=c@d.example temporary: Later"},
        {EX MSG "H=x.example [192.0.2.1] U=root F=<a@b.example> rejected after DATA: Unidentified",
         "refusal exim 1qCBoy-0003ji-G9 192.0.2.1 F=a@b.example: Unidentified"},
        {EX "[4711] 1rKabc-0000000AbCd-0123 H=(x) [192.0.2.1] F=<a@b> rejected by local_scan(): 553 No",
         "refusal exim 1rKabc-0000000AbCd-0123 192.0.2.1 F=a@b: 553 No"},
        {"2003-07-24 01:11:45.123 +0200 H=(x) [192.0.2.1] rejected EHLO or HELO x: No",
         "refusal exim 192.0.2.1: No"},
        {EX "H=[192.0.2.1] rejected connection in \"connect\" ACL: Listed", "refusal exim 192.0.2.1: Listed"},
        {EX "H=(x) [192.0.2.1] rejected MAIL <a@b.example>: No", "refusal exim 192.0.2.1 F=a@b.example: No"},
        {EX "rejected EHLO from x.example [192.0.2.1]: syntactically invalid argument(s): a_b",
         "refusal exim 192.0.2.1: invalid HELO"},
        {"Jul 24 01:11:45 mx exim[12]: " EX "H=(x) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: No",
         "refusal exim 192.0.2.1 F=a@b T=c@d: No"},
        {"Envelope-to: <c@d.example>", "part exim T=c@d.example"},
        {EX MSG "<= a@b.example H=(x) [192.0.2.1] P=esmtp S=1", "other 1qCBoy-0003ji-G9"},
        {EX "H=(x) [192.0.2.1] sender verify fail for <a@b>: response was: 550 rejected RCPT <a@b>: No",
         "other 192.0.2.1"},
        {EX "Start queue run: pid=12", "other"},
        {EX "no host name found for IP address 192.0.2.1", "other"},
        {EX "something else", "unknown"},
    };
    (void)state;
    expect_lines(cases, COUNT(cases), false);
}

static void log_line_read__mercury__listed_and_turned_away(void **state)
{
    static const struct line_case cases[] = {
        {"E  20070529  004133  4640efe8  Host 192.0.2.1 blocked by Spamhaus Zen - Reject - dropped and "
         "blocked.",
         "blacklisted mercury 192.0.2.1: blocked by Spamhaus Zen - Reject - dropped and blocked"},
        {"E  20070529  004610  0   Connection from (192.0.2.1) refused because of short-term restriction.",
         "restricted mercury 192.0.2.1: refused because of short-term restriction"},
        {"    E\xC2\xA0  20070529\xC2\xA0  004133\xC2\xA0  4640efe8\xC2\xA0  Host (IP.Address) blocked by Zen "
         "- dropped and "
         "blocked.",
         "blacklisted mercury: blocked by Zen - dropped and blocked"},
        {"T  20070529  004133  4640efe8  Connection from 192.0.2.1", "other"},
        {"E  20070529  004133  x4640  Host 192.0.2.1 dropped and blocked.", "unknown"},
    };
    (void)state;
    expect_lines(cases, COUNT(cases), false);
}

static void log_line_read__own_lines__fields_unescaped(void **state)
{
    static const struct line_case cases[] = {
        {EX "gatepost: fail phase=rcpt client=192.0.2.1 name=\"x.example\" helo=\"x client=192.0.2.66\" "
            "from=\"a@b\" "
            "to=\"\\\"c\\\\d\\x20e\\\"@f\" rule=gatepost.conf:3 reply=\"554 No\" blocked=30m",
         "refusal gatepost 192.0.2.1 F=a@b T=\"c\\d e\"@f: 554 No"},
        {EX MSG "gatepost: drop phase=helo client=2001:db8::1 helo=\"x\" rule=a.conf:1",
         "refusal gatepost 1qCBoy-0003ji-G9 2001:db8::1: drop"},
        {"Jul 24 01:11:45 mx gatepost-milter[1]: gatepost: refuse phase=data client=192.0.2.1 from=\"\" "
         "rule=block-table "
         "reply=\"451 4.3.0 Later\"",
         "refusal gatepost 192.0.2.1 F= temporary: 451 4.3.0 Later"},
        {"Jul 24 01:11:45 mx gatepost: close phase=connect client=- rule=blocklist reply=\"554 No",
         "refusal gatepost: close"},
        {EX "gatepost: would refuse phase=helo client=192.0.2.1 rule=a.conf:1 reply=\"554 No\"", "other"},
        {EX "gatepost: log phase=helo client=192.0.2.1 rule=a.conf:1 text=\"x\"", "other"},
    };
    (void)state;
    expect_lines(cases, COUNT(cases), false);
}

/* 192.0.2.66 is another machine, which the client 192.0.2.1 would like to see in our tables. */
static void log_line_read__forged_parts__nobody_else_is_named(void **state)
{
    static const struct line_case cases[] = {
        {SM ID
         ": ruleset=CheckSubject, arg1=hi, relay=[192.0.2.66], reject=550 x, relay=[192.0.2.1], reject=553 No",
         "refusal sendmail " ID ": 550 x, relay=[192.0.2.1], reject=553 No"},
        {SM ID ": ruleset=check_rcpt, arg1=<\"x, relay=[192.0.2.66], reject=550 \"@d>, relay=[192.0.2.1], "
               "reject=550 No",
         "refusal sendmail " ID
         " T=\"x, relay=[192.0.2.66], reject=550 \"@d: 550 \"@d>, relay=[192.0.2.1], reject=550 No"},
        {SM ID ": from=<\"a>, relay=[192.0.2.66]\"@d>, size=1, relay=[192.0.2.1]",
         "part sendmail " ID " 192.0.2.1 F=\"a>, relay=[192.0.2.66]\"@d"},
        {EX "H=(x) [192.0.2.66] F=<a@b> rejected RCPT <c@d>: () [192.0.2.1] F=<a@b> rejected RCPT <c@d>: No",
         "refusal exim"},
        {EX "H=(x [192.0.2.66]:25) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: No",
         "refusal exim 192.0.2.1 F=a@b T=c@d: No"},
        {EX "H=(x) [192.0.2.1] F=<\" rejected RCPT <v@w>: \"@b> rejected RCPT <c@d>: No",
         "refusal exim 192.0.2.1 F=\" rejected RCPT <v@w>: \"@b T=c@d: No"},
        {"Jan 24 12:33:44 mx postfix/cleanup[25]: 615E5228012: reject: header Subject: x from y[192.0.2.66]; "
         "from=<a@b> "
         "to=<c@d> proto=SMTP helo=<y>: x from z[192.0.2.1]; from=<a@b> to=<c@d> proto=SMTP helo=<z>: 5.7.1 No",
         "refusal postfix 615E5228012: header or body check"},
        {PF "NOQUEUE: reject: VRFY and something from x[192.0.2.66]: 554 No", "other"},
        {"Jul 24 01:11:45 web httpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.66]: 554 No; from=<a@b> to=<c@d>",
         "unknown"},
        {"Jul 24 01:11:45 web httpd[1]: GET gatepost: fail phase=rcpt client=192.0.2.66", "unknown"},
        {"", "unknown"},
        {"Jul", "unknown"},
        {"Jul 24 01:11:45", "unknown"},
        {"Jul 24 01:11:45 janus", "unknown"},
        {"Jul 24 01:11:45 janus sm-mta", "other"},
        {"Jul 24 01:11:45 janus sm-mta[", "other"},
        {SM "ruleset=", "other"},
        {SM "to=<", "other"},
        {PF "NOQUEUE: reject: RCPT from ", "refusal postfix temporary"},
        {PF "NOQUEUE: reject: RCPT from x[", "refusal postfix temporary"},
        {"<22>1 2021-02-05T14:17:51Z mx postfix/smtpd 38 - [x \\", "other"},
        {EX "H=", "other"},
        {EX "H=(x) [192.0.2.1", "other"},
    };
    (void)state;
    expect_lines(cases, COUNT(cases), false);
}

static void log_line_read__header_in_reject_log__never_a_line(void **state)
{
    static const struct line_case cases[] = {
        {"\t" PF "NOQUEUE: reject: RCPT from x[192.0.2.66]: 554 No; from=<a@b> to=<c@d>", "other"},
        {"  X-Foo:" PF "NOQUEUE: reject: RCPT from x[192.0.2.66]: 554 No; from=<a@b> to=<c@d>", "other"},
        {"E  20070529  004133  4640efe8  Host 192.0.2.66 dropped and blocked.", "other"},
        {EX "H=[192.0.2.1] rejected connection in \"connect\" ACL: Listed", "refusal exim 192.0.2.1: Listed"},
    };
    (void)state;
    expect_lines(cases, COUNT(cases), true);
}

static void log_time_resolve__no_year__found(void **state)
{
    /* 2003-07-24 12:00:00 is the present. */
    static const int64_t now = 1059048000;
    static const struct {
        const char *lines[4];
        unsigned first_year;
        const char *want[4];
    } cases[] = {
        {{"Jul 24 01:11:45", "Jul 25 01:11:45"}, 0, {"2003-07-24 01:11:45", "2003-07-25 01:11:45"}},
        {{"Jul 26 01:11:45"}, 0, {"2002-07-26 01:11:45"}},
        {{"Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:59", "Jul  1 00:00:00"},
         0,
         {"2002-12-31 23:59:59", "2003-01-01 00:00:01", "2002-12-31 23:59:59", "2003-07-01 00:00:00"}},
        {{"Dec 31 23:59:59", "Jan  1 00:00:01"}, 1999, {"1999-12-31 23:59:59", "2000-01-01 00:00:01"}},
        {{"Feb 29 12:00:00", "Mar  1 12:00:00"}, 0, {"2000-02-29 12:00:00", "2000-03-01 12:00:00"}},
        {{"Feb 29 12:00:00"}, 2003, {"-"}},
        {{"2001-02-03T04:05:06.789-07:00", "Feb  4 00:00:00"},
         0,
         {"2001-02-03 04:05:06", "2001-02-04 00:00:00"}},
        {{"Jul 24 2001 01:11:45"}, 0, {"2001-07-24 01:11:45"}},
        {{"Feb 30 01:11:45"}, 0, {"-"}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct log_years years = {.now = now, .first_year = cases[i].first_year};
        for (size_t k = 0; k < 4 && cases[i].lines[k]; k++) {
            char out[64] = "-";
            struct writer w = writer_on(out, sizeof out);
            struct text line = text_z(cases[i].lines[k]);
            struct log_stamp stamp;
            int64_t time;
            assert_true(log_time_take(&line, &stamp));
            if (log_time_resolve(&years, &stamp, &time))
                log_time_format(&w, time);
            else
                writer_char(&w, '-');
            if (strcmp(out, cases[i].want[k]) != 0)
                fail_msg("%s gives %s, not %s", cases[i].lines[k], out, cases[i].want[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_line_read__sendmail__client_envelope_and_id),
        cmocka_unit_test(log_line_read__postfix__client_and_envelope),
        cmocka_unit_test(log_line_read__exim__client_and_envelope),
        cmocka_unit_test(log_line_read__mercury__listed_and_turned_away),
        cmocka_unit_test(log_line_read__own_lines__fields_unescaped),
        cmocka_unit_test(log_line_read__forged_parts__nobody_else_is_named),
        cmocka_unit_test(log_line_read__header_in_reject_log__never_a_line),
        cmocka_unit_test(log_time_resolve__no_year__found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
