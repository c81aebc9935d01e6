/* What Exim writes, in its own files or through syslog. */
#include "log_servers.h"

#include "log_scan.h"

/* The id of a message: 6-6-2, since 4.97 6-11-4 characters. */
static bool is_exim_id(struct text t)
{
    size_t middle = t.n == 16 ? 6 : t.n == 23 ? 11 : 0;
    for (size_t i = 0; i < t.n; i++)
        if (i == 6 || i == 7 + middle ? t.p[i] != '-' : !is_alnum((unsigned char)t.p[i]))
            return false;
    return middle != 0;
}

/* "name (helo) [192.0.2.1]:25", every part but the address may be missing. The HELO name is the client's: if it
 * makes a second such place in the line, the client is not known. */
static bool take_host(struct text *m, struct ip *client)
{
    struct text rest = *m;
    struct ip ip;
    unsigned found = 0;
    if (rest.n && rest.p[0] != '(' && rest.p[0] != '[') {
        log_scan_token(&rest);
        log_scan_blanks(&rest);
    }
    if (!rest.n || rest.p[0] != '(') {
        if (!log_scan_peer(&rest, client))
            return false;
        *m = rest;
        return true;
    }
    for (size_t i = log_scan_find(rest, 0, TEXT(") [")); i < rest.n;
         i = log_scan_find(rest, i + 1, TEXT(") ["))) {
        struct text candidate = text_skip(rest, i + 2);
        if (log_scan_peer(&candidate, &ip) && found++ == 0) {
            *client = ip;
            *m = candidate;
        }
    }
    return found == 1;
}

/* Takes one of the fields that may stand between host and verdict: I=[..]:25 U=name X=TLS.. SNI=".." F=<..>
 * A=.. */
static bool take_exim_field(struct log_event *e, struct text *m)
{
    size_t n = 0;
    struct text rest, value;
    while (n < m->n && n < 5 && (m->p[n] >= 'A' && m->p[n] <= 'Z'))
        n++;
    if (!n || n >= m->n || m->p[n] != '=')
        return false;
    struct text key = text_of(m->p, n);
    rest = text_skip(*m, n + 1);
    if (text_eq(key, TEXT("F")) && log_scan_bracketed(&rest, &value)) {
        log_event_address(e, false, value);
    } else if (log_scan_eat(&rest, TEXT("\""))) {
        rest = text_skip(rest, text_find(rest, 0, '"') + 1);
    } else {
        rest = text_skip(rest, text_find(rest, 0, ' '));
    }
    log_scan_blanks(&rest);
    *m = rest;
    return true;
}

/* "RCPT <a@b>: reason", "after DATA: reason", "by local_scan(): reason". */
static void exim_verdict(struct log_event *e, struct text m, bool temporary)
{
    struct text address, rest = m;
    bool recipient = log_scan_eat(&rest, TEXT("RCPT ")),
         sender = !recipient && log_scan_eat(&rest, TEXT("MAIL "));
    e->kind = LOG_REFUSAL;
    if (recipient || sender) {
        if (!log_scan_bracketed(&rest, &address)) {
            address = text_of(rest.p, log_scan_find(rest, 0, TEXT(": ")));
            rest = text_skip(rest, address.n);
        }
        log_event_address(e, recipient, address);
        m = rest;
    }
    size_t colon = log_scan_find(m, 0, TEXT(": "));
    log_event_reason(e, colon < m.n ? text_skip(m, colon + 2) : m);
    e->temporary = temporary;
}

/* What else Exim begins a line with, where there is no host and program to know it by. */
static bool is_exim_word(struct text m)
{
    static const char *const words[] = {
        "Start queue run",   "End queue run", "exim ",    "no host name found",
        "no IP address",     "SMTP ",         "TLS ",     "unexpected disconnection",
        "Connection from [", "refused ",      "DKIM: ",   "rejected ",
        "Warning: ",         "cwd=",          "Process ", "daemon: ",
        "list matching",     "auth_",         "login_",   "plain_"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_starts_nocase(m, text_z(words[i])))
            return true;
    return false;
}

void log_exim_read(struct log_event *e, struct text m, bool words)
{
    struct log_stamp ignored;
    struct text rest, token;
    log_time_take(&m, &ignored); /* Exim's own stamp behind that of syslog */
    if (m.n && m.p[0] == '[')    /* the process */
        log_scan_token(&m);
    rest = m;
    token = log_scan_token(&rest);
    if (is_exim_id(token)) {
        e->id = token;
        m = rest;
    }
    if (log_scan_eat(&m, TEXT("gatepost: "))) {
        log_gatepost_read(e, m);
        return;
    }
    bool host = log_scan_eat(&m, TEXT("H="));
    if (!host && !e->id.n && !(words && is_exim_word(m)))
        return;
    e->program = LOG_EXIM;
    e->kind = LOG_OTHER;
    if (log_scan_eat(&m, TEXT("rejected EHLO from ")) || log_scan_eat(&m, TEXT("rejected HELO from "))) {
        log_scan_eat(&m, TEXT("H="));
        e->kind = LOG_REFUSAL;
        e->has_client = take_host(&m, &e->client);
        log_event_reason(e, TEXT("invalid HELO"));
        return;
    }
    if (!host)
        return;
    struct text whole = m;
    e->has_client = take_host(&m, &e->client);
    if (!e->has_client) { /* it can be told that something was refused, and no more */
        bool refused = log_scan_find(whole, 0, TEXT("rejected ")) < whole.n;
        e->kind = refused ? LOG_REFUSAL : LOG_OTHER;
        return;
    }
    log_scan_blanks(&m);
    while (take_exim_field(e, &m))
        continue;
    bool temporary = log_scan_eat(&m, TEXT("temporarily "));
    if (log_scan_eat(&m, TEXT("rejected ")))
        exim_verdict(e, m, temporary);
}
