/*
 * The forms in which each server logs a refusal, and what syslog daemons, containers and journalctl put in front
 * of a message: each form of the tables in log_exim.c, log_sendmail.c, log_postfix.c and log_line.c has a row.
 */
#include "tests/unit/lib/exact.h"

#include "tools/analyze/log_line.h"
#include "tools/analyze/log_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What a line says, short: "no" (refuses nothing), or class, client, envelope: "final 192.0.2.1 a@b>c@d",
 * "temporary", "busy", "?" for a client that cannot be told. */
static const char *outcome(const struct log_event *e, char out[512])
{
    char ip[IP_TEXT_MAX] = "?";
    struct writer w = writer_on(out, 512);
    if (e->kind != LOG_REFUSAL) {
        writer_add(&w, e->kind == LOG_REPEATED ? TEXT("repeated") : TEXT("no"));
        return out;
    }
    if (e->has_client)
        ip_format(&e->client, ip);
    writer_printf(&w, "%s %s", e->busy ? "busy" : e->temporary ? "temporary" : "final", ip);
    if (e->has_sender || e->has_recipient) {
        writer_printf(&w, " %.*s>%.*s", (int)e->sender.n, e->sender.p, (int)e->recipient.n, e->recipient.p);
    }
    return out;
}

struct form {
    const char *line;
    const char *want;
};

static unsigned check(const char *before, const struct form *f, enum log_context context)
{
    static struct log_event e;
    char line[2048], out[512];
    struct writer w = writer_on(line, sizeof line);
    writer_add(&w, text_z(before));
    writer_add(&w, text_z(f->line));
    struct text t = exact(line);
    log_line_read(t, context, &e);
    outcome(&e, out);
    bool right = strcmp(out, f->want) == 0;
    if (!right)
        print_error("%s\n gives %s\n not   %s\n", line, out, f->want);
    exact_free(t);
    return !right;
}

static void check_all(const char *before, const struct form *forms, size_t count)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += check(before, &forms[i], LOG_STAMPED);
    assert_int_equal(wrong, 0);
}

#define EX  "2026-03-21 09:18:51 "
#define MSG "1Ai79e-0000Dq-8i "

