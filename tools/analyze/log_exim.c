/*
 * What Exim writes, in its own files or through syslog. The forms are those of smtp_in.c, receive.c, daemon.c
 * and acl.c of Exim 4, with the names that their log lines have in the table below.
 *
 * A host is written "name (helo) [192.0.2.1]:25"; every part but the address may be missing. Between host and
 * verdict there are fields, KEY=value or a flag, chosen by log_selector. They depend on the version, so an
 * unknown word is skipped. The HELO name, the values of SNI, DN, U and A, addresses and quoted commands are
 * chosen by the client.
 */
#include "log_servers.h"

#include "log_scan.h"

enum { WORDS_MOST = 24 /* fields between host and verdict */, KEY_LONGEST = 12 };

/* The id of a message: 6-6-2, since 4.97 6-11-4 characters. */
static bool is_exim_id(struct text t)
{
    size_t middle = t.n == 16 ? 6 : t.n == 23 ? 11 : 0;
    for (size_t i = 0; i < t.n; i++)
        if (i == 6 || i == 7 + middle ? t.p[i] != '-' : !is_alnum((unsigned char)t.p[i]))
            return false;
    return middle != 0;
}

static bool starts_with_one_of(struct text m, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (m.n && m.p[0] == words[i][0] && text_starts_nocase(m, text_z(words[i])))
            return true;
    return false;
}

#define STARTS_WITH(m, words) starts_with_one_of(m, words, sizeof(words) / sizeof *(words))

/*
 * Hosts
 */

/* Reads a host whose HELO name is the last ")" before its address. If the client's text makes a second such
 * place in the line, the client counts as unknown. */
static bool take_host(struct text *m, struct ip *client)
{
    struct text rest = *m;
    struct ip ip;
    unsigned found = 0;
    if (rest.n && rest.p[0] != '(' && rest.p[0] != '[') {
        struct text name = log_scan_token(&rest);
        if (name.n && name.p[name.n - 1] == ']') /* Exim does not write "name[192.0.2.1]" */
            return false;
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
        if (!log_scan_peer(&candidate, &ip) || (found && ip_eq(&ip, client)))
            continue;
        if (found++ == 0) {
            *client = ip;
            *m = candidate;
        }
    }
    return found == 1;
}

/* Finds the host in M, after MARK. It is known if all places where a host can be read name the same client.
 * *BEFORE is the text before it, *M the text after it. */
static bool find_host(struct text *m, struct text mark, struct ip *client, struct text *before)
{
    bool found = false, clear = true;
    struct text rest = *m;
    struct ip ip;
    for (size_t i = log_scan_find(*m, 0, mark); i < m->n; i = log_scan_find(*m, i + 1, mark)) {
        struct text candidate = text_skip(*m, i + mark.n);
        log_scan_blanks(&candidate);
        bool host = log_scan_eat(&candidate, TEXT("H=")) || text_ends_nocase(mark, TEXT(" from "));
        if (!take_host(&candidate, &ip)) {
            clear = clear && !host;
            continue;
        }
        clear = clear && (!found || ip_eq(&ip, client));
        if (!found) {
            *before = text_of(m->p, i);
            *client = ip;
            rest = candidate;
        }
        found = true;
    }
    *m = rest;
    return found && clear;
}

/*
 * Lines that begin with the host
 */

/* The beginnings of messages that are about a host and refuse nothing. */
static const char *const harmless[] = {
    "sender verify ", "Warning: ",  "incomplete transaction", "closed ", "lost ",
    "Connection ",    "SMTP error", "Remote host ",           "=> ",     "<= "};

struct exim_fields {
    struct text sender;
    unsigned senders; /* more than one: the client made one of them up */
};

/* Takes one field or flag, known or not. */
static void take_field(struct text *m, struct exim_fields *f)
{
    size_t n = 0;
    struct text rest, value;
    while (n < m->n && n < KEY_LONGEST && (is_alnum((unsigned char)m->p[n]) || m->p[n] == '_'))
        n++;
    bool has_value = n && n < m->n && m->p[n] == '=';
    rest = text_skip(*m, has_value ? n + 1 : 0);
    if (has_value && text_eq(text_of(m->p, n), TEXT("F"))) {
        if (!log_scan_bracketed(&rest, &value))
            value = log_scan_token(&rest);
        if (f->senders++ == 0)
            f->sender = value;
    } else if (has_value && log_scan_eat(&rest, TEXT("\""))) {
        size_t end = 0;
        while (end < rest.n && rest.p[end] != '"')
            end += rest.p[end] == '\\' ? 2 : 1;
        rest = text_skip(rest, end < rest.n ? end + 1 : 0);
    } else {
        log_scan_token(&rest);
    }
    log_scan_blanks(&rest);
    *m = rest;
}

