/* What Sendmail and Postfix write behind stamp, host and program. */
#include "log_line.h"

#include "log_scan.h"

/* "h6O8BjCE012345: " or "NOQUEUE: ": the id, which has a digit, and what parts it from the rest. */
static void take_id(struct log_event *e, struct text *m)
{
    size_t n = 0;
    bool digit = false;
    for (; n < m->n && n < 32 && is_alnum((unsigned char)m->p[n]); n++)
        digit = digit || is_digit((unsigned char)m->p[n]);
    struct text id = text_of(m->p, n), rest = text_skip(*m, n);
    if (!n || !scan_eat(&rest, TEXT(": ")))
        return;
    if (digit)
        e->id = id;
    if (digit || text_eq(id, TEXT("NOQUEUE")))
        *m = rest;
}

/*
 * Sendmail
 */

/* "name [192.0.2.1]", "[IPv6:2001:db8::1] (may be forged)": *M is moved behind it. */
static bool take_relay(struct text *m, struct ip *client)
{
    size_t limit = m->n < SCAN_NAME_MAX ? m->n : SCAN_NAME_MAX, open = 0;
    while (open < limit && m->p[open] != '[' && m->p[open] != ',')
        open++;
    if (open == limit || m->p[open] != '[' || (open && m->p[open - 1] != ' '))
        return false;
    struct text rest = text_skip(*m, open + 1);
    size_t close = text_find(text_of(rest.p, rest.n < IP_TEXT_MAX + 8 ? rest.n : IP_TEXT_MAX + 8), 0, ']');
    if (close >= rest.n || !scan_ip(text_of(rest.p, close), client))
        return false;
    *m = text_skip(rest, close + 1);
    scan_eat(m, TEXT(" (may be forged)"));
    return true;
}

/* "ruleset=check_rcpt, arg1=<a@b>, relay=name [192.0.2.1], reject=550 5.7.1 ...". What stands before relay= and
 * behind reject= may be the client's own words. */
static void sendmail_ruleset(struct log_event *e, struct text m)
{
    static const struct text mark = {", reject=", 9};
    struct text name = text_of(m.p, text_find(m, 0, ',')), reply = TEXT(""), address;
    bool clear = true;
    for (size_t i = scan_find(m, 0, TEXT(" relay=")); i < m.n; i = scan_find(m, i + 1, TEXT(" relay="))) {
        struct text rest = text_skip(m, i + 7);
        struct ip client;
        if (!take_relay(&rest, &client) || !scan_eat(&rest, mark))
            continue;
        clear = clear && (!reply.n || ip_eq(&client, &e->client));
        if (!reply.n) {
            e->client = client;
            reply = rest;
        }
    }
    e->has_client = clear && reply.n;
    if (!reply.n) {
        size_t i = scan_find(m, 0, mark);
        if (i == m.n)
            return;
        reply = text_skip(m, i + mark.n);
    }
    e->kind = LOG_REFUSAL;
    logline_reason(e, reply);
    bool recipient = text_eq(name, TEXT("check_rcpt"));
    m = text_skip(m, name.n);
    if ((!recipient && !text_eq(name, TEXT("check_mail"))) || !scan_eat(&m, TEXT(", arg1=")))
        return;
    if (!scan_bracketed(&m, &address))
        address = text_of(m.p, text_find(m, 0, ','));
    logline_address(e, recipient, address);
}

/* "to=<a@b>, reject=550 ...", "data, reject=554 ...", "connect: host=x, addr=192.0.2.1, rejecting commands". */
static void sendmail_milter(struct log_event *e, struct text m)
{
    struct text address = TEXT(""), rest = m;
    bool recipient = scan_eat(&rest, TEXT("to=")), sender = !recipient && scan_eat(&rest, TEXT("from="));
    if (recipient || sender) {
        if (!scan_bracketed(&rest, &address))
            return;
        m = rest;
    } else if (scan_eat(&m, TEXT("connect: host="))) {
        size_t i = scan_find_last(m, TEXT(", addr="));
        struct text addr = text_skip(m, i + 7);
        size_t end = text_find(addr, 0, ',');
        if (!text_eq(text_skip(addr, end), TEXT(", rejecting commands")))
            return;
        e->kind = LOG_REFUSAL;
        e->has_client = scan_ip(text_of(addr.p, end), &e->client);
        logline_reason(e, TEXT("rejecting commands"));
        return;
    }
    size_t i = scan_find(m, 0, TEXT(", reject="));
    if (i == m.n || ((recipient || sender) && i > 0))
        return;
    e->kind = LOG_REFUSAL;
    logline_reason(e, text_skip(m, i + 9));
    if (recipient || sender)
        logline_address(e, recipient, address);
}