/* Every refusal of smtp_in.c, receive.c, daemon.c and acl.c, and what they write that refuses nothing. */
static void log_exim_read__each_form__class_and_client(void **state)
{
    static const struct form forms[] = {
        {MSG "F=a@b.example H=(x) [192.0.2.1]:2 I=[203.0.113.1]:25 P=esmtp rejected by local_scan(): no",
         "final 192.0.2.1 a@b.example>"},
        {MSG
         "F=<> DS H=x [192.0.2.1] P=esmtps L. temporarily rejected by local_scan(): Temporary local problem",
         "temporary 192.0.2.1 >"},
        {"H=[192.0.2.1]:62839 dropped by 'connect' ACL: banned", "final 192.0.2.1"},
        {"H=[192.0.2.1] dropped by TLS connection event", "final 192.0.2.1"},
        {"H=[192.0.2.1] rejected connection in \"connect\" ACL: listed", "final 192.0.2.1"},
        {"H=[192.0.2.1] temporarily rejected connection in \"connect\" ACL", "temporary 192.0.2.1"},
        {"H=(x) [192.0.2.1] rejected EHLO or HELO x: no", "final 192.0.2.1"},
        {"H=(x) [192.0.2.1] rejected MAIL <a@b>: no", "final 192.0.2.1 a@b>"},
        {"H=(x) [192.0.2.1] rejected VRFY foo@bar", "final 192.0.2.1"},
        {"H=(x) [192.0.2.1] rejected EXPN list", "final 192.0.2.1"},
        {"H=(x) [192.0.2.1] rejected AUTH plain: no", "final 192.0.2.1"},
        {"H=(x) [192.0.2.1] rejected ETRN #x: no", "final 192.0.2.1"},
        {"H=(x) [192.0.2.1] rejected STARTTLS: no", "final 192.0.2.1"},
        {"H=(x) [192.0.2.1] F=<a@b> rejected RCPT c@d: no", "final 192.0.2.1 a@b>c@d"},
        {"H=(x) [192.0.2.1] F=a@b rejected RCPT c@d: no", "final 192.0.2.1 a@b>c@d"},
        {MSG "H=(x) [192.0.2.1] rejected DATA: no", "final 192.0.2.1"},
        {MSG "H=(x) [192.0.2.1] rejected DKIM", "final 192.0.2.1"},
        {MSG "H=(x) [192.0.2.1] F=<a@b> rejected after DATA: virus", "final 192.0.2.1 a@b>"},
        {MSG "H=(x) [192.0.2.1] F=<a@b> rejected after DATA PRDR: no", "final 192.0.2.1 a@b>"},
        {MSG "H=(x) [192.0.2.1] F=<a@b> temporarily rejected during MIME ACL checks",
         "temporary 192.0.2.1 a@b>"},
        {MSG "U=root F=<a@b> rejected after DATA: no", "final ? a@b>"},
        {MSG "F=<a@b> rejected by non-SMTP ACL: no", "final ?"},
        {MSG "rejected from <a@b> H=x [192.0.2.1]: message too big: read=9 max=8", "final 192.0.2.1"},
        {MSG "rejected from <a@b>H=x [192.0.2.1]: Too many \"Received\" headers", "final 192.0.2.1"},
        {"rejected MAIL from [192.0.2.1]: no HELO/EHLO given", "final 192.0.2.1"},
        {"rejected MAIL command H=(x) [192.0.2.1]: too many messages in one connection", "final 192.0.2.1"},
        {"rejected MAIL FROM:<a@b> H=x [192.0.2.1]: message too big: size=9 max=8", "final 192.0.2.1"},
        {"rejected HELO from [192.0.2.1]: syntactically invalid argument(s): a_b", "final 192.0.2.1"},
        {"rejected \"EHLO x\" from H=(x) [192.0.2.1]", "final 192.0.2.1"},
        {"temporarily rejected \"EHLO x\" from (x) [192.0.2.1]", "temporary 192.0.2.1"},
        {"rejected XCLIENT from (x) [192.0.2.1]: no", "final 192.0.2.1"},
        {"unqualified sender rejected: <root> H=(foo) [192.0.2.1]", "final 192.0.2.1"},
        {"unqualified recipient rejected: <root> H=(foo) [192.0.2.1] (failed to find host name)",
         "final 192.0.2.1"},
        {"SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection "
         "from "
         "H=[192.0.2.1]:2 I=[203.0.113.1]:25 input=\"x\"",
         "final 192.0.2.1"},
        {"SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): "
         "rejected "
         "\"RSET\" H=x [192.0.2.1]:58302 I=[1.2.3.4]:25 next input=\"QUIT\\r\\n\"",
         "final 192.0.2.1"},
        {"SMTP protocol violation: synchronization error (input sent without waiting for greeting): rejected "
         "connection from H=[192.0.2.1]",
         "final 192.0.2.1"},
        {"SMTP call from x [192.0.2.1]:2 dropped: too many unrecognized commands (last was \"x\")",
         "final 192.0.2.1"},
        {"SMTP call from [192.0.2.1] dropped: too many syntax or protocol errors (last command was \"x\", "
         "C=EHLO)",
         "final 192.0.2.1"},
        {"SMTP call from x [192.0.2.1]:3767 I=[1.2.3.4]:25 dropped: too many nonmail commands (last was "
         "\"RSET\")",
         "final 192.0.2.1"},
        {"too many recipients: message rejected: sender=<a@b> H=(x) [192.0.2.1]", "final 192.0.2.1"},
        {"too many recipients: excess temporarily rejected: sender=<a@b> H=(x) [192.0.2.1]",
         "temporary 192.0.2.1"},
        {"refused connection from [192.0.2.1] (host_reject_connection)", "final 192.0.2.1"},
        {"refused connection from x [192.0.2.1] (tcp wrappers)", "final 192.0.2.1"},
        {"connection from [192.0.2.1] refused (IP options)", "final 192.0.2.1"},
        {"temporarily refused connection from [192.0.2.1]: not in reserve list: connected=9 max=9 reserve=1",
         "busy 192.0.2.1"},
        {"Connection from [192.0.2.1] refused: too many connections", "busy 192.0.2.1"},
        {"Connection from [192.0.2.1]:25 refused: load average = 9.00", "busy 192.0.2.1"},
        {"ridiculously long message header received from (x) [192.0.2.1] (more than 9 characters): message "
         "abandoned",
         "final 192.0.2.1"},
        {"overlong message header line received from (x) [192.0.2.1] (more than 9 characters): message "
         "abandoned",
         "final 192.0.2.1"},
        {"VRFY failed for a@b H=(x) [192.0.2.1]", "final 192.0.2.1"},
        {MSG "local_scan() function timed out - message temporarily rejected (size 29)", "temporary ?"},
        /* nothing is refused, or another line says it */
        {MSG "<= a@b H=(x) [192.0.2.1] P=esmtp S=9 T=\"rejected RCPT <c@d>: no\"", "no"},
        {MSG "== c@d R=r T=t defer (-46): SMTP error after RCPT: host mx [192.0.2.9]: 451 rejected RCPT", "no"},
        {MSG "** c@d R=r T=t: SMTP error: host mx [192.0.2.9]: 550 rejected RCPT <c@d>", "no"},
        {MSG "=> c@d R=r T=t H=mx [192.0.2.9] C=\"250 rejected\"", "no"},
        {"H=(x) [192.0.2.1] sender verify fail for <a@b>: 550 rejected RCPT <a@b>", "no"},
        {"H=(x) [192.0.2.1] Warning: rejected RCPT <a@b>", "no"},
        {"H=(x) [192.0.2.1] incomplete transaction (QUIT) from <a@b> for c@d", "no"},
        {"H=(x) [192.0.2.1] F=<a@b> RCPT <c@d>: discarded by RCPT ACL", "no"},
        {"SMTP connection from (x) [192.0.2.1] closed by DROP in ACL", "no"},
        {"SMTP protocol error in \"AUTH LOGIN\" H=(x) [192.0.2.1] AUTH command used when not advertised", "no"},
        {"no MAIL in SMTP connection from [192.0.2.1] D=0s", "no"},
        {"plain authenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data (set_id=a)", "no"},
        {"no host name found for IP address 192.0.2.1", "no"},
        /* pieces of a line that was too long for syslog: where they begin is the client's choice */
        {"[1/2] H=(x) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no", "final 192.0.2.1 a@b>c@d"},
        {"[2/2] H=[192.0.2.66] F=<a@b> rejected RCPT <c@d>: no", "no"},
        {"[2\\3] H=[192.0.2.66] F=<a@b> rejected RCPT <c@d>: no", "no"},
    };
    (void)state;
    check_all(EX, forms, COUNT(forms));
    check_all("Mar 21 09:18:51 mx exim[12]: ", forms, COUNT(forms));
    check_all(EX "[12] ", forms, COUNT(forms));
}

/* Every field of log_selector that comes between host and verdict, those that nobody has invented yet, and values
 * that the client chooses. */
