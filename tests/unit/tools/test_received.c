#include "tests/unit/lib/exact.h"

#include "tools/transcript/received_forms.h"

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
    struct text name = r.name_state == RECEIVED_NAME_UNKNOWN ? TEXT("?") : r.name;
    const struct text parts[] = {text_z(address), name, r.helo, r.recipient, r.by, r.id};
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
    writer_add(&w, TEXT(" | "));
    writer_add(&w, r.form ? text_z(r.form) : r.from_network ? TEXT("unknown") : TEXT("unknown, no address"));
}

#define DATE "; Thu, 24 Jul 2003 01:11:45 -0700 (PDT)"

static void received_parse__servers_of_the_world__client_name_and_helo_told_apart(void **state)
{
    static const struct {
        const char *value;
        const char *found;
    } cases[] = {
        {"from webnote.net (mail.webnote.net [193.120.211.219]) by dogma.slashnull.org (8.11.6/8.11.6) with "
         "ESMTP id g869r0C29204 for <zzzz@spamassassin.taint.org>" DATE,
         "193.120.211.219 mail.webnote.net webnote.net zzzz@spamassassin.taint.org dogma.slashnull.org "
         "g869r0C29204 | Sendmail"},
        {"from xent.com ([64.161.22.236]) by dogma.slashnull.org (8.11.6/8.11.6) with ESMTP id "
         "g859B1Z12257" DATE,
         "64.161.22.236 - xent.com - dogma.slashnull.org g859B1Z12257 | Sendmail"},
        {"from a.example (IDENT:root@b.example [192.0.2.1]) by c.example (8.9.3/8.9.3) with SMTP id AA1" DATE,
         "192.0.2.1 b.example a.example - c.example AA1 | Sendmail"},
        {"from a.example (IDENT:root@[192.0.2.1]) by c.example (8.9.3/8.9.3) with SMTP id AA1" DATE,
         "192.0.2.1 - a.example - c.example AA1 | Sendmail"},
        {"from a.example (b.example [192.0.2.1] (may be forged)) by c.example (8.11.6/8.11.6) with SMTP id "
         "AA1" DATE,
         "192.0.2.1 - a.example - c.example AA1 | Sendmail"},
        {"from [192.0.2.9] (b.example [192.0.2.1]) by c.example (8.11.6/8.11.6) with SMTP id AA1" DATE,
         "192.0.2.1 b.example [192.0.2.9] - c.example AA1 | Sendmail"},
        {"from python (gw.example [192.0.2.1]) (authenticated (0 bits)) by c.example (8.11.6/8.11.6) with "
         "ESMTP id AA1" DATE,
         "192.0.2.1 gw.example python - c.example AA1 auth | Sendmail"},
        {"(from b.example [192.0.2.1]) by c.example (8.11.6/8.11.6) id AA1" DATE,
         "192.0.2.1 b.example - - c.example AA1 | Sendmail without HELO"},
        {"(from mail@localhost) by c.example (8.11.6/8.11.6) id AA1" DATE,
         "- ? - - c.example AA1 | Sendmail without HELO"},
        {"from a.example (a.example [192.0.2.1]) by c.example with SMTP id AA1" DATE
         " (envelope-from u@a.example)",
         "192.0.2.1 ? a.example - c.example AA1 sender=u@a.example | RFC 5321"},
        {"from helo.example (unknown [192.0.2.1]) by c.example (Postfix) with ESMTP id AA1 for "
         "<u@c.example>" DATE,
         "192.0.2.1 - helo.example u@c.example c.example AA1 | Postfix"},
        {"from helo (ptr.example [IPv6:2001:db8::1]) (using TLSv1.3) by c.example (Postfix) with ESMTPSA id "
         "AA1" DATE,
         "2001:db8::1 ptr.example helo - c.example AA1 auth | Postfix"},
        {"from ptr.example ([192.0.2.1] helo=HELO) by c.example with esmtp (Exim 3.35 #1) id "
         "17aljs-0004z9-00" DATE,
         "192.0.2.1 ptr.example HELO - c.example 17aljs-0004z9-00 | Exim"},
        {"from [192.0.2.1] (helo=helo.example) by c.example with smtp (Exim 4.96) id 17aljs-0004z9-00" DATE,
         "192.0.2.1 ? helo.example - c.example 17aljs-0004z9-00 | Exim"},
        {"from [192.0.2.1] (port=4243 helo=helo.example ident=root) by c.example with esmtps (TLS1.2) (Exim "
         "4.96) (envelope-from <u@a.example>) id 1 for u@c.example" DATE,
         "192.0.2.1 ? helo.example u@c.example c.example 1 sender=u@a.example | Exim"},
        {"from ptr.example ([192.0.2.1]:4243 helo=[192.0.2.7]) by c.example with esmtpsa (Exim 4.96) id 1" DATE,
         "192.0.2.1 ptr.example [192.0.2.7] - c.example 1 auth | Exim"},
        {"from ptr.example ([192.0.2.1]) by c.example with esmtp (Exim 3.31 #1 (Debian)) id 1" DATE,
         "192.0.2.1 ptr.example ptr.example - c.example 1 | Exim"},
        {"from (helo.example) [192.0.2.1]  by c.example with esmtp (Exim) id 1" DATE,
         "192.0.2.1 ? helo.example - c.example 1 | Exim"},
        {"from unknown (HELO helo.example) (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ? helo.example - c.example - | qmail"},
        {"from ptr.example (HELO helo.example) (root@192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ? helo.example - c.example - | qmail"},
        {"from ptr.example (HELO [192.0.2.7]) (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ? [192.0.2.7] - c.example - | qmail"},
        {"from ptr.example (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ? ptr.example - c.example - | HELO and address"},
        {"from unknown (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ? - - c.example - | HELO and address"},
        {"from unknown (HELO avalon) ([192.0.2.1]) (envelope-sender <>) by 10.0.0.1 (qmail-ldap-1.03) with "
         "SMTP" DATE,
         "192.0.2.1 ? avalon - 10.0.0.1 - | qmail-ldap"},
        {"from 192.0.2.1  (EHLO helo.example) (192.0.2.1) by mta.example with SMTP" DATE,
         "192.0.2.1 ? helo.example - mta.example - | qmail"},
        {"from ptr.example ([192.0.2.1]:3332 \"HELO helo.example\" ident: \"x\") by c.example with ESMTP" DATE,
         "192.0.2.1 ? helo.example - c.example - | RFC 5321"},
        {"from [192.0.2.1] (HELO helo.example) by c.example (CommuniGate Pro SMTP 3.5.6) with SMTP id "
         "251190" DATE,
         "192.0.2.1 ? helo.example - c.example 251190 | CommuniGate Pro"},
        {"from [192.0.2.1] (account u HELO helo.example) by c.example (CommuniGate Pro SMTP) with ESMTP id "
         "2" DATE,
         "192.0.2.1 ? helo.example - c.example 2 auth | CommuniGate Pro"},
        {"from easy-med.com ([192.0.2.1]) by eng.example with Microsoft SMTPSVC(5.0.2195.4453)" DATE,
         "192.0.2.1 ? easy-med.com - eng.example - | Microsoft SMTPSVC"},
        {"from easy-med.com ([192.0.2.1] RDNS failed) by eng.example with Microsoft SMTPSVC(6.0)" DATE,
         "192.0.2.1 ? easy-med.com - eng.example - | Microsoft SMTPSVC"},
        {"from mail pickup service by eng.example with Microsoft SMTPSVC" DATE,
         "- ? - - eng.example - | local"},
        {"from helo.example (192.0.2.1) by ex.example (10.0.0.1) with Microsoft SMTP Server (TLS) id 14.3" DATE,
         "192.0.2.1 ? helo.example - ex.example 14.3 | Microsoft Exchange"},
        {"from agent4 (192.0.2.1) by c.example (PowerMTA(TM) v1.5)" DATE,
         "192.0.2.1 ? agent4 - c.example - | PowerMTA"},
        {"from helo.example (ptr.example [::ffff:192.0.2.1]) by c.example with esmtp" DATE,
         "192.0.2.1 ? helo.example - c.example - | Exim or Courier, unnamed"},
        {"from helo.example (ptr.example. [2001:db8::1]) by mx.example with ESMTPS id x" DATE,
         "2001:db8::1 ? helo.example - mx.example x | Google"},
        {"from helo (192.0.2.1) by c.example (Mercury/32 v4.01) with ESMTP ID MG00001" DATE,
         "192.0.2.1 ? helo - c.example MG00001 | Mercury/32"},
        {"from  (192.0.2.1 [192.0.2.1]) by c.example with MailEnable ESMTP" DATE,
         "192.0.2.1 ? - - c.example - | MailEnable"},
        {"from helo.example (unverified [192.0.2.1]) by c.example (EMWAC SMTPRS 0.83) with SMTP id <B1@c>" DATE,
         "192.0.2.1 ? helo.example - c.example <B1@c> | EMWAC"},
        {"from pop.example [192.0.2.1] by localhost with POP3 (fetchmail-5.9.0) for jm@localhost "
         "(single-drop)" DATE,
         "192.0.2.1 ? pop.example jm@localhost localhost - fetched | fetchmail"},
        {"from [192.0.2.1] by web13.example via HTTP" DATE,
         "192.0.2.1 ? - - web13.example - fetched | address alone"},
        {"from x (HELO (192.0.2.66) by y) (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ? (192.0.2.66) by y - c.example - | qmail"},
        {"from x ((((([192.0.2.1]) by c.example with SMTP" DATE, "- ? - - - - | unknown"},
        {"from x ([192.0.2.1", "- ? - - - - notime | unknown"},
        {"from x ([999.0.2.1]) by c.example", "- ? - - c.example - notime | unknown, no address"},
        {"", "- ? - - - - notime | local"},
        {"from", "- ? - - - - notime | unknown, no address"},
        {";", "- ? - - - - notime | local"},
        {"by c.example for <", "- ? - - c.example - notime | local"},
        {"from [192.0.2.9] ([192.0.2.1:53798]) by c.example (ecelerity 4.4.0.18706) with ESMTP id "
         "5A/F0-04030-76FF6054 for <b@c.example>" DATE,
         "192.0.2.1 - [192.0.2.9] b@c.example c.example 5A/F0-04030-76FF6054 | Momentum"},
        {"from [192.0.2.9] ([192.0.2.1:53798] helo=helo.example) by c.example (envelope-from <u@a.example>) "
         "(ecelerity 2.2.2.41 r(31179/31189)) with ESMTP id 5A" DATE,
         "192.0.2.1 ? helo.example - c.example 5A sender=u@a.example | Momentum"},
        {"from helo.example [(192.0.2.1)] by c.example (203.0.113.4) (MDaemon PRO v19.0.2) with ESMTP id "
         "md50018233933.msg" DATE,
         "192.0.2.1 ? helo.example - c.example md50018233933.msg | MDaemon"},
        {"from helo.example [192.0.2.1] by c.example [203.0.113.4] with SMTP (MDaemon.PRO.v5.0.6.R) for "
         "<u@c.example>" DATE,
         "192.0.2.1 ? helo.example u@c.example c.example - | MDaemon"},
        {"from helo.example ([192.0.2.1]) by c.example ([203.0.113.4]) (MDaemon PRO v20.0.0) with ESMTPSA id "
         "md5.msg" DATE,
         "192.0.2.1 ? helo.example - c.example md5.msg auth | MDaemon"},
        {"from helo.example [192.0.2.1] by c.example (SMTPD32-7.07) id A4CE7F2A0028" DATE,
         "192.0.2.1 ? helo.example - c.example A4CE7F2A0028 | IMail"},
        {"from helo.example [192.0.2.1] by c.example (Exim 3.35 #1 (Debian)) with esmtp id "
         "18SWRe-0006X6-00" DATE,
         "192.0.2.1 helo.example helo.example - c.example 18SWRe-0006X6-00 | Exim"},
        {"from helo.example [192.0.2.1] by c.example with esmtp (Exim 3.35 #1 (Debian)) id "
         "18SWRe-0006X6-00" DATE,
         "192.0.2.1 helo.example helo.example - c.example 18SWRe-0006X6-00 | Exim"},
        {"from ptr.example (helo.example) [192.0.2.1] by c.example with esmtp (Exim 3.35) id "
         "18SWRe-0006X6-00" DATE,
         "192.0.2.1 ptr.example helo.example - c.example 18SWRe-0006X6-00 | Exim"},
        {"from [2001:db8::1] (helo=[2001:db8::7]) by c.example with esmtp (Exim 4.96) id 1abcde-000123-AB" DATE,
         "2001:db8::1 ? [IPv6:2001:db8::7] - c.example 1abcde-000123-AB | Exim"},
        {"from [192.0.2.1] (port=25 helo=[192.0.2.1]) by c.example with esmtp (Exim 4.96) id "
         "1abcde-000123-AB" DATE,
         "192.0.2.1 ? [192.0.2.1] - c.example 1abcde-000123-AB | Exim"},
        {"from ?192.0.2.9? (dsl.example.net. [192.0.2.1]) by mx.example.com with ESMTPS id g14sm267889rvb" DATE,
         "192.0.2.1 ? [192.0.2.9] - mx.example.com g14sm267889rvb | Google"},
        {"from ?IPv6:2001:db8::9? ([2001:db8::1]) by smtp.google.com with ESMTPSA id g14" DATE,
         "2001:db8::1 ? [IPv6:2001:db8::9] - smtp.google.com g14 auth | Google"},
        {"from helo.example (ptr.example. [192.0.2.1]) by mx.google.com with ESMTPS id g14 for <u@c.example> "
         "(version=TLS1_3 cipher=x bits=256/256)" DATE,
         "192.0.2.1 ? helo.example u@c.example mx.google.com g14 | Google"},
        {"from helo.example (ptr.example [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits) (Client CN "
         "\"x\", Issuer \"y\" (verified OK))) by c.example (Postfix) with ESMTPS id AA1" DATE,
         "192.0.2.1 ptr.example helo.example - c.example AA1 | Postfix"},
        {"from helo.example (ptr.example [192.0.2.1]) (Authenticated sender: u@c.example) by c.example "
         "(Postfix) with ESMTP id AA1" DATE,
         "192.0.2.1 ptr.example helo.example - c.example AA1 auth | Postfix"},
        {"from x (authenticated bits=0) (ptr.example [192.0.2.1]) by c.example (8.12.6/8.12.6) with ESMTP id "
         "AA1" DATE,
         "192.0.2.1 ptr.example x (authenticated bits=0) - c.example AA1 | Sendmail"},
        {"from dsl.example (HELO dsl.example) ([192.0.2.1]) by c.example with "
         "ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384" DATE,
         "192.0.2.1 ? dsl.example - c.example - | RFC 5321"},
        {"from ptr.example (HELO helo.example) (192.0.2.1) by la.mx.develooper.com (qpsmtpd/0.27-dev) with "
         "ESMTP" DATE,
         "192.0.2.1 ? helo.example - la.mx.develooper.com - | qpsmtpd"},
        {"from ptr.example (HELO ) (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ? - - c.example - | qmail"},
        {"from ptr.example (HELO helo.example) (u@192.0.2.1 with plain) by smtp.mail.yahoo.com with SMTP" DATE,
         "192.0.2.1 ? helo.example - smtp.mail.yahoo.com - auth | Yahoo"},
        {"from helo.example (192.0.2.1:23198) by c.example (209.32.147.34:25) with [XMail 1.20 ESMTP Server] "
         "id <S72E> for <u@c.example> from <a@b.example>" DATE,
         "192.0.2.1 ? helo.example u@c.example c.example <S72E> | XMail"},
        {"from helo.example (<unknown.domain>[192.0.2.1]) by rwcrmhc53.attbi.com (rwcrmhc53) with SMTP id "
         "<2002>" DATE,
         "192.0.2.1 ? helo.example - rwcrmhc53.attbi.com <2002> | RFC 5321"},
        {"from helo.example (ptr.example[192.0.2.1]) by rwcrmhc53.attbi.com (rwcrmhc53) with SMTP id "
         "<2003>" DATE,
         "192.0.2.1 ? helo.example - rwcrmhc53.attbi.com <2003> | RFC 5321"},
        {"from helo.example ([192.0.2.1] [192.0.2.1]) by c.example with ESMTP" DATE,
         "192.0.2.1 ? helo.example - c.example - | RFC 5321"},
        {"from helo.example (softdnserr [::ffff:192.0.2.1]) by c.example with esmtp" DATE,
         "192.0.2.1 ? helo.example - c.example - | Exim or Courier, unnamed"},
        {"from helo.example ([192.0.2.1]) by c.example (Lotus Domino Release 8.5) with ESMTP id 2009" DATE,
         "192.0.2.1 ? helo.example - c.example 2009 | Domino"},
        {"from helo.example (ptr.example [192.0.2.1]) by c.example (OpenSMTPD) with ESMTPS id 1a2b3c4d" DATE,
         "192.0.2.1 ? helo.example - c.example 1a2b3c4d | OpenSMTPD"},
        {"from helo.example (ptr.example [192.0.2.1]) by c.example (Haraka/2.8.21) with ESMTP id 5C" DATE,
         "192.0.2.1 ? helo.example - c.example 5C | Haraka"},
        {"from helo.example (192.0.2.1) by c.example (JAMES SMTP Server 2.3.2) with SMTP ID 9" DATE,
         "192.0.2.1 ? helo.example - c.example 9 | Apache James"},
        {"from helo.example (ptr.example [192.0.2.1]) by c.example (Stalwart SMTP) with ESMTPS id 9" DATE,
         "192.0.2.1 ptr.example helo.example - c.example 9 | Stalwart"},
        {"from [192.0.2.1] (helo=helo.example) by mxeu2.kundenserver.de with ESMTP (Nemesis), id "
         "0MKpdM-1CkRpr14PF-000608" DATE,
         "192.0.2.1 ? helo.example - mxeu2.kundenserver.de 0MKpdM-1CkRpr14PF-000608 | Nemesis"},
        {"from [192.0.2.1]:50999 (HELO helo.example) by c.example ([10.128.128.74]:25) (F-Secure Anti-Virus "
         "for Internet Mail 6.0.34 Release) with SMTP" DATE,
         "192.0.2.1 ? helo.example - c.example - | F-Secure"},
        {"from ptr.example(192.0.2.1) by c.example via smap (V1.3) id xma093673" DATE,
         "192.0.2.1 ? ptr.example - c.example xma093673 | smap"},
        {"from ptr.example(192.0.2.1, HELO helo.example) by c.example via smap (V1.3) id xma002908" DATE,
         "192.0.2.1 ? helo.example - c.example xma002908 | smap"},
        {"from ptr.example(192.0.2.1) via SMTP by c.example, id smtpdEDUB8h" DATE,
         "192.0.2.1 ? ptr.example - c.example, smtpdEDUB8h | Obtuse smtpd"},
        {"from ptr.example(192.0.2.1), claiming to be \"helo.example\" via SMTP by c.example, id "
         "smtpd1PBsZT" DATE,
         "192.0.2.1 ? helo.example - c.example, smtpd1PBsZT | Obtuse smtpd"},
        {"from helo.example from [192.0.2.1] by mail5.airmail.net (/\\##/\\ Smail3.1.30.16 #30.56) with esmtp "
         "for <u@c.example>" DATE,
         "192.0.2.1 ? helo.example u@c.example mail5.airmail.net - | Smail"},
        {"FROM helo.example (ptr.example [192.0.2.1]) BY c.example ID 434B508E.174A6.13932" DATE,
         "192.0.2.1 ? helo.example - c.example 434B508E.174A6.13932 | RFC 5321"},
        {"from helo.example ([192.0.2.1]) by c.example (Sun Java System Messaging Server 6.1) with ESMTP id "
         "<0ABC>" DATE,
         "192.0.2.1 - helo.example - c.example <0ABC> | Sun Java System Messaging"},
        {"from helo.example ([192.0.2.1]) by c.example (InterMail vM.5.01.04.05 201-253-122-122-105-20011231) "
         "with ESMTP id <2002@c>" DATE,
         "192.0.2.1 ? helo.example - c.example <2002@c> | InterMail"},
        {"from [192.0.2.1] by c.example (MessageWall 1.1.0) with SMTP" DATE,
         "192.0.2.1 ? - - c.example - | MessageWall"},
        {"from helo.example (192.0.2.1) by c.example (Content 1.0) with ESMTP" DATE,
         "192.0.2.1 ? helo.example - c.example - | HELO and address"},
        {"from x@y.example by newmail by uid 1005 with qmail-scanner-1.10 (avp. Clear:0. Processed in 0.07 "
         "secs)" DATE,
         "- ? - - newmail - | local"},
        {"by c.example (Postfix, from userid 1000) id AA1" DATE, "- ? - - c.example AA1 | local"},
        {"(qmail 1234 invoked from network)" DATE, "- ? - - - - | local"},
        {"from u by c.example with local (Exim 4.96) id 1abcde-000123-AB" DATE,
         "- ? - - c.example 1abcde-000123-AB | local"},
        {"from something new 192.0.2.1 port 25 by c.example" DATE, "- ? - - c.example - | unknown, no address"},
        {"from helo.example {192.0.2.1} by c.example (NewMTA 1.0) with ESMTP" DATE,
         "- ? - - c.example - | unknown, no address"},
        {"from n (HELO x) (192.0.2.66) (192.0.2.1) by c.example with SMTP" DATE,
         "- ? - - c.example - | unknown, no address"},
        {"from n (HELO x) (192.0.2.66) by y () (192.0.2.1) by c.example with SMTP" DATE,
         "- ? - - y - | unknown, no address"},
        {"from n (HELO x) (192.0.2.66) by c.example with SMTP; Thu, 24 Jul 2003 01:11:45 -0700 () (192.0.2.1) "
         "by c.example with SMTP" DATE,
         "- ? - - c.example - | unknown, no address"},
        {"from y (z [192.0.2.66]) (ptr.example [192.0.2.1]) by c.example (Postfix) with ESMTP id AA1" DATE,
         "- ? - - c.example AA1 | unknown, no address"},
        {"from [192.0.2.66] (ptr.example [192.0.2.1]) by c.example (Postfix) with ESMTP id AA1" DATE,
         "192.0.2.1 ptr.example [192.0.2.66] - c.example AA1 | Postfix"},
        {"from x (helo.example [192.0.2.66] [192.0.2.1]) by c.example (Postfix) with ESMTP id AA1" DATE,
         "- ? - - c.example AA1 | unknown, no address"},
        {"from ptr.example ([192.0.2.1] helo=x ([192.0.2.66])) by c.example with esmtp (Exim 4.96) id 1" DATE,
         "192.0.2.1 ptr.example x ([192.0.2.66]) - c.example 1 | Exim"},
        {"from helo.example (ptr.example [192.0.2.1]) (using TLSv1.3) (Client CN \"a [192.0.2.66]\", Issuer "
         "\"b\" (not verified)) by c.example (Postfix) with ESMTPS id AA1" DATE,
         "192.0.2.1 ptr.example helo.example - c.example AA1 | Postfix"},
        {"from n (HELO x helo=[192.0.2.66]) (192.0.2.1) by c.example with SMTP" DATE,
         "192.0.2.1 ? x helo=[192.0.2.66] - c.example - | qmail"},
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

/* The forms have names, each its own but for the second of Google's. */
static void received_forms_name__all__told_apart(void **state)
{
    unsigned same = 0;
    (void)state;
    for (size_t i = 0; i < received_forms_count(); i++)
        for (size_t k = 0; k < i; k++)
            same += strcmp(received_forms_name(i), received_forms_name(k)) == 0;
    assert_int_equal(same, 1);
    assert_true(received_forms_count() >= 40);
}

/* However deep or long: comments that are never closed must not be searched for their ends again and again. Ten
 * times the text takes far less than a hundred times the steps, so this ends at once or not today. */
static void received_parse__unclosed_comments__at_once(void **state)
{
    static const char *const pieces[] = {"(()", "(a [", "(", "()", "(\\", ";(", "(HELO ", "[1.2.3.4]("};
    enum { SIZE = 8 << 20 };
    char *value = calloc(1, SIZE);
    struct received r;
    (void)state;
    assert_non_null(value);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t n = strlen(pieces[i]);
        for (size_t at = 0; at + n <= SIZE; at += n)
            memcpy(value + at, pieces[i], n);
        memcpy(value, "from x (", 8);
        received_parse(text_of(value, SIZE), &r);
        assert_false(r.has_client);
    }
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(received_parse__servers_of_the_world__client_name_and_helo_told_apart),
        cmocka_unit_test(received_forms_name__all__told_apart),
        cmocka_unit_test(received_parse__unclosed_comments__at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
