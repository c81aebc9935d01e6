/* What Sendmail writes behind stamp, host and program. */
#include "log_servers.h"

#include "log_scan.h"

/* "name [192.0.2.1]", "[IPv6:2001:db8::1] (may be forged)": *M is moved behind it. */
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

/* "ruleset=check_rcpt, arg1=<a@b>, relay=name [192.0.2.1], reject=550 5.7.1 ...". What stands before relay= and
 * behind reject= may be the client's own words. */
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
    bool recipient = text_eq(name, TEXT("check_rcpt"));
    m = text_skip(m, name.n);
    if ((!recipient && !text_eq(name, TEXT("check_mail"))) || !log_scan_eat(&m, TEXT(", arg1=")))
        return;
    if (!log_scan_bracketed(&m, &address))
        address = text_of(m.p, text_find(m, 0, ','));
    log_event_address(e, recipient, address);
}

/* "to=<a@b>, reject=550 ...", "data, reject=554 ...", "connect: host=x, addr=192.0.2.1, rejecting commands". */
static void sendmail_milter(struct log_event *e, struct text m)
{
    struct text address = TEXT(""), rest = m;
    bool recipient = log_scan_eat(&rest, TEXT("to=")),
         sender = !recipient && log_scan_eat(&rest, TEXT("from="));
    if (recipient || sender) {
        if (!log_scan_bracketed(&rest, &address))
            return;
        m = rest;
    } else if (log_scan_eat(&m, TEXT("connect: host="))) {
        size_t i = log_scan_find_last(m, TEXT(", addr="));
        struct text addr = text_skip(m, i + 7);
        size_t end = text_find(addr, 0, ',');
        if (!text_eq(text_skip(addr, end), TEXT(", rejecting commands")))
            return;
        e->kind = LOG_REFUSAL;
        e->has_client = log_scan_ip(text_of(addr.p, end), &e->client);
        log_event_reason(e, TEXT("rejecting commands"));
        return;
    }
    size_t i = log_scan_find(m, 0, TEXT(", reject="));
    if (i == m.n || ((recipient || sender) && i > 0))
        return;
    e->kind = LOG_REFUSAL;
    log_event_reason(e, text_skip(m, i + 9));
    if (recipient || sender)
        log_event_address(e, recipient, address);
}

/* "from=<a@b>, size=1762, class=0, ..., relay=name [192.0.2.1]": the client is what the line ends in. */
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
}

static void sendmail_to(struct log_event *e, struct text m)
{
    struct text address;
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
    struct text address, user = m;
    e->program = LOG_SENDMAIL;
    e->kind = LOG_OTHER;
    if (log_scan_eat(&m, TEXT("..."))) /* an excerpt */
        log_scan_blanks(&m);
    else
        log_event_take_id(e, &m);
    user = m;
    if (log_scan_eat(&m, TEXT("ruleset=")))
        sendmail_ruleset(e, m);
    else if (log_scan_eat(&m, TEXT("Milter: ")))
        sendmail_milter(e, m);
    else if (log_scan_eat(&m, TEXT("from=")))
        sendmail_from(e, m);
    else if (log_scan_eat(&m, TEXT("to=")))
        sendmail_to(e, m);
    else if (log_scan_bracketed(&user, &address) && text_eq(user, TEXT("... User unknown"))) {
        e->kind = LOG_REFUSAL;
        log_event_address(e, true, address);
        log_event_reason(e, TEXT("550 5.1.1 User unknown"));
    }
}