static void log_exim_read__field_before_verdict__read_over(void **state)
{
    static const char *const fields[] = {
        "I=[203.0.113.2]:25",
        "U=root",
        "Ci=7321",
        "X=TLS1.3:TLS_AES_256_GCM_SHA384:256",
        "X=TLS1.3:TLS_AES_256_GCM_SHA384:256*",
        "CV=no",
        "CV=yes DN=\"/C=XX/O=a b/CN=x\"",
        "DN=\"CN=x,O=\\\"a b\\\"\"",
        "SNI=mail.example.com",
        "SNI=\"mail example com\"",
        "SNI=\"a [192.0.2.66] b\"",
        "SPF=fail",
        "DMARC=reject",
        "PRX=192.0.2.9",
        "TFO",
        "TFO*",
        "L",
        "L-",
        "L.",
        "L*",
        "K",
        "DS",
        "M8S=8",
        "PRDR",
        "S=1234",
        "RT=0.5s",
        "P=esmtps",
        "A=plain:user@example.com",
        "Q=queue",
        "id=1@example.com",
        "T=\"a subject\"",
        "from <a@b>",
        "NEW=1",
        "NEW=\"with blanks in it\"",
        "NEWFLAG",
        "x-y=[1]",
        "D=3s new=a,b C=EHLO",
    };
    static struct log_event e;
    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++)
        for (unsigned after = 0; after < 2; after++) {
            char line[512], out[512];
            struct writer w = writer_on(line, sizeof line);
            writer_printf(&w, EX "H=m.example (x) [192.0.2.1]:43030 %s%sF=<a@b> %s%srejected RCPT <c@d>: no",
                          after ? "" : fields[i], after ? "" : " ", after ? fields[i] : "", after ? " " : "");
            log_line_read(writer_text(&w), LOG_STAMPED, &e);
            if (strcmp(outcome(&e, out), "final 192.0.2.1 a@b>c@d") != 0)
                fail_msg("%.*s gives %s", (int)w.n, line, out);
        }
}

#define SM "Mar 21 09:18:51 mx sm-mta[12]: rA37ZTSC026251: "

static void log_sendmail_read__each_form__class_and_client(void **state)
{
    static const struct form forms[] = {
        {"ruleset=check_rcpt, arg1=<c@d>, relay=x [192.0.2.1], reject=550 5.7.1 <c@d>... no",
         "final 192.0.2.1 >c@d"},
        {"ruleset=check_mail, arg1=<a@b>, relay=x [192.0.2.1] (may be forged), reject=451 4.1.8 no",
         "temporary 192.0.2.1 a@b>"},
        {"ruleset=check_relay, arg1=x, arg2=192.0.2.1, relay=x [192.0.2.1], reject=421 4.3.2 Connection rate "
         "limit "
         "exceeded.",
         "temporary 192.0.2.1"},
        {"ruleset=check_eoh, arg1=5 $| 300, relay=[192.0.2.1], reject=553 5.0.0 no", "final 192.0.2.1"},
        {"Milter: to=<c@d>, reject=550 5.7.1 no", "final ? >c@d"},
        {"Milter: to=c@d, reject=550 5.7.1 no", "final ? >c@d"},
        {"Milter: from=<a@b>, reject=451 4.7.1 later", "temporary ? a@b>"},
        {"Milter: helo=x, reject=550 5.7.1 no", "final ?"},
        {"Milter: data, reject=554 5.7.1 Command rejected", "final ?"},
        {"Milter: cmd=data, reject=550 5.7.1 Command rejected", "final ?"},
        {"Milter: data, reject=451 4.3.2 Please try again later", "temporary ?"},
        {"Milter: connect: host=x, addr=192.0.2.1, rejecting commands", "final 192.0.2.1"},
        {"Milter: connect: host=x, addr=192.0.2.1, temp failing commands", "temporary 192.0.2.1"},
        {"Milter: connect: host=x, addr=192.0.2.1, shutdown", "temporary 192.0.2.1"},
        {"Milter: data, discard", "no"},
        {"milter=greylist, action=rcpt, reject=451 4.7.1 Greylisting", "no"},
        {"<c@d>... User unknown", "final ? >c@d"},
        {"<c@d>... No such user here", "final ? >c@d"},
        {"<c@d>... Access denied", "final ? >c@d"},
        {"<c@d>... we do not want it", "final ? >c@d"},
        {"<c@d>... Greylisted, please try again later", "temporary ? >c@d"},
        {"<c@d>... Mailbox full, quota exceeded", "temporary ? >c@d"},
        {"<c@d>... 450 4.2.1 no", "temporary ? >c@d"},
        {"rejecting commands from x [192.0.2.1] due to pre-greeting traffic after 0 seconds",
         "final 192.0.2.1"},
        {"rejecting commands from [192.0.2.1] [192.0.2.1] due to pre-greeting traffic after 5 seconds",
         "final 192.0.2.1"},
        {"tcpwrappers (x.example, 192.0.2.1) rejection", "final 192.0.2.1"},
        {"rejecting connections on daemon MTA: load average: 12", "busy ?"},
        {"rejecting connections on daemon MTA-v4: 20 children, max 20", "busy ?"},
        {"message size (90000) exceeds maximum value (80000)", "final ?"},
        {"headers too large (32768 max)", "final ?"},
        {"SYSERR(root): Too many hops 26 (25 max): from a@b via x, to c@d", "final ?"},
        {"Too many recipients", "temporary ?"},
        /* nothing is refused */
        {"x [192.0.2.1] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA", "no"},
        {"[192.0.2.1]: possible SMTP attack: command=AUTH, count=5", "no"},
        {"AUTH failure (LOGIN): authentication failure (-13) SASL(-13), user=a, relay=[192.0.2.1]", "no"},
        {"lost input channel from x [192.0.2.1] to MTA after rcpt", "no"},
        {"collect: premature EOM: unexpected close", "no"},
        {"STARTTLS=server, relay=x [192.0.2.1], version=TLSv1.3, verify=NO", "no"},
    };
    (void)state;
    check_all(SM, forms, COUNT(forms));
}

