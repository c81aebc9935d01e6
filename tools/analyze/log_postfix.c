/* What Postfix writes behind stamp, host and program. */
#include "log_servers.h"

#include "log_scan.h"

/* "from=<a@b> to=<c@d> proto=...", from postscreen with commas. Returns what is behind it. */
static struct text postfix_envelope(struct log_event *e, struct text m)
{
    struct text address;
    log_scan_eat(&m, TEXT("from="));
    if (!log_scan_bracketed(&m, &address))
        return m;
    log_event_address(e, false, address);
    log_scan_eat(&m, TEXT(","));
    if (log_scan_eat(&m, TEXT(" to=")) && log_scan_bracketed(&m, &address))
        log_event_address(e, true, address);
    return m;
}

/* "header Subject: ... from name[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<x>: 5.7.1 text". The header
 * is the client's, and so is the name behind helo=. */
static void postfix_header(struct log_event *e, struct text m)
{
    static const struct text mark = {" from ", 6}, behind = {"; from=<", 8};
    unsigned found = 0;
    struct text envelope = TEXT("");
    for (size_t i = log_scan_find(m, 0, mark); i < m.n; i = log_scan_find(m, i + 1, mark)) {
        struct text rest = text_skip(m, i + mark.n);
        struct ip client;
        if (!log_scan_peer(&rest, &client) || !log_scan_eat(&rest, TEXT("; ")) ||
            !text_starts_nocase(rest, TEXT("from=<")))
            continue;
        found++;
        e->client = client;
        envelope = rest;
    }
    e->kind = LOG_REFUSAL;
    e->has_client = found == 1;
    e->reason = TEXT("header or body check");
    if (found != 1 || log_scan_find(envelope, 0, behind) < envelope.n)
        return;
    struct text rest = postfix_envelope(e, envelope);
    size_t helo = log_scan_find(rest, 0, TEXT(" helo=")), end;
    rest = text_skip(rest, helo);
    end = log_scan_find(rest, 0, TEXT(">: "));
    if (end < rest.n)
        log_event_reason(e, text_skip(rest, end + 3));
}

void log_postfix_read(struct log_event *e, struct text m)
{
    e->program = LOG_POSTFIX;
    e->kind = LOG_OTHER;
    log_event_take_id(e, &m);
    if (!log_scan_eat(&m, TEXT("reject: ")) && !log_scan_eat(&m, TEXT("milter-reject: ")))
        return;
    if (text_starts_nocase(m, TEXT("header ")) || text_starts_nocase(m, TEXT("body ")) ||
        text_starts_nocase(m, TEXT("mime header "))) {
        postfix_header(e, m);
        return;
    }
    /* The command in front of it is one of Postfix's own words: RCPT, END-OF-MESSAGE, ... */
    size_t i = log_scan_find(text_of(m.p, m.n < 48 ? m.n : 48), 0, TEXT(" from "));
    if (i >= m.n || text_find(text_of(m.p, i), 0, ' ') < i)
        return;
    m = text_skip(m, i + 6);
    e->kind = LOG_REFUSAL;
    e->has_client = log_scan_peer(&m, &e->client);
    if (!e->has_client)
        m = text_skip(m, text_find(m, 0, ' '));
    log_scan_eat(&m, TEXT(":"));
    size_t envelope = log_scan_find_last(m, TEXT("; from=<")), end = log_scan_find_last(m, TEXT("; proto="));
    if (envelope < m.n)
        postfix_envelope(e, text_skip(m, envelope + 2));
    end = envelope < m.n ? envelope : end;
    log_event_reason(e, text_of(m.p, end));
}
