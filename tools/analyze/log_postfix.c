/*
 * What Postfix writes after stamp, host and program. The forms are those of smtpd.c, smtpd_check.c, cleanup_message.c,
 * cleanup_milter.c and postscreen:
 *
 *   ID: reject: RCPT from NAME[ADDRESS]: REPLY; from=<..> to=<..> proto=.. helo=<..>     smtpd, postscreen
 *   ID: milter-reject: END-OF-MESSAGE from NAME[ADDRESS]: REPLY; from=..                  smtpd, cleanup
 *   ID: proxy-reject: END-OF-MESSAGE: REPLY; from=..                                      smtpd: without a client
 *   ID: reject: header Subject: .. from NAME[ADDRESS]; from=<..> .. helo=<..>: TEXT       cleanup: header, body, mime
 *   reject: connect from [ADDRESS]:PORT: TEXT                                             postscreen: no room
 *   and the lines of the table `others`.
 *
 * smtpd and postscreen write the reply code of every final refusal; without one it was the server that had no
 * room, or the code is not shown. What a header says, addresses and the HELO name are the client's words.
 */
#include "log_servers.h"

#include "log_scan.h"

/* "from=<a@b> to=<c@d> proto=...", from postscreen with commas. Returns the text after it. */
static struct text take_envelope(struct log_event *e, struct text m)
{
    struct text address;
    log_scan_blanks(&m);
    log_scan_eat(&m, TEXT("from="));
    if (!log_scan_bracketed(&m, &address))
        return m;
    log_event_address(e, false, address);
    log_scan_eat(&m, TEXT(","));
    if (log_scan_eat(&m, TEXT(" to=")) && log_scan_bracketed(&m, &address))
        log_event_address(e, true, address);
    return m;
}

/* "header Subject: ... from name[192.0.2.1]; from=<a@b> to=<c@d> proto=ESMTP helo=<x>: 5.7.1 text". The
 * header comes from the client, and so does the name after helo=. */
static void read_content(struct log_event *e, struct text m)
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
    struct text rest = take_envelope(e, envelope);
    size_t helo = log_scan_find(rest, 0, TEXT(" helo=")), end;
    rest = text_skip(rest, helo);
    end = log_scan_find(rest, 0, TEXT(">: "));
    if (end < rest.n)
        log_event_reason(e, text_skip(rest, end + 3));
}

/* Whether T is one of Postfix's words for a command or a stage: RCPT, END-OF-MESSAGE, connect. */
static bool is_stage(struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!is_alpha((unsigned char)t.p[i]) && t.p[i] != '-')
            return false;
    return t.n > 0;
}

/* "RCPT from name[192.0.2.1]: 554 5.7.1 text; from=<a@b> to=<c@d> proto=ESMTP helo=<x>", and without a client
 * "END-OF-MESSAGE: 550 text; from=...". */
static void read_reply(struct log_event *e, struct text m)
{
    static const struct text envelope = {"; from=<", 8};
    struct text rest = m;
    size_t n = 0;
    while (n < m.n && n < 48 && m.p[n] != ' ' && m.p[n] != ':')
        n++;
    rest = text_skip(m, n);
    if (!is_stage(text_of(m.p, n)) || !(log_scan_eat(&rest, TEXT(" from ")) || log_scan_eat(&rest, TEXT(":"))))
        return;
    e->kind = LOG_REFUSAL;
    if (m.p[n] == ' ') {
        e->has_client = log_scan_peer(&rest, &e->client);
        if (!e->has_client)
            rest = text_skip(rest, text_find(rest, 0, ' '));
        log_scan_eat(&rest, TEXT(":"));
    }
    size_t at = log_scan_find(rest, 0, envelope), end = log_scan_find(rest, 0, TEXT("; proto="));
    if (at < rest.n && log_scan_find(rest, at + 1, envelope) == rest.n)
        take_envelope(e, text_skip(rest, at + 2));
    end = at < rest.n ? at : end;
    log_event_reason(e, text_of(rest.p, end));
    enum log_code code = log_event_code(e->reason);
    e->temporary = code != LOG_CODE_FINAL;
    e->busy =
        code == LOG_CODE_NONE && (log_scan_find(e->reason, 0, TEXT("ports busy")) < e->reason.n ||
                                  log_scan_find(e->reason, 0, TEXT("too many connections")) < e->reason.n);
}

enum postfix_outcome { FINAL, TEMPORARY };

/* Refusals without "reject:". The client comes after the mark; right after the start if that is NULL;
 * nowhere if it is empty. */
static const struct postfix_form {
    const char *start;
    const char *mark;
    enum postfix_outcome outcome;
    const char *reason;
} others[] = {
    {"too many errors after ", " from ", TEMPORARY, "too many errors"},
    {"COMMAND TIME LIMIT from ", NULL, TEMPORARY, "command time limit"},
    {"COMMAND COUNT LIMIT from ", NULL, TEMPORARY, "command count limit"},
    {"COMMAND LENGTH LIMIT from ", NULL, TEMPORARY, "command length limit"},
    {"warning: Connection concurrency limit exceeded: ", " from ", TEMPORARY, "connection limit"},
    {"warning: Connection rate limit exceeded: ", " from ", TEMPORARY, "connection rate limit"},
    {"warning: Message delivery request rate limit exceeded: ", " from ", TEMPORARY, "message rate limit"},
    {"warning: Recipient address rate limit exceeded: ", " from ", TEMPORARY, "recipient rate limit"},
    {"warning: New TLS session rate limit exceeded: ", " from ", TEMPORARY, "TLS session rate limit"},
    {"warning: AUTH command rate limit exceeded: ", " from ", TEMPORARY, "AUTH rate limit"},
    {"warning: Refusing STARTTLS request from ", NULL, TEMPORARY, "STARTTLS refused"},
    {"warning: Refusing TLS service request from ", NULL, TEMPORARY, "TLS refused"},
    {"warning: Wrapper-mode request dropped from ", NULL, TEMPORARY, "TLS refused"},
    {"warning: Illegal address syntax from ", NULL, FINAL, "illegal address syntax"},
    {"message rejected: hopcount exceeded", "", FINAL, "hopcount exceeded"},
};

