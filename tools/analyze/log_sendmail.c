/*
 * What Sendmail writes after stamp, host and program. The forms are those of srvrsmtp.c, err.c, collect.c and daemon.c:
 *
 *   ID: ruleset=check_rcpt, arg1=<..>, relay=NAME [ADDRESS], reject=REPLY        a rule of the configuration
 *   ID: Milter: to=<..>, reject=REPLY      also from=, helo=, cmd=data, data     a filter
 *   ID: Milter: connect: host=NAME, addr=ADDRESS, rejecting commands
 *   ID: <rcpt>... TEXT                                                           any other refusal of a recipient
 *   ID: rejecting commands from NAME [ADDRESS] due to pre-greeting traffic after N seconds
 *   ID: tcpwrappers (NAME, ADDRESS) rejection
 *   rejecting connections on daemon NAME: load average: N                        the server has no room
 *   and the lines of the table `others`.
 *
 * The client, sender and recipients of a transaction are in further lines with its id.
 */
#include "log_servers.h"

#include "log_scan.h"

/* "name [192.0.2.1]", "[IPv6:2001:db8::1] (may be forged)": *M is moved after it. */
static bool take_relay(struct text *m, struct ip *client)
{
    size_t limit = m->n < LOG_SCAN_NAME_MAX ? m->n : LOG_SCAN_NAME_MAX, open = 0;
    while (open < limit && m->p[open] != '[' && m->p[open] != ',')
        open++;
    if (open == limit || m->p[open] != '[' || (open && m->p[open - 1] != ' '))
        return false;
    struct text rest = text_skip(*m, open + 1);
    size_t close = text_find(text_of(rest.p, rest.n < IP_TEXT_MAX + 8 ? rest.n : IP_TEXT_MAX + 8), 0, ']');
    if (close >= rest.n || !log_scan_ip(text_of(rest.p, close), client))
        return false;
    *m = text_skip(rest, close + 1);
    log_scan_eat(m, TEXT(" (may be forged)"));
    return true;
}

/* "ruleset=check_rcpt, arg1=<a@b>, relay=name [192.0.2.1], reject=550 5.7.1 ...". The text before relay= and
 * after reject= may come from the client. */
static void sendmail_ruleset(struct log_event *e, struct text m)
{
    static const struct text mark = {", reject=", 9};
    struct text name = text_of(m.p, text_find(m, 0, ',')), reply = TEXT(""), address;
    bool clear = true;
    for (size_t i = log_scan_find(m, 0, TEXT(" relay=")); i < m.n;
         i = log_scan_find(m, i + 1, TEXT(" relay="))) {
        struct text rest = text_skip(m, i + 7);
        struct ip client;
        if (!take_relay(&rest, &client) || !log_scan_eat(&rest, mark))
            continue;
        clear = clear && (!reply.n || ip_eq(&client, &e->client));
        if (!reply.n) {
            e->client = client;
            reply = rest;
        }
    }
    e->has_client = clear && reply.n;
    if (!reply.n) {
        size_t i = log_scan_find(m, 0, mark);
        if (i == m.n)
            return;
        reply = text_skip(m, i + mark.n);
    }
    e->kind = LOG_REFUSAL;
    log_event_reason(e, reply);
    e->temporary = log_event_code(e->reason) != LOG_CODE_FINAL;
    bool recipient = text_eq(name, TEXT("check_rcpt"));
    m = text_skip(m, name.n);
    if ((!recipient && !text_eq(name, TEXT("check_mail"))) || !log_scan_eat(&m, TEXT(", arg1=")))
        return;
    if (!log_scan_bracketed(&m, &address))
        address = text_of(m.p, text_find(m, 0, ','));
    log_event_address(e, recipient, address);
}