static bool take_verdict(struct text *m, bool *temporary)
{
    struct text rest = *m;
    *temporary = log_scan_eat(&rest, TEXT("temporarily "));
    if (!log_scan_eat(&rest, TEXT("rejected ")) && (*temporary || !log_scan_eat(&rest, TEXT("dropped by "))))
        return false;
    *m = rest;
    return true;
}

/* Finds the verdict after the fields. Returns 1, 0 if the line refuses nothing, -1 if there is none. */
static int find_verdict(struct text *m, struct exim_fields *f, bool *temporary)
{
    log_scan_blanks(m);
    for (unsigned words = 0; m->n && words < WORDS_MOST; words++) {
        if (take_verdict(m, temporary))
            return 1;
        if (STARTS_WITH(*m, harmless))
            return 0;
        take_field(m, f);
    }
    return -1;
}

/* "RCPT <a@b>: reason", "after DATA: reason", "by local_scan(): reason". */
static void set_verdict(struct log_event *e, struct text m, bool temporary, bool clear)
{
    struct text address, rest = m;
    bool recipient = log_scan_eat(&rest, TEXT("RCPT ")),
         sender = !recipient && log_scan_eat(&rest, TEXT("MAIL "));
    if (recipient || sender) {
        if (!log_scan_bracketed(&rest, &address)) {
            address = text_of(rest.p, log_scan_find(rest, 0, TEXT(": ")));
            rest = text_skip(rest, address.n);
        }
        if (clear)
            log_event_address(e, recipient, address);
        m = rest;
    }
    size_t colon = log_scan_find(m, 0, TEXT(": "));
    log_event_reason(e, colon < m.n ? text_skip(m, colon + 2) : m);
    e->temporary = temporary;
}

/* Whether M, the text after a verdict, has another verdict: then the client wrote one of them. */
static bool is_ambiguous(struct text m)
{
    return log_scan_find(m, 0, TEXT(" rejected RCPT ")) < m.n;
}

