#include "log_line.h"

#include "log_scan.h"
#include "log_servers.h"

/*
 * Programs
 */

enum { WORDS_BEFORE_PROGRAM = 6, PROGRAM_LONGEST = 64 };

/* Which server's a program is: by its name, as syslog has it. Returns false if it is none that is known. */
static bool is_program(struct text name, enum log_program *program)
{
    if (name.n < 3 || name.n > PROGRAM_LONGEST)
        return false;
    if (text_starts_nocase(name, TEXT("postfix")) || text_ends_nocase(name, TEXT("/smtpd")) ||
        text_ends_nocase(name, TEXT("/cleanup")) || text_ends_nocase(name, TEXT("/postscreen")))
        *program = LOG_POSTFIX;
    else if (text_starts_nocase(name, TEXT("sm-")) || text_starts_nocase(name, TEXT("sendmail")) ||
             text_ends_nocase(name, TEXT("sendmail")) || text_ends_nocase(name, TEXT("mta")))
        *program = LOG_SENDMAIL;
    else if (text_starts_nocase(name, TEXT("exim")))
        *program = LOG_EXIM;
    else if (text_eq(name, TEXT("gatepost")) || text_eq(name, TEXT("gatepost-milter")))
        *program = LOG_GATEPOST;
    else
        return false;
    return true;
}

/* How a word that may name a program ends. */
enum word_end {
    WORD_OPEN /* it may be a host */,
    WORD_BRACKETED /* "[postfix/smtpd]" of metalog */,
    WORD_CLOSED
};

/* The program in "postfix/smtpd[77]:", "exim:". WORD_CLOSED: it ends what syslog writes, whatever the name. */
static struct text program_name(struct text word, enum word_end *end)
{
    bool colon = word.n && word.p[word.n - 1] == ':';
    word.n -= colon;
    if (word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']' && !is_digit((unsigned char)word.p[1])) {
        *end = colon ? WORD_CLOSED : WORD_BRACKETED;
        return text_of(word.p + 1, word.n - 2);
    }
    size_t open = text_find(word, 0, '[');
    *end = colon || (open && open < word.n) ? WORD_CLOSED : WORD_OPEN;
    return text_of(word.p, open ? open : word.n);
}

/* Finds the program in front of a message. Words between it and the stamp are read over: the host, facility and
 * level of BusyBox and AIX, a second stamp of a relay. The first word with a colon is the program: nothing after
 * it was written by syslog. Returns false if it is none of ours; *M is then what it says. */
static bool take_program(struct text *m, enum log_program *program, struct log_event *e)
{
    for (unsigned i = 0; i < WORDS_BEFORE_PROGRAM && m->n; i++) {
        struct text rest = *m;
        struct log_stamp stamp;
        enum word_end end;
        if (i && rest.n > 15 && (is_digit((unsigned char)rest.p[0]) || rest.p[3] == ' ') &&
            log_time_take(&rest, &stamp)) {
            e->stamp = stamp;
            *m = rest;
            continue;
        }
        if (rest.p[0] == 'M' && log_scan_eat(&rest, TEXT("Message forwarded from "))) { /* AIX */
            *m = text_skip(rest, text_find(rest, 0, ':') + 1);
            log_scan_blanks(m);
            continue;
        }
        struct text name = program_name(log_scan_token(&rest), &end);
        bool known = is_program(name, program);
        log_scan_blanks(&rest);
        if (known && log_scan_eat(&rest, TEXT(":"))) {
            log_scan_blanks(&rest);
            end = WORD_CLOSED;
        }
        *m = rest;
        if (known && (end != WORD_OPEN || i == 1))
            return true;
        if (end == WORD_CLOSED)
            return false;
    }
    return false;
}

static bool is_level(struct text t)
{
    static const char *const levels[] = {"emerg",   "alert", "crit",   "err",  "error",
                                         "warning", "warn",  "notice", "info", "debug"};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (t.n && t.p[0] == levels[i][0] && text_eq(t, text_z(levels[i])))
            return true;
    return false;
}

/* Whether T can begin with a decoration; almost no message does, and this is cheap. */
static bool may_be_decorated(struct text t)
{
    if (!t.n || strchr("[<(\xEF", t.p[0]))
        return true;
    size_t n = 0;
    while (n < t.n && n < 16 && ((t.p[n] >= 'a' && t.p[n] <= 'z') || is_digit((unsigned char)t.p[n])))
        n++;
    return n && n < t.n && n < 16 && strchr(".: ", t.p[n]);
}

/* "mail.info", "mail:info", "info", in brackets or without, "[ID 197553 mail.info]" of Solaris. */
static bool is_decoration(struct text t)
{
    if (t.n > 2 && strchr("[<(", t.p[0]))
        t = text_of(t.p + 1, t.n - 2);
    size_t dot = 0;
    while (dot < t.n && (is_alnum((unsigned char)t.p[dot])))
        dot++;
    if (dot < t.n && strchr(".:", t.p[dot]))
        t = text_skip(t, dot + 1);
    return is_level(t);
}