/* "connect: host=x, addr=192.0.2.1, rejecting commands"; also "temp failing commands" and "shutdown". */
static void sendmail_milter_connect(struct log_event *e, struct text m)
{
    size_t i = log_scan_find_last(m, TEXT(", addr="));
    struct text addr = text_skip(m, i + 7);
    size_t end = text_find(addr, 0, ',');
    struct text verdict = text_skip(addr, end);
    bool final = text_eq(verdict, TEXT(", rejecting commands"));
    if (!final && !text_eq(verdict, TEXT(", temp failing commands")) && !text_eq(verdict, TEXT(", shutdown")))
        return;
    e->kind = LOG_REFUSAL;
    e->has_client = log_scan_ip(text_of(addr.p, end), &e->client);
    log_event_reason(e, text_skip(verdict, 2));
    e->temporary = !final;
}

/* "to=<a@b>, reject=550 ...", "data, reject=554 ...", "cmd=data, reject=...", "helo=x, reject=...". */
static void sendmail_milter(struct log_event *e, struct text m)
{
    struct text address = TEXT(""), rest = m;
    if (log_scan_eat(&m, TEXT("connect: host="))) {
        sendmail_milter_connect(e, m);
        return;
    }
    bool recipient = log_scan_eat(&rest, TEXT("to=")),
         sender = !recipient && log_scan_eat(&rest, TEXT("from="));
    if (recipient || sender) {
        if (!log_scan_bracketed(&rest, &address))
            address = text_of(rest.p, log_scan_find(rest, 0, TEXT(", reject=")));
        else
            m = rest;
    }
    size_t i = log_scan_find(m, 0, TEXT(", reject="));
    if (i == m.n)
        return;
    e->kind = LOG_REFUSAL;
    log_event_reason(e, text_skip(m, i + 9));
    e->temporary = log_event_code(e->reason) != LOG_CODE_FINAL;
    if (recipient || sender)
        log_event_address(e, recipient, address);
}

/* "<a@b>... text": Sendmail leaves the code out. These words mark a refusal that is not final. */
static bool sounds_temporary(struct text t)
{
    static const char *const words[] = {"temporar",  "try again",  "later",        "defer",        "greylist",
                                        "graylist",  "quota",      "mailbox full", "unavailable",  "busy",
                                        "timed out", "timeout",    "lookup",       "insufficient", "too many",
                                        "throttl",   "rate limit", "not ready",    "resources"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_find_nocase(t, text_z(words[i])) < t.n)
            return true;
    return false;
}

static bool sendmail_recipient(struct log_event *e, struct text m)
{
    struct text address;
    if (!log_scan_bracketed(&m, &address) || !log_scan_eat(&m, TEXT("... ")))
        return false;
    e->kind = LOG_REFUSAL;
    log_event_address(e, true, address);
    if (log_event_code(m) == LOG_CODE_NONE && text_eq(m, TEXT("User unknown")))
        log_event_reason(e, TEXT("550 5.1.1 User unknown"));
    else
        log_event_reason(e, m);
    e->temporary = e->temporary || (log_event_code(m) == LOG_CODE_NONE && sounds_temporary(m));
    return true;
}

enum sendmail_outcome { FINAL, TEMPORARY, BUSY };

/* Refusals in other words. The client comes right after the start, if `client`. */
static const struct sendmail_form {
    const char *start;
    const char *needed; /* must follow somewhere */
    bool client;
    enum sendmail_outcome outcome;
    const char *reason;
} others[] = {
    {"rejecting commands from ", "", true, FINAL, "554 Command rejected"},
    {"rejecting connections on daemon ", "", false, BUSY, "server busy"},
    {"deferring connections on daemon ", "", false, BUSY, "server busy"},
    {"message size (", "exceeds maximum value", false, FINAL, "552 5.2.3 Message too large"},
    {"headers too large (", "", false, FINAL, "552 5.6.0 Headers too large"},
    {"Too many hops ", "", false, FINAL, "554 5.4.6 Too many hops"},
    {"SYSERR(root): Too many hops ", "", false, FINAL, "554 5.4.6 Too many hops"},
    {"Need MAIL before RCPT", "", false, FINAL, "503 5.0.0 Need MAIL before RCPT"},
    {"Too many recipients", "", false, TEMPORARY, "452 4.5.3 Too many recipients"},
};