#define PF "Mar 21 09:18:51 mx postfix/smtpd[1]: "

static void log_postfix_read__each_form__class_and_client(void **state)
{
    static const struct form forms[] = {
        {"NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 no; from=<a@b> to=<c@d> proto=SMTP helo=<x>",
         "final 192.0.2.1 a@b>c@d"},
        {"4ZAAA1: reject: DATA from x[192.0.2.1]: 550 5.5.2 Error: bare <LF> received; from=<a@b> to=<c@d>",
         "final 192.0.2.1 a@b>c@d"},
        {"NOQUEUE: reject: RCPT from x[192.0.2.1]: 450 4.7.1 no; from=<a@b> to=<c@d> proto=SMTP helo=<x>",
         "temporary 192.0.2.1 a@b>c@d"},
        {"NOQUEUE: reject: CONNECT from x[192.0.2.1]: 554 5.7.1 no; proto=SMTP", "final 192.0.2.1"},
        {"NOQUEUE: reject: EHLO from x[192.0.2.1]: 504 5.5.2 no; proto=SMTP helo=<x>", "final 192.0.2.1"},
        {"NOQUEUE: reject: VRFY from x[192.0.2.1]: 550 5.1.1 no; to=<c@d> proto=SMTP helo=<x>",
         "final 192.0.2.1"},
        {"NOQUEUE: reject: BDAT from x[192.0.2.1]: 550 5.5.3 no; from=<> to=<c@d>", "final 192.0.2.1 >c@d"},
        {"4ZAAA1: milter-reject: END-OF-MESSAGE from x[192.0.2.1]: 5.7.1 no; from=<a@b> to=<c@d>",
         "final 192.0.2.1 a@b>c@d"},
        {"4ZAAA1: milter-reject: END-OF-MESSAGE from x[192.0.2.1]: 4.7.1 later; from=<a@b> to=<c@d>",
         "temporary 192.0.2.1 a@b>c@d"},
        {"4ZAAA1: milter-reject: DATA from x[192.0.2.1]: 550 5.7.1 no; from=<a@b> to=<c@d>",
         "final 192.0.2.1 a@b>c@d"},
        {"NOQUEUE: milter-reject: CONNECT from x[192.0.2.1]: 421 4.7.0 Server closing connection; proto=SMTP",
         "temporary 192.0.2.1"},
        {"4ZAAA1: milter-reject: END-OF-MESSAGE from x[192.0.2.1]: a reply without code; from=<a@b> to=<c@d>",
         "temporary 192.0.2.1 a@b>c@d"},
        {"proxy-reject: END-OF-MESSAGE: 550 5.7.1 no; from=<a@b> to=<c@d> proto=ESMTP helo=<x>",
         "final ? a@b>c@d"},
        {"NOQUEUE: proxy-reject: END-OF-MESSAGE: 451 4.3.0 no; from=<a@b> to=<c@d> proto=ESMTP helo=<x>",
         "temporary ? a@b>c@d"},
        {"4ZAAA1: reject: header Subject: x from y[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<y>: 5.7.1 "
         "no",
         "final 192.0.2.1 a@b>c@d"},
        {"4ZAAA1: reject: body x from y[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<y>: no",
         "final 192.0.2.1 a@b>c@d"},
        {"4ZAAA1: reject: mime header X: y from y[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<y>: 4.7.1 "
         "later",
         "temporary 192.0.2.1 a@b>c@d"},
        {"4ZAAA1: reject: mime-error improper use of 8-bit data in message header: x from y[192.0.2.1]; "
         "from=<a@b> "
         "to=<c@d>",
         "final 192.0.2.1 a@b>c@d"},
        {"warning: 4ZAAA1: message rejected: hopcount exceeded", "final ?"},
        {"too many errors after RCPT from x[192.0.2.1]", "temporary 192.0.2.1"},
        {"warning: Connection rate limit exceeded: 31 from x[192.0.2.1] for service smtp",
         "temporary 192.0.2.1"},
        {"warning: Connection concurrency limit exceeded: 51 from x[192.0.2.1] for service smtp",
         "temporary 192.0.2.1"},
        {"warning: Message delivery request rate limit exceeded: 3 from x[192.0.2.1] for service submission",
         "temporary 192.0.2.1"},
        {"warning: Recipient address rate limit exceeded: 3 from x[192.0.2.1] for service smtp",
         "temporary 192.0.2.1"},
        {"warning: Illegal address syntax from x[192.0.2.1] in MAIL command: <a>", "final 192.0.2.1"},
        {"warning: reject: ETRN x y... from x[192.0.2.1]", "final 192.0.2.1"},
        /* nothing is refused */
        {"NOQUEUE: reject_warning: RCPT from x[192.0.2.1]: 554 no; from=<a@b> to=<c@d> proto=SMTP helo=<x>",
         "no"},
        {"4ZAAA1: warning: header Subject: reject: x from y[192.0.2.1]; from=<a@b> to=<c@d>", "no"},
        {"4ZAAA1: hold: header Subject: x: reject: y from y[192.0.2.1]; from=<a@b> to=<c@d>", "no"},
        {"4ZAAA1: milter-hold: END-OF-MESSAGE from x[192.0.2.1]: no; from=<a@b> to=<c@d>", "no"},
        {"4ZAAA1: discard: header Subject: x from y[192.0.2.1]; from=<a@b> to=<c@d>", "no"},
        {"proxy-accept: END-OF-MESSAGE: 250 2.0.0 ok; from=<a@b> to=<c@d> proto=ESMTP helo=<x>", "no"},
        {"warning: x[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6", "no"},
        {"improper command pipelining after DATA from x[192.0.2.1]: x", "no"},
        {"lost connection after RCPT from x[192.0.2.1]", "no"},
        {"disconnect from x[192.0.2.1] ehlo=1 mail=1 rcpt=0/1 commands=2/3", "no"},
    };
    static const struct form postscreen[] = {
        {"NOQUEUE: reject: RCPT from [192.0.2.1]:50183: 550 5.7.1 Service unavailable; client [192.0.2.1] "
         "blocked "
         "using x; from=<a@b>, to=<c@d>, proto=ESMTP, helo=<x>",
         "final 192.0.2.1 a@b>c@d"},
        {"NOQUEUE: reject: RCPT from [192.0.2.1]:50183: 450 4.3.2 Service currently unavailable; from=<a@b>, "
         "to=<c@d>, proto=ESMTP, helo=<x>",
         "temporary 192.0.2.1 a@b>c@d"},
        {"NOQUEUE: reject: CONNECT from [192.0.2.1]:1234: all server ports busy", "busy 192.0.2.1"},
        {"NOQUEUE: reject: CONNECT from [192.0.2.1]:1235: too many connections", "busy 192.0.2.1"},
        {"NOQUEUE: reject: CONNECT from [2001:db8::1]:1236: all screening ports busy", "busy 2001:db8::1"},
        {"reject: connect from [192.0.2.1]:1236: all screening ports busy", "busy 192.0.2.1"},
        {"COMMAND TIME LIMIT from [192.0.2.1]:3608 after CONNECT", "temporary 192.0.2.1"},
        {"COMMAND COUNT LIMIT from [192.0.2.1]:15592 after RCPT", "temporary 192.0.2.1"},
        {"COMMAND LENGTH LIMIT from [192.0.2.1]:15592 after RCPT", "temporary 192.0.2.1"},
        {"PREGREET 14 after 0.08 from [192.0.2.1]:59415: EHLO x", "no"},
        {"DENYLISTED [192.0.2.1]:59415", "no"},
        {"HANGUP after 16 from [192.0.2.1]:48119 in tests after SMTP handshake", "no"},
        {"CONNECT from [192.0.2.1]:1234 to [203.0.113.1]:25", "no"},
    };
    (void)state;
    check_all(PF, forms, COUNT(forms));
    check_all("Mar 21 09:18:51 mx postfix/postscreen[1]: ", postscreen, COUNT(postscreen));
}