static bool read_other(struct log_event *e, struct text m)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const struct postfix_form *f = &others[i];
        struct text rest = m;
        if (!log_scan_eat_z(&rest, f->start))
            continue;
        if (f->mark)
            rest = text_skip(rest, log_scan_find(rest, 0, text_z(f->mark)) + strlen(f->mark));
        e->kind = LOG_REFUSAL;
        e->has_client = (!f->mark || f->mark[0]) && log_scan_peer(&rest, &e->client);
        log_event_reason(e, text_z(f->reason));
        e->temporary = f->outcome == TEMPORARY;
        return true;
    }
    return false;
}

/* "warning: reject: ETRN x... from name[192.0.2.1]": the client ends the line. */
static bool read_etrn(struct log_event *e, struct text m)
{
    if (!log_scan_eat(&m, TEXT("warning: reject: ETRN ")))
        return false;
    m = text_skip(m, log_scan_find_last(m, TEXT(" from ")) + 6);
    e->kind = LOG_REFUSAL;
    e->has_client = log_scan_peer(&m, &e->client) && !m.n;
    log_event_reason(e, TEXT("ETRN rejected"));
    return true;
}

/* Lines that refuse nothing, though they may repeat a header or a reply that says "reject: ". */
static bool is_harmless(struct text m)
{
    static const char *const starts[] = {
        "warning: ",    "info: ",         "hold: ",      "discard: ",    "filter: ",      "redirect: ",
        "prepend: ",    "replace: ",      "strip: ",     "warn: ",       "bcc: ",         "pass: ",
        "delay: ",      "milter-hold: ",  "client=",     "from=",        "to=",           "message-id=",
        "resent-",      "connect from ",  "uid=",        "disconnect ",  "lost connect",  "timeout ",
        "proxy-accept", "milter-discard", "reject_warn", "statistics: ", "removed",       "improper comm",
        "TLS ",         "Anonymous TLS",  "SSL_accept ", "setting up ",  "Untrusted TLS", "Trusted TLS",
        "fatal: ",      "replacing",      "discarding ",
    };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (m.n && m.p[0] == starts[i][0] && text_starts_nocase(m, text_z(starts[i])))
            return true;
    return false;
}

/* "to=<a@b>, orig_to=<c@d>, relay=..., status=sent": whatever happened to it later, the address had been
 * accepted; but "undeliverable" and "deliverable" are probes. "client=name[192.0.2.1], sasl_method=..." and
 * "uid=0 from=<a@b>": from inside; the sender is in "from=<a@b>, size=...", with the same id. */
static void read_traffic(struct log_event *e, struct text m)
{
    struct text rest = m, address;
    struct ip client;
    if (log_scan_eat(&rest, TEXT("to=<"))) {
        size_t status = log_scan_find_last(m, TEXT(", status="));
        if (status < m.n && log_scan_find(text_skip(m, status), 0, TEXT("deliverable")) + status == m.n)
            e->accepted = text_of(m.p, log_scan_find(m, 0, TEXT(", relay=")));
    } else if (log_scan_eat(&rest, TEXT("client="))) {
        e->inside = log_scan_find(rest, 0, TEXT(", sasl_username=")) < rest.n ||
                    (log_scan_peer(&rest, &client) && log_event_is_inside(&client));
    } else if (log_scan_eat(&rest, TEXT("uid="))) {
        e->inside = true;
    } else if (log_scan_eat(&rest, TEXT("from=")) && log_scan_bracketed(&rest, &address) &&
               text_starts_nocase(rest, TEXT(", size="))) {
        e->insider = address; /* if the id says so */
    }
}

void log_postfix_read(struct log_event *e, struct text m)
{
    static const char *const content[] = {"header ", "body ", "mime header ", "nested header ", "mime-error "};
    e->program = LOG_POSTFIX;
    e->kind = LOG_OTHER;
    log_event_take_id(e, &m);
    struct text warning = m;
    if (log_scan_eat(&warning, TEXT("warning: ")) && !e->id.n) {
        log_event_take_id(e, &warning);
        m = e->id.n ? warning : m;
    }
    if (e->traffic && e->id.n && m.n && strchr("tcuf", m.p[0]))
        read_traffic(e, m);
    if (read_other(e, m) || read_etrn(e, m))
        return;
    bool reject = log_scan_eat(&m, TEXT("reject: "));
    if (reject || log_scan_eat(&m, TEXT("milter-reject: ")) || log_scan_eat(&m, TEXT("proxy-reject: "))) {
        for (size_t i = 0; reject && i < sizeof content / sizeof *content; i++)
            if (text_starts_nocase(m, text_z(content[i]))) {
                read_content(e, m);
                return;
            }
        read_reply(e, m);
    } else if (log_scan_find(m, 0, TEXT("reject: ")) < m.n && !is_harmless(m)) {
        e->kind = LOG_REFUSAL; /* unknown words before the message */
        e->temporary = true;
    }
}