static bool says_refused(struct text m)
{
    static const char *const words[] = {"rejected ", "refused ", "dropped by "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (log_scan_find(m, 0, text_z(words[i])) < m.n)
            return true;
    return false;
}

/* Something was refused, and nothing more is certain. */
static void refuse_somebody(struct log_event *e)
{
    e->kind = LOG_REFUSAL;
    e->has_client = false;
    e->reason = TEXT("");
}

/* The message begins with "H=" or, for a local client, "U=": M is what follows. */
static void read_host_first(struct log_event *e, struct text m, bool local)
{
    struct exim_fields fields = {.senders = 0};
    struct text whole = m;
    bool temporary = false;
    if (!local)
        e->has_client = take_host(&m, &e->client);
    else
        log_scan_token(&m);
    if (!local && !e->has_client) {
        if (says_refused(whole) && log_scan_find(whole, 0, TEXT("sender verify ")) == whole.n)
            refuse_somebody(e);
        return;
    }
    int found = find_verdict(&m, &fields, &temporary);
    if (found < 0 && says_refused(whole)) {
        refuse_somebody(e);
        return;
    }
    if (found <= 0)
        return;
    bool clear = !is_ambiguous(m);
    e->kind = LOG_REFUSAL;
    if (fields.senders == 1 && clear)
        log_event_address(e, false, fields.sender);
    set_verdict(e, m, temporary, clear);
}

/*
 * Lines that begin otherwise
 */

enum exim_outcome { FINAL, TEMPORARY, BUSY };

/* Where the host is: right here, or after the words that end the client's text. */
static const struct exim_form {
    const char *start;
    const char *mark;   /* NULL: the host is right here; "": there is none */
    const char *needed; /* must follow somewhere, or the line is no refusal */
    enum exim_outcome outcome;
    const char *reason; /* NULL: what follows the host */
} forms[] = {
    {"rejected MAIL command ", NULL, NULL, FINAL, "too many messages in one connection"},
    {"rejected MAIL FROM:<", "> ", NULL, FINAL, NULL},
    {"rejected from <", ">", NULL, FINAL, NULL},
    {"rejected connection from ", NULL, NULL, FINAL, "connection rejected"},
    {"rejected EHLO from ", NULL, NULL, FINAL, "invalid HELO"},
    {"rejected HELO from ", NULL, NULL, FINAL, "invalid HELO"},
    {"rejected MAIL from ", NULL, NULL, FINAL, "no HELO/EHLO given"},
    {"rejected XCLIENT from ", NULL, NULL, FINAL, "XCLIENT rejected"},
    {"rejected \"", "\" from ", NULL, FINAL, "HELO rejected"},
    {"temporarily rejected \"", "\" from ", NULL, TEMPORARY, "HELO rejected"},
    {"unqualified sender rejected: <", "> ", NULL, FINAL, "unqualified sender"},
    {"unqualified recipient rejected: <", "> ", NULL, FINAL, "unqualified recipient"},
    {"unqualified verify rejected: <", "> ", NULL, FINAL, "unqualified address"},
    {"SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from ",
     NULL, NULL, FINAL, "input sent without waiting for greeting"},
    {"SMTP protocol synchronization error ", "\" ", "rejected ", FINAL, "synchronization error"},
    {"SMTP protocol violation: synchronization error (input sent without waiting for greeting): rejected "
     "connection from ",
     NULL, NULL, FINAL, "input sent without waiting for greeting"},
    {"SMTP protocol violation: synchronization error ", "\" ", "rejected ", FINAL, "synchronization error"},
    {"SMTP call from ", NULL, " dropped: too many ", FINAL, "too many errors"},
    {"too many recipients: message rejected: sender=<", "> ", NULL, FINAL, "too many recipients"},
    {"too many recipients: excess temporarily rejected: sender=<", "> ", NULL, TEMPORARY,
     "too many recipients"},
    {"too many recipients: excess rejected: sender=<", "> ", NULL, FINAL, "too many recipients"},
    {"refused connection from ", NULL, NULL, FINAL, "connection refused"},
    {"temporarily refused connection from ", NULL, NULL, BUSY, "server busy"},
    {"Connection from ", NULL, " refused: ", BUSY, "server busy"},
    {"connection from ", NULL, " refused (IP options)", FINAL, "IP options"},
    {"ridiculously long message header received from ", NULL, "message abandoned", FINAL, "header too long"},
    {"overlong message header line received from ", NULL, "message abandoned", FINAL, "header too long"},
    {"VRFY failed for ", " ", NULL, FINAL, "VRFY failed"},
    {"refused relay ", " ", NULL, FINAL, "relay not permitted"},
    {"recipients refused from ", NULL, NULL, FINAL, "recipients refused"},
    {"verify failed for SMTP recipient ", " ", NULL, FINAL, "recipient verification failed"},
    {"local_scan() function ", "", "temporarily rejected", TEMPORARY, "local_scan() failed"},
};

/* The message of such a form, by the table. Returns whether it was one. */
static bool read_form(struct log_event *e, struct text m)
{
    struct text before = TEXT("");
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct exim_form *f = &forms[i];
        struct text rest = m;
        if (!log_scan_eat_z(&rest, f->start))
            continue;
        if (f->needed && log_scan_find(rest, 0, text_z(f->needed)) == rest.n)
            continue;
        e->kind = LOG_REFUSAL;
        if (!f->mark) {
            log_scan_eat(&rest, TEXT("H="));
            e->has_client = take_host(&rest, &e->client);
        } else if (f->mark[0]) {
            e->has_client = find_host(&rest, text_z(f->mark), &e->client, &before);
        }
        log_scan_eat(&rest, TEXT(": "));
        log_event_reason(e,
                         f->reason ? text_z(f->reason) : text_of(rest.p, log_scan_find(rest, 0, TEXT(": "))));
        e->temporary = f->outcome != FINAL;
        e->busy = f->outcome == BUSY;
        return true;
    }
    return false;
}

/* "F=a@b H=(x) [192.0.2.1] P=esmtp rejected by local_scan(): reason": the sender is bare and comes from the
 * client. */
static void read_local_scan(struct log_event *e, struct text m)
{
    struct exim_fields ignored = {.senders = 0};
    struct text rest = m, sender = TEXT("");
    bool temporary;
    e->has_client = find_host(&rest, TEXT(" H="), &e->client, &sender);
    if (e->has_client && text_ends_nocase(sender, TEXT(" DS")))
        sender.n -= 3;
    if (!e->has_client || find_verdict(&rest, &ignored, &temporary) != 1) {
        refuse_somebody(e);
        e->temporary = log_scan_find(m, 0, TEXT(" temporarily rejected ")) < m.n;
        return;
    }
    e->kind = LOG_REFUSAL;
    log_event_address(e, false, text_eq(sender, TEXT("<>")) ? TEXT("") : sender);
    set_verdict(e, rest, temporary, true);
}