#define REJECT "NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 no; from=<a@b> to=<c@d> proto=SMTP helo=<x>"
#define WANT   "final 192.0.2.1 a@b>c@d"

/* What syslog daemons, journalctl and container runtimes put in front of a message. */
static void log_line_read__prefix__read_over(void **state)
{
    static const char *const prefixes[] = {
        "Mar 21 09:18:51 mx postfix/smtpd[1]: ", /* RFC 3164 */
        "Mar  1 09:18:51 mx postfix/smtpd[1]: ",
        "Mar 21 2026 09:18:51 mx postfix/smtpd[1]: ", /* Cisco, syslog-ng */
        "2026 Mar 21 09:18:51 mx postfix/smtpd[1]: ",
        "Mar 21 09:18:51 2026 mx postfix/smtpd[1]: ",
        "Mar 21 09:18:51.123456 mx postfix/smtpd[1]: ", /* journalctl -o short-precise */
        "Mar 21 09:18:51 CET mx postfix/smtpd[1]: ",
        "Sat Mar 21 09:18:51 2026 mail.info postfix/smtpd[1]: ", /* OpenWrt's logread */
        "2026-03-21T09:18:51+0100 mx postfix/smtpd[1]: ",        /* short-iso */
        "2026-03-21T09:18:51+01:00 mx postfix/smtpd[1]: ",       /* rsyslog */
        "2026-03-21T09:18:51.123456+01:00 mx postfix/smtpd[1]: ",
        "2026-03-21T08:18:51Z mx postfix/smtpd[1]: ",
        "2026-03-21 09:18:51,123 mx postfix/smtpd[1]: ",
        "2026/03/21 09:18:51 mx postfix/smtpd[1]: ",
        "Sat 2026-03-21 09:18:51 CET mx postfix/smtpd[1]: ", /* short-full */
        "Sat 2026-03-21 09:18:51.123456 UTC mx postfix/smtpd[1]: ",
        "1774084731.123456 mx postfix/smtpd[1]: ",         /* short-unix */
        "@4000000069be5c3b2c3d4e5f mx postfix/smtpd[1]: ", /* multilog, s6-log */
        "@4000000069be5c3b2c3d4e5f postfix/smtpd[1]: ",
        "<22>Mar 21 09:18:51 mx postfix/smtpd[1]: ",
        "<22>1 2026-03-21T09:18:51.123456+01:00 mx postfix/smtpd 1 - - ", /* RFC 5424 */
        "<22>1 2026-03-21T09:18:51Z mx postfix/smtpd 1 - [x y=\"]\"][z] ",
        "<22>1 2026-03-21T09:18:51Z mx postfix/smtpd 1 - - \xEF\xBB\xBF",
        "<22>1 2026-03-21T09:18:51Z mx - - - - postfix/smtpd[1]: ",
        "123 <22>1 2026-03-21T09:18:51Z mx postfix/smtpd 1 - - ", /* RFC 6587 */
        "Mar 21 09:18:51 mx mail.info postfix/smtpd[1]: ",        /* BusyBox */
        "Mar 21 09:18:51 mx mail:info postfix/smtpd[1]: ",        /* AIX */
        "Mar 21 09:18:51 mx mail:info Message forwarded from mx2: postfix/smtpd[1]: ",
        "Mar 21 09:18:51 mx postfix/smtpd[1]: [ID 197553 mail.info] ", /* Solaris */
        "Mar 21 09:18:51 <mail.info> mx postfix/smtpd[1]: ",           /* BSD, syslogd -v */
        "Mar 21 09:18:51 <2.6> mx postfix/smtpd[1]: ",
        "Mar 21 09:18:51 mx [postfix/smtpd] ", /* metalog */
        "Mar 21 09:18:51 [postfix/smtpd] ",
        "Mar 21 09:18:51 postfix/smtpd[1]: ", /* BusyBox -S, containers */
        "Mar 21 09:18:51 mx postfix/smtpd: ",
        "Mar 21 09:18:51 mx postfix/smtpd[1] : ",
        "Mar 21 09:18:51 src@mx/relay postfix/smtpd[1]: ", /* syslog-ng, chain_hostnames */
        "Mar 21 09:18:51 2001:db8::5 postfix/smtpd[1]: ",
        "Mar 21 09:18:51 postfix postfix/smtpd[1]: ",                  /* a host of that name */
        "Mar 21 09:18:51 relay Mar 21 09:18:50 mx postfix/smtpd[1]: ", /* through a relay */
        "Mar 21 09:18:51 mx mail info postfix/smtpd[1]: ",
        "Mar 21 09:18:51 mx postfix/smtpd[1]: info ",
        "Mar 21 09:18:51 mx postfix/smtpd[1]: <mail.info> ",
        "Mar 21 09:18:51 mx postfix-in/smtpd[1]: ",
        "Mar 21 09:18:51 mx postfix/submission/smtpd[1]: ",
        "Mar 21 09:18:51 mx mx25/smtpd[1]: ",
        "2026-03-21T09:18:51.123456789Z stdout F Mar 21 09:18:51 mx postfix/smtpd[1]: ", /* Kubernetes */
        "2026-03-21T09:18:51.123456789Z stderr F postfix/smtpd[1]: ",
        "2026-03-21T09:18:51.123456789Z stdout P postfix/smtpd[1]: ",
        "2026-03-21T09:18:51.123456789Z Mar 21 09:18:51 mx postfix/smtpd[1]: ",
        "2026-03-21T09:18:51.123456789Z postfix/smtpd[1]: ",     /* docker logs -t */
        "Sat 2026-03-21 09:18:51 CET mx postfix@-.service[1]: ", /* with-unit */
        "mail-1  | Mar 21 09:18:51 mx postfix/smtpd[1]: ",       /* docker compose logs */
        "mail-1  | 2026-03-21T09:18:51.123456789Z postfix/smtpd[1]: ",
        "[pod/mail-0/postfix] Mar 21 09:18:51 mx postfix/smtpd[1]: ", /* kubectl logs --prefix */
        "mail.log.1:Mar 21 09:18:51 mx postfix/smtpd[1]: ",           /* grep */
        "> Mar 21 09:18:51 mx postfix/smtpd[1]: ",
        "Mar 21 09:18:51 mx postfix/smtpd[1]: message repeated 3 times: [ ", /* rsyslog */
    };
    static const char *const strange[] = {
        "Mar 21 09:18:51 mx postfix/smtpd[1]: something new: ",
        "Mar 21 09:18:51 mx postfix/smtpd[1]: vserver_7 ",
    };
    static const char *const unstamped[] = {
        "",                                                              /* journalctl -o cat */
        "postfix/smtpd[1]: ",                                            /* docker logs */
        "mx postfix/smtpd[1]: ", "[   12.345678] mx postfix/smtpd[1]: ", /* journalctl -o short-monotonic */
    };
    static const char *const other_programs[] = {
        "Mar 21 09:18:51 web httpd[1]: ",
        "Mar 21 09:18:51 web httpd[1]: postfix/smtpd[1]: ",
        "Mar 21 09:18:51 web httpd: Mar 21 09:18:51 mx postfix/smtpd[1]: ",
        "Mar 21 09:18:51 web CRON[1]: (root) CMD postfix/smtpd[1]: ",
        "<22>1 2026-03-21T09:18:51Z web httpd 1 - - postfix/smtpd[1]: ",
    };
    const struct form form = {REJECT, WANT}, uncertain = {REJECT, "temporary ?"}, none = {REJECT, "no"};
    unsigned wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(prefixes); i++)
        wrong += check(prefixes[i], &form, LOG_STAMPED);
    for (size_t i = 0; i < COUNT(strange); i++)
        wrong += check(strange[i], &uncertain, LOG_STAMPED);
    for (size_t i = 0; i < COUNT(unstamped); i++) {
        wrong += check(unstamped[i], &form, LOG_UNSTAMPED);
        wrong += check(unstamped[i], &none, LOG_STAMPED);
    }
    for (size_t i = 0; i < COUNT(other_programs); i++)
        wrong += check(other_programs[i], &none, LOG_STAMPED);
    const struct form repeated = {"Mar 21 09:18:51 mx last message repeated 2 times", "repeated"};
    wrong += check("", &repeated, LOG_STAMPED);
    const struct form not_repeated = {"Mar 21 09:18:51 mx httpd[1]: last message repeated 2 times", "no"};
    wrong += check("", &not_repeated, LOG_STAMPED);
    assert_int_equal(wrong, 0);
}