/* What syslog daemons put between program and message, and round a message that came several times. */
static void skip_decoration(struct text *m, struct log_event *e)
{
    while (may_be_decorated(*m)) {
        struct text rest = *m, word;
        unsigned times = 0;
        log_scan_eat(&rest, TEXT("\xEF\xBB\xBF"));
        if (log_scan_eat(&rest, TEXT("message repeated "))) { /* rsyslog: "message repeated 2 times: [ text]" */
            word = log_scan_token(&rest);
            if (log_scan_digits(&word, word.n, &times) && log_scan_eat(&rest, TEXT("times: [ "))) {
                e->times = times < LOG_TIMES_MAX ? times : LOG_TIMES_MAX;
                rest.n -= rest.n && rest.p[rest.n - 1] == ']';
                *m = rest;
            }
            return;
        }
        if (log_scan_eat(&rest, TEXT("[ID "))) {
            *m = text_skip(rest, text_find(rest, 0, ']') + 1);
        } else {
            word = log_scan_token(&rest);
            if (!is_decoration(word))
                return;
            *m = rest;
        }
        log_scan_blanks(m);
    }
}

static void by_program(struct log_event *e, enum log_program program, struct text m)
{
    skip_decoration(&m, e);
    if (log_scan_eat(&m, TEXT("gatepost: ")) || program == LOG_GATEPOST) {
        log_gatepost_read(e, m);
    } else if (program == LOG_POSTFIX) {
        log_postfix_read(e, m);
    } else if (program == LOG_SENDMAIL) {
        log_sendmail_read(e, m);
    } else {
        log_exim_read(e, m, true);
        e->program = e->kind == LOG_UNKNOWN ? LOG_EXIM : e->program;
        e->kind = e->kind == LOG_UNKNOWN ? LOG_OTHER : e->kind;
    }
}

/* A message whose program is not shown (`journalctl -o cat`): by its first words. */
static void by_words(struct log_event *e, struct text m)
{
    static const char *const postfix[] = {"reject: ", "milter-reject: ", "proxy-reject: "};
    static const char *const sendmail[] = {"ruleset=", "Milter: ", "<",
                                           "from=<",   "to=<",     "rejecting commands "};
    struct text rest = m;
    if (log_scan_eat(&rest, TEXT("gatepost: "))) {
        log_gatepost_read(e, rest);
        return;
    }
    log_exim_read(e, m, true);
    if (e->kind != LOG_UNKNOWN)
        return;
    log_event_take_id(e, &rest);
    for (size_t i = 0; i < sizeof postfix / sizeof *postfix; i++)
        if (text_starts_nocase(rest, text_z(postfix[i]))) {
            log_postfix_read(e, m);
            return;
        }
    for (size_t i = 0; e->id.n && i < sizeof sendmail / sizeof *sendmail; i++)
        if (text_starts_nocase(rest, text_z(sendmail[i]))) {
            log_sendmail_read(e, m);
            return;
        }
}

/* RFC 5424 section 6, after "<22>1 " and the stamp: host, program, process, message id, data. */
static void structured(struct log_event *e, struct text m)
{
    enum log_program program;
    log_scan_token(&m);
    struct text name = log_scan_token(&m);
    log_scan_token(&m);
    log_scan_token(&m);
    if (!log_scan_eat(&m, TEXT("-")))
        while (m.n && m.p[0] == '[') {
            size_t i = 1;
            for (bool quoted = false; i < m.n && (quoted || m.p[i] != ']'); i++) {
                if (m.p[i] == '\\')
                    i++;
                else if (m.p[i] == '"')
                    quoted = !quoted;
            }
            m = text_skip(m, i + 1);
        }
    log_scan_blanks(&m);
    log_scan_eat(&m, TEXT("\xEF\xBB\xBF"));
    if (is_program(name, &program) || (text_eq(name, TEXT("-")) && take_program(&m, &program, e)))
        by_program(e, program, m);
    else if (log_scan_eat(&m, TEXT("gatepost: ")))
        log_gatepost_read(e, m);
}

/* The fields in front of the entry that Exim's reject log shows below a refused message. */
static bool exim_envelope(struct log_event *e, struct text line)
{
    struct text address;
    bool recipient = log_scan_eat(&line, TEXT("Envelope-to: "));
    if ((!recipient && !log_scan_eat(&line, TEXT("Envelope-from: "))) || !log_scan_bracketed(&line, &address))
        return false;
    e->kind = LOG_PART;
    e->program = LOG_EXIM;
    log_event_address(e, recipient, address);
    return true;
}

/*
 * Stamps
 */

/* "<22>", and "<22>1 " of RFC 5424, where the length of the frame may come before it (RFC 6587). */
static bool take_priority(struct text *m, bool *is_structured)
{
    struct text rest = *m;
    unsigned number;
    while (rest.n && is_digit((unsigned char)rest.p[0]))
        rest = text_skip(rest, 1);
    if (rest.n < m->n && !log_scan_eat(&rest, TEXT(" ")))
        return true;
    if (!log_scan_eat(&rest, TEXT("<")))
        return true;
    size_t digits = 0;
    while (digits < rest.n && digits < 3 && is_digit((unsigned char)rest.p[digits]))
        digits++;
    if (!log_scan_digits(&rest, digits, &number) || !log_scan_eat(&rest, TEXT(">")))
        return false;
    *is_structured = log_scan_eat(&rest, TEXT("1 "));
    *m = rest;
    return true;
}

