/* What MercuryS writes. */
#include "log_servers.h"

#include "log_scan.h"

/* MercuryS: a letter, date, time, session, text. Returns whether it is such a line. */
bool log_mercury_read(struct log_event *e, struct text line)
{
    struct text m = line;
    if (!m.n || !is_alpha((unsigned char)m.p[0]))
        return false;
    m = text_skip(m, 1);
    if (!log_scan_gap(&m) || !log_time_take_mercury(&m, &e->stamp))
        return false;
    while (m.n && (is_digit((unsigned char)m.p[0]) ||
                   (is_alpha((unsigned char)m.p[0]) && fold((unsigned char)m.p[0]) <= 'f')))
        m = text_skip(m, 1);
    if (!log_scan_gap(&m))
        return false;
    e->has_stamp = true;
    e->program = LOG_MERCURY;
    e->kind = LOG_OTHER;
    e->line = line;
    m = text_trim(m);
    bool host = log_scan_eat(&m, TEXT("Host "));
    if (!host && !log_scan_eat(&m, TEXT("Connection from ")))
        return true;
    struct text name = log_scan_token(&m);
    while (name.n && strchr("([", name.p[0]))
        name = text_skip(name, 1);
    while (name.n && strchr(")]", name.p[name.n - 1]))
        name.n--;
    if (m.n && m.p[m.n - 1] == '.')
        m.n--;
    bool dropped = text_ends_nocase(m, TEXT("dropped and blocked"));
    if (!name.n || (!dropped && !text_ends_nocase(m, TEXT("because of short-term restriction"))))
        return true;
    e->kind = dropped ? LOG_BLACKLISTED : LOG_RESTRICTED;
    e->name = name;
    e->has_client = ip_parse(name, &e->client);
    e->reason = m;
    return true;
}