/* Stamps become the time they say, on the clock of the server. */
static void log_time_take__form__its_time(void **state)
{
    static const char *const same[] = {
        "Mar 21 2026 09:18:51 ",
        "2026 Mar 21 09:18:51 ",
        "Mar 21 09:18:51 2026 ",
        "Sat Mar 21 09:18:51 2026 ",
        "2026-03-21T09:18:51+0100 ",
        "2026-03-21T09:18:51+01 ",
        "2026-03-21 09:18:51 CET ",
        "Sat 2026-03-21 09:18:51.1 CEST ",
        "2026/03/21 09:18:51 ",
        "1774084731.123456 ",
        "1774084731 ",
        "@4000000069be628500000000 ",
        "2026-03-21 09:18:51.1 +0000 ",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        struct text t = exact(same[i]);
        struct text rest = t;
        struct log_stamp s;
        if (!log_time_take(&rest, &s))
            fail_msg("%s is no stamp", same[i]);
        if (s.year != 2026 || s.month != 3 || s.day != 21 || s.hour != 9 || s.minute != 18 || s.second != 51 ||
            rest.n)
            fail_msg("%s is %u-%u-%u %u:%u:%u, and %zu bytes are left", same[i], s.year, s.month, s.day, s.hour,
                     s.minute, s.second, rest.n);
        exact_free(t);
    }
}