/* "from=<a@b>, size=1762, class=0, ..., relay=name [192.0.2.1]": the client is what the line ends in. */
static void sendmail_from(struct log_event *e, struct text m)
{
    struct text address, end = text_trim(m);
    if (!scan_bracketed(&m, &address)) {
        address = text_of(m.p, text_find(m, 0, ','));
        m = text_skip(m, address.n);
    }
    if (!scan_eat(&m, TEXT(", ")))
        return;
    e->kind = LOG_PART;
    logline_address(e, false, address);
    if (text_ends_nocase(end, TEXT(" (may be forged)")))
        end.n -= 16;
    size_t comma = scan_find_last(end, TEXT(", relay="));
    struct text relay = text_skip(end, comma + 8);
    e->has_client = comma < end.n && take_relay(&relay, &e->client) && !relay.n;
}

static void sendmail_to(struct log_event *e, struct text m)
{
    struct text address;
    if (!scan_bracketed(&m, &address)) {
        address = text_of(m.p, text_find(m, 0, ','));
        m = text_skip(m, address.n);
    }
    if (!scan_eat(&m, TEXT(",")))
        return;
    e->kind = LOG_PART;
    logline_address(e, true, address);
}

void logline_sendmail(struct log_event *e, struct text m)
{
    struct text address, user = m;
    e->program = LOG_SENDMAIL;
    e->kind = LOG_OTHER;
    if (scan_eat(&m, TEXT("..."))) /* an excerpt */
        scan_blanks(&m);
    else
        take_id(e, &m);
    user = m;
    if (scan_eat(&m, TEXT("ruleset=")))
        sendmail_ruleset(e, m);
    else if (scan_eat(&m, TEXT("Milter: ")))
        sendmail_milter(e, m);
    else if (scan_eat(&m, TEXT("from=")))
        sendmail_from(e, m);
    else if (scan_eat(&m, TEXT("to=")))
        sendmail_to(e, m);
    else if (scan_bracketed(&user, &address) && text_eq(user, TEXT("... User unknown"))) {
        e->kind = LOG_REFUSAL;
        logline_address(e, true, address);
        logline_reason(e, TEXT("550 5.1.1 User unknown"));
    }
}

/*
 * Postfix
 */

/* "from=<a@b> to=<c@d> proto=...", from postscreen with commas. Returns what is behind it. */
static struct text postfix_envelope(struct log_event *e, struct text m)
{
    struct text address;
    scan_eat(&m, TEXT("from="));
    if (!scan_bracketed(&m, &address))
        return m;
    logline_address(e, false, address);
    scan_eat(&m, TEXT(","));
    if (scan_eat(&m, TEXT(" to=")) && scan_bracketed(&m, &address))
        logline_address(e, true, address);
    return m;
}

/* "header Subject: ... from name[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<x>: 5.7.1 text". The header
 * is the client's, and so is the name behind helo=. */
static void postfix_header(struct log_event *e, struct text m)
{
    static const struct text mark = {" from ", 6}, behind = {"; from=<", 8};
    unsigned found = 0;
    struct text envelope = TEXT("");
    for (size_t i = scan_find(m, 0, mark); i < m.n; i = scan_find(m, i + 1, mark)) {
        struct text rest = text_skip(m, i + mark.n);
        struct ip client;
        if (!scan_peer(&rest, &client) || !scan_eat(&rest, TEXT("; ")) ||
            !text_starts_nocase(rest, TEXT("from=<")))
            continue;
        found++;
        e->client = client;
        envelope = rest;
    }
    e->kind = LOG_REFUSAL;
    e->has_client = found == 1;
    e->reason = TEXT("header or body check");
    if (found != 1 || scan_find(envelope, 0, behind) < envelope.n)
        return;
    struct text rest = postfix_envelope(e, envelope);
    size_t helo = scan_find(rest, 0, TEXT(" helo=")), end;
    rest = text_skip(rest, helo);
    end = scan_find(rest, 0, TEXT(">: "));
    if (end < rest.n)
        logline_reason(e, text_skip(rest, end + 3));
}

void logline_postfix(struct log_event *e, struct text m)
{
    e->program = LOG_POSTFIX;
    e->kind = LOG_OTHER;
    take_id(e, &m);
    if (!scan_eat(&m, TEXT("reject: ")) && !scan_eat(&m, TEXT("milter-reject: ")))
        return;
    if (text_starts_nocase(m, TEXT("header ")) || text_starts_nocase(m, TEXT("body ")) ||
        text_starts_nocase(m, TEXT("mime header "))) {
        postfix_header(e, m);
        return;
    }
    /* The command in front of it is one of Postfix's own words: RCPT, END-OF-MESSAGE, ... */
    size_t i = scan_find(text_of(m.p, m.n < 48 ? m.n : 48), 0, TEXT(" from "));
    if (i >= m.n || text_find(text_of(m.p, i), 0, ' ') < i)
        return;
    m = text_skip(m, i + 6);
    e->kind = LOG_REFUSAL;
    e->has_client = scan_peer(&m, &e->client);
    if (!e->has_client)
        m = text_skip(m, text_find(m, 0, ' '));
    scan_eat(&m, TEXT(":"));
    size_t envelope = scan_find_last(m, TEXT("; from=<")), end = scan_find_last(m, TEXT("; proto="));
    if (envelope < m.n)
        postfix_envelope(e, text_skip(m, envelope + 2));
    end = envelope < m.n ? envelope : end;
    logline_reason(e, text_of(m.p, end));
}