/* What comes before a stamp in the output of grep ("mail.log:"), docker compose ("mail-1  | "), kubectl
 * ("[pod/mail-0/postfix] "). */
static bool skip_source(struct text *m)
{
    struct text rest = *m;
    if (log_scan_eat(&rest, TEXT("[pod/"))) {
        *m = text_skip(rest, text_find(rest, 0, ' ') + 1);
        return true;
    }
    log_scan_token(&rest);
    log_scan_blanks(&rest);
    if (log_scan_eat(&rest, TEXT("| "))) {
        *m = rest;
        return true;
    }
    size_t colon = text_find(*m, 0, ':');
    if (colon == m->n || text_find(text_of(m->p, colon), 0, ' ') < colon)
        return false;
    *m = text_skip(*m, colon + 1);
    return true;
}

/* Takes the stamp, with what syslog puts before it on its way or, unless `bare`, another program. */
static bool take_stamp(struct log_event *e, struct text *m, bool bare, bool *is_structured)
{
    if (!take_priority(m, is_structured))
        return false;
    if (log_time_take(m, &e->stamp))
        return true;
    if (bare || *is_structured || !skip_source(m))
        return false;
    e->line = *m;
    return log_time_take(m, &e->stamp);
}

/* "stdout F " of Kubernetes and containerd; P is a piece that the next line goes on with. */
static void take_stream(struct log_event *e, struct text *m)
{
    struct text rest = *m;
    bool error = log_scan_eat(&rest, TEXT("stderr "));
    if (!error && !log_scan_eat(&rest, TEXT("stdout ")))
        return;
    bool part = log_scan_eat(&rest, TEXT("P "));
    if (!part && !log_scan_eat(&rest, TEXT("F ")))
        return;
    e->stream = error ? 2 : 1;
    e->partial = part;
    *m = rest;
}

/* "Mar 21 09:18:51 mx last message repeated 2 times". */
static bool is_repetition(struct log_event *e, struct text m)
{
    unsigned times;
    size_t at = log_scan_find(m, 0, TEXT("last message repeated "));
    if (at == m.n || at > LOG_SCAN_NAME_MAX || log_scan_find(m, 0, TEXT(": ")) < at)
        return false;
    m = text_skip(m, at + 22);
    struct text word = log_scan_token(&m);
    if (!log_scan_digits(&word, word.n, &times) || !text_starts_nocase(m, TEXT("time")))
        return false;
    e->kind = LOG_REPEATED;
    e->times = times < LOG_TIMES_MAX ? times : LOG_TIMES_MAX;
    return true;
}

static void read_message(struct log_event *e, struct text m)
{
    struct log_stamp second;
    enum log_program program;
    take_stream(e, &m);
    if (log_time_take(&m, &second)) /* a container's log round the server's own */
        e->stamp = second;
    log_exim_read(e, m, false); /* its own files have no host and program */
    if (e->kind != LOG_UNKNOWN)
        return;
    struct text rest = m;
    log_scan_blanks(&rest);
    if (take_program(&rest, &program, e))
        by_program(e, program, rest);
    else if (log_scan_eat(&rest, TEXT("gatepost: ")))
        log_gatepost_read(e, rest);
    else if (e->stamp.year && !is_repetition(e, m))
        log_exim_read(e, m, true);
    else
        is_repetition(e, m);
}

void log_line_read(struct text line, enum log_context context, struct log_event *e)
{
    struct text m = line;
    enum log_program program;
    bool is_structured = false, bare = context == LOG_BELOW_ENTRY;
    e->kind = bare ? LOG_OTHER : LOG_UNKNOWN;
    e->has_stamp = e->has_client = e->has_sender = e->has_recipient = e->temporary = e->busy = e->partial =
        e->inside = false;
    e->id = e->name = e->sender = e->recipient = e->reason = e->own = TEXT("");
    e->accepted = e->insider = TEXT("");
    e->stream = 0;
    e->times = 1;
    e->used = 0;
    while (context == LOG_STAMPED && (log_scan_gap(&m) || log_scan_eat(&m, TEXT(">"))))
        continue;
    e->line = m;
    if (exim_envelope(e, line) || (!bare && log_mercury_read(e, m)))
        return;
    if (take_stamp(e, &m, bare, &is_structured)) {
        e->has_stamp = true;
        e->kind = LOG_UNKNOWN;
        if (is_structured)
            structured(e, m);
        else
            read_message(e, m);
    } else if (context == LOG_UNSTAMPED) {
        m = line;
        if (m.n && m.p[0] == '[' && m.n > 1 &&
            m.p[1] == ' ') /* "[   12.345678] " of journalctl -o short-monotonic */
            m = text_skip(m, text_find(m, 0, ']') + 2);
        struct text rest = m;
        e->line = line;
        if (take_program(&rest, &program, e))
            by_program(e, program, rest);
        else
            by_words(e, m);
    }
}