/* 192.0.2.66 is somebody else whom a client would like to see in our tables; where a line can be read in two ways
 * the client is not known. */
static void log_line_read__client_words__nobody_else_is_named(void **state)
{
    static const struct form forms[] = {
        {EX "H=(x) [192.0.2.1] SNI=\"a\" F=<v@w> rejected RCPT <u@v>: no\" F=<a@b> rejected RCPT <c@d>: no",
         "final 192.0.2.1"},
        {EX "H=(x) [192.0.2.1] SNI=\"H=[192.0.2.66] rejected RCPT <u@v>: no\" F=<a@b> rejected RCPT <c@d>: no",
         WANT},
        {EX "H=(x) [192.0.2.1] DN=\"CN=\\\"x [192.0.2.66]\\\"\" F=<a@b> rejected RCPT <c@d>: no", WANT},
        {EX "H=(x) [192.0.2.1] U=x H=[192.0.2.66] F=<a@b> rejected RCPT <c@d>: no", WANT},
        {EX "H=(x) [192.0.2.66] F=<a@b> rejected RCPT <c@d>: ) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: no",
         "final ?"},
        {EX MSG "F=\"x H=[192.0.2.66] P=smtp rejected by local_scan(): \"@b H=(y) [192.0.2.1] rejected by "
                "local_scan(): no",
         "final ?"},
        {EX "rejected \"EHLO x\" from H=[192.0.2.66] \"\" from H=(y) [192.0.2.1]", "final ?"},
        {EX "rejected \"EHLO x\" from [192.0.2.66] \"\" from H=(y) [192.0.2.1]", "final ?"},
        {EX "rejected MAIL FROM:<\"> H=[192.0.2.66]: \"@b> H=(y) [192.0.2.1]: message too big: size=9 max=8",
         "final ?"},
        {EX "unqualified sender rejected: <\"> H=[192.0.2.66]\"> H=(y) [192.0.2.1]", "final ?"},
        {EX "SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): "
            "rejected "
            "\"x\" H=[192.0.2.66] \"\" H=(y) [192.0.2.1] next input=\"z\"",
         "final ?"},
        {EX "SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): "
            "rejected "
            "\"x\" H=(y) [192.0.2.1] next input=\"z\" H=[192.0.2.66]",
         "final ?"},
        {EX "SMTP call from [192.0.2.1] dropped: too many unrecognized commands (last was \"H=[192.0.2.66]\")",
         "final 192.0.2.1"},
        {EX "too many recipients: message rejected: sender=<\"> H=[192.0.2.66]\"@b> H=(x) [192.0.2.1]",
         "final ?"},
        {EX "VRFY failed for x [192.0.2.66] H=(x) [192.0.2.1]", "final ?"},
        {PF "NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 <y[192.0.2.66]>: no; from=<a@b> to=<c@d> "
            "proto=SMTP "
            "helo=<y[192.0.2.66]>",
         WANT},
        {PF "NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 no; from=<a@b> to=<c@d> proto=SMTP helo=<x; "
            "from=<v@w> to=<u@v>>",
         "final 192.0.2.1"},
        {PF "proxy-reject: END-OF-MESSAGE: 550 RCPT from y[192.0.2.66]: no; from=<a@b> to=<c@d>",
         "final ? a@b>c@d"},
        {PF "warning: reject: ETRN x from y[192.0.2.66]... from x[192.0.2.1]", "final 192.0.2.1"},
        {PF "warning: reject: ETRN x from y[192.0.2.66]", "final 192.0.2.66"},
        {SM "ruleset=check_rcpt, arg1=<\", relay=[192.0.2.66], reject=550 \"@d>, relay=x [192.0.2.1], "
            "reject=550 no",
         "final ? >\", relay=[192.0.2.66], reject=550 \"@d"},
        {SM "tcpwrappers (y, 192.0.2.66) rejection (x, 192.0.2.1) rejection", "final 192.0.2.1"},
        {SM "Milter: connect: host=y, addr=192.0.2.66, rejecting commands, addr=192.0.2.1, rejecting commands",
         "final 192.0.2.1"},
        {SM "<\"@d>... no, relay=[192.0.2.66]\"@d>... User unknown",
         "final ? >\"@d>... no, relay=[192.0.2.66]\"@d"},
    };
    (void)state;
    check_all("", forms, COUNT(forms));
}