static bool sendmail_other(struct log_event *e, struct text m)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const struct sendmail_form *f = &others[i];
        struct text rest = m;
        if (!log_scan_eat_z(&rest, f->start) ||
            (f->needed[0] && log_scan_find(rest, 0, text_z(f->needed)) == rest.n))
            continue;
        e->kind = LOG_REFUSAL;
        e->has_client = f->client && take_relay(&rest, &e->client);
        log_event_reason(e, text_z(f->reason));
        e->temporary = f->outcome != FINAL;
        e->busy = f->outcome == BUSY;
        return true;
    }
    return false;
}

/* "tcpwrappers (name, 192.0.2.1) rejection": the address comes last. */
static bool sendmail_wrapper(struct log_event *e, struct text m)
{
    if (!log_scan_eat(&m, TEXT("tcpwrappers (")) || !text_ends_nocase(m, TEXT(") rejection")))
        return false;
    m.n -= 11;
    e->kind = LOG_REFUSAL;
    size_t comma = log_scan_find_last(m, TEXT(", "));
    e->has_client = comma < m.n && log_scan_ip(text_skip(m, comma + 2), &e->client);
    log_event_reason(e, TEXT("550 5.7.1 tcpwrappers"));
    return true;
}

/* "from=<a@b>, size=1762, class=0, ..., relay=name [192.0.2.1]": the line ends with the client. */
static void sendmail_from(struct log_event *e, struct text m)
{
    struct text address, end = text_trim(m);
    if (!log_scan_bracketed(&m, &address)) {
        address = text_of(m.p, text_find(m, 0, ','));
        m = text_skip(m, address.n);
    }
    if (!log_scan_eat(&m, TEXT(", ")))
        return;
    e->kind = LOG_PART;
    log_event_address(e, false, address);
    if (text_ends_nocase(end, TEXT(" (may be forged)")))
        end.n -= 16;
    size_t comma = log_scan_find_last(end, TEXT(", relay="));
    struct text relay = text_skip(end, comma + 8);
    e->has_client = comma < end.n && take_relay(&relay, &e->client) && !relay.n;
    bool local = e->traffic && comma < end.n && text_find(text_skip(end, comma), 0, '[') == end.n - comma;
    if (e->traffic && (local || (e->has_client && log_event_is_inside(&e->client))) &&
        log_scan_find(m, 0, TEXT("nrcpts=0")) == m.n)
        e->insider = address;
}

static void sendmail_to(struct log_event *e, struct text m)
{
    struct text address;
    if (e->traffic && log_scan_find(m, 0, TEXT(", stat=Sent")) < m.n)
        e->accepted = text_of(m.p, log_scan_find(m, 0, TEXT(", delay=")));
    if (!log_scan_bracketed(&m, &address)) {
        address = text_of(m.p, text_find(m, 0, ','));
        m = text_skip(m, address.n);
    }
    if (!log_scan_eat(&m, TEXT(",")))
        return;
    e->kind = LOG_PART;
    log_event_address(e, true, address);
}

void log_sendmail_read(struct log_event *e, struct text m)
{
    e->program = LOG_SENDMAIL;
    e->kind = LOG_OTHER;
    if (log_scan_eat(&m, TEXT("..."))) /* an excerpt */
        log_scan_blanks(&m);
    else
        log_event_take_id(e, &m);
    if (log_scan_eat(&m, TEXT("ruleset=")))
        sendmail_ruleset(e, m);
    else if (log_scan_eat(&m, TEXT("Milter: ")))
        sendmail_milter(e, m);
    else if (log_scan_eat(&m, TEXT("from=")))
        sendmail_from(e, m);
    else if (log_scan_eat(&m, TEXT("to=")))
        sendmail_to(e, m);
    else if (!sendmail_recipient(e, m) && !sendmail_other(e, m) && !sendmail_wrapper(e, m) &&
             log_scan_find(m, 0, TEXT(" ruleset=")) < m.n && log_scan_find(m, 0, TEXT(", reject=")) < m.n)
        e->kind = LOG_REFUSAL; /* unknown words before the message */
}