/* What follows the id of a message that is on its way: arrivals, deliveries, the end. */
static const char *const deliveries[] = {"=> ", "-> ", "** ", "== ", ">> ", "*> "};
static const char *const flags[] = {"<= ", "=> ", "-> ", ">> ",       "*> ",
                                    "** ", "== ", "<> ", "Completed", "SA: "};

/* "=> user <user@example.com> R=...": a recipient that had been accepted. */
static void read_delivery(struct log_event *e, struct text m)
{
    m = text_skip(m, 3);
    size_t router = log_scan_find(m, 0, TEXT(" R="));
    e->accepted = text_of(m.p, router < m.n ? router : text_find(m, 0, ' '));
}

/* "<= a@b H=x [192.0.2.1] U=u P=esmtpsa A=plain:u ... for c@d e@f": an arrival, from inside if there is no host, or
 * the client logged in. */
static void read_arrival(struct log_event *e, struct text m)
{
    struct ip client;
    struct text rest = text_skip(m, 3), before = TEXT(""), sender = log_scan_token(&rest);
    size_t last = log_scan_find_last(rest, TEXT(" for "));
    if (last < rest.n)
        e->accepted = text_skip(rest, last + 5);
    bool host = log_scan_find(rest, 0, TEXT("H=")) < rest.n;
    struct text copy = rest;
    bool known = log_scan_eat(&copy, TEXT("H=")) ? take_host(&copy, &client)
                                                 : find_host(&copy, TEXT(" H="), &client, &before);
    if (!host || log_scan_find(rest, 0, TEXT(" A=")) < rest.n || (known && log_event_is_inside(&client)))
        e->insider = sender;
}

/* Other beginnings of Exim's messages, for lines without host and program. */
static bool is_exim_word(struct text m)
{
    static const char *const words[] = {
        "Start queue run", "End queue run", "exim ",    "no host name found",
        "no IP address",   "SMTP ",         "TLS ",     "unexpected disconnection",
        "DKIM: ",          "rejected ",     "cwd=",     "Process ",
        "daemon: ",        "list matching", "auth_",    "login_",
        "Warning: ",       "plain_",        "no MAIL ", "temporarily "};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (m.n && m.p[0] == forms[i].start[0] && text_starts_nocase(m, text_z(forms[i].start)))
            return true;
    return STARTS_WITH(m, words);
}

/* Reads Exim's own stamp after that of syslog, the process, and the id. Returns false for the later pieces
 * of a line that was too long for syslog ("[2/3]"): the client could choose where they begin. */
static bool take_front(struct log_event *e, struct text *m)
{
    struct log_stamp ignored;
    struct text rest;
    log_time_take(m, &ignored);
    while (m->n && m->p[0] == '[') {
        struct text process = log_scan_token(m);
        size_t slash = text_find(process, 0, '/'), backslash = text_find(process, 0, '\\');
        slash = slash < backslash ? slash : backslash;
        if (slash < process.n && !text_eq(text_of(process.p, slash), TEXT("[1")))
            return false;
    }
    rest = *m;
    struct text token = log_scan_token(&rest);
    if (is_exim_id(token)) {
        e->id = token;
        *m = rest;
    }
    log_scan_blanks(m);
    return true;
}

void log_exim_read(struct log_event *e, struct text m, bool words)
{
    if (!take_front(e, &m)) {
        e->kind = words ? LOG_OTHER : LOG_UNKNOWN;
        return;
    }
    if (log_scan_eat(&m, TEXT("gatepost: "))) {
        log_gatepost_read(e, m);
        return;
    }
    struct text rest = m;
    if (log_scan_eat(&rest, TEXT("DS")))
        log_scan_blanks(&rest);
    bool host = log_scan_eat(&rest, TEXT("H="));
    bool local = !host && e->id.n + words && log_scan_eat(&rest, TEXT("U="));
    if (!host && !e->id.n && !(words && is_exim_word(m)) && !text_starts_nocase(m, TEXT("F=<")))
        return;
    e->program = LOG_EXIM;
    e->kind = LOG_OTHER;
    if (host || local)
        read_host_first(e, rest, local);
    else if (e->traffic && text_starts_nocase(m, TEXT("<= ")))
        read_arrival(e, m);
    else if (e->traffic && STARTS_WITH(m, deliveries))
        read_delivery(e, m);
    else if (STARTS_WITH(m, flags) || read_form(e, m))
        return;
    else if (log_scan_find(m, 0, TEXT("rejected by local_scan()")) < m.n && log_scan_eat(&m, TEXT("F=")))
        read_local_scan(e, m);
    else if (text_starts_nocase(m, TEXT("F=<")) && says_refused(m))
        refuse_somebody(e);
}