static const char *through_record(enum log_record_form form, const char *const lines[], char out[512])
{
    static struct log_record r;
    static struct log_event e;
    struct text line;
    out[0] = '\0';
    r = (struct log_record){.form = form};
    for (size_t i = 0; lines[i]; i++)
        if (log_record_take(&r, text_z(lines[i]), &line)) {
            log_line_read(line, LOG_UNSTAMPED, &e);
            outcome(&e, out);
        }
    if (!out[0] && log_record_end(&r, &line)) {
        log_line_read(line, LOG_UNSTAMPED, &e);
        outcome(&e, out);
    }
    return out;
}

/* Records of journalctl and of containers; what a message says never becomes a field. */
static void log_record_take__journal_and_containers__the_line(void **state)
{
    static const struct {
        enum log_record_form form;
        const char *lines[8];
        const char *want;
    } cases[] = {
        {LOG_RECORD_JSON,
         {"{\"__REALTIME_TIMESTAMP\":\"1774084731123456\",\"SYSLOG_IDENTIFIER\":\"postfix/"
          "smtpd\",\"MESSAGE\":\"" REJECT "\"}"},
         WANT},
        {LOG_RECORD_JSON,
         {"data: {\"MESSAGE\" : \"" REJECT "\", \"SYSLOG_IDENTIFIER\" : \"postfix/smtpd\"}"},
         WANT},
        {LOG_RECORD_JSON,
         {"{", "\t\"SYSLOG_IDENTIFIER\" : \"postfix/smtpd\",", "\t\"MESSAGE\" : \"" REJECT "\",",
          "\t\"_PID\" : \"1\"", "}"},
         WANT},
        {LOG_RECORD_JSON,
         {"{\"log\":\"Mar 21 09:18:51 mx postfix/smtpd[1]: " REJECT "\\n\",\"stream\":\"stdout\",\"time\":"
          "\"2026-03-21T09:18:51.123456789Z\"}"},
         WANT},
        {LOG_RECORD_JSON,
         {"{\"log\":\"postfix/smtpd[1]: " REJECT
          "\\n\",\"stream\":\"stdout\",\"attrs\":{\"log\":\"x\"},\"time\":"
          "\"2026-03-21T09:18:51.123456789Z\"}"},
         WANT},
        {LOG_RECORD_JSON,
         {"{\"@timestamp\":\"2026-03-21T09:18:51Z\",\"host\":{\"name\":\"mx\"},\"program\":\"postfix/smtpd\","
          "\"pid\":1,\"message\":\"" REJECT "\"}"},
         WANT},
        {LOG_RECORD_JSON, /* "exim: 2026-03-21 …" in bytes */
         {"{\"SYSLOG_IDENTIFIER\":\"exim\",\"MESSAGE\":[72,61,91,49,57,50,46,48,46,50,46,49,93,32,114,101,106,"
          "101,99,"
          "116,101,100,32,120]}"},
         "final 192.0.2.1"},
        {LOG_RECORD_JSON,
         {"{\"SYSLOG_IDENTIFIER\":\"httpd\",\"MESSAGE\":\"x\\\",\\\"SYSLOG_IDENTIFIER\\\":\\\"postfix/"
          "smtpd\\\","
          "\\\"MESSAGE\\\":\\\"" REJECT "\"}"},
         "no"},
        {LOG_RECORD_JSON, {"{\"SYSLOG_IDENTIFIER\":\"httpd\",\"MESSAGE\":\"" REJECT "\"}"}, "no"},
        {LOG_RECORD_EXPORT,
         {"__CURSOR=x", "__REALTIME_TIMESTAMP=1774084731123456", "SYSLOG_IDENTIFIER=postfix/smtpd",
          "MESSAGE=" REJECT, "_PID=1", ""},
         WANT},
        {LOG_RECORD_EXPORT, {"SYSLOG_IDENTIFIER=postfix/smtpd", "MESSAGE=" REJECT}, WANT},
        {LOG_RECORD_EXPORT, {"SYSLOG_IDENTIFIER=httpd", "MESSAGE=" REJECT, ""}, "no"},
        {LOG_RECORD_VERBOSE,
         {"Sat 2026-03-21 09:18:51.123456 CET [s=1;i=2]", "    SYSLOG_IDENTIFIER=postfix/smtpd",
          "    MESSAGE=" REJECT, "    _PID=1"},
         WANT},
        {LOG_RECORD_VERBOSE,
         {"Sat 2026-03-21 09:18:51.123456 CET [s=1;i=2]", "    SYSLOG_IDENTIFIER=httpd", "    MESSAGE=x",
          "            SYSLOG_IDENTIFIER=postfix/smtpd", "            MESSAGE=" REJECT},
         "no"},
    };
    char out[512];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(
            log_record_form(text_z(cases[i].form == LOG_RECORD_EXPORT ? "__CURSOR=x" : cases[i].lines[0])),
            cases[i].form);
        if (strcmp(through_record(cases[i].form, cases[i].lines, out), cases[i].want) != 0)
            fail_msg("%s\n gives %s\n not   %s", cases[i].lines[0], out, cases[i].want);
    }
    assert_int_equal(log_record_form(TEXT(PF REJECT)), LOG_RECORD_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_exim_read__each_form__class_and_client),
        cmocka_unit_test(log_exim_read__field_before_verdict__read_over),
        cmocka_unit_test(log_sendmail_read__each_form__class_and_client),
        cmocka_unit_test(log_postfix_read__each_form__class_and_client),
        cmocka_unit_test(log_line_read__prefix__read_over),
        cmocka_unit_test(log_time_take__form__its_time),
        cmocka_unit_test(log_line_read__client_words__nobody_else_is_named),
        cmocka_unit_test(log_record_take__journal_and_containers__the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
