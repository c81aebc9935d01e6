#include "log_line.h"

#include "log_scan.h"
#include "log_servers.h"

/* "program[123]: " in front of a message; the colon may be missing, as may all but the name. */
static struct text take_program(struct text *m)
{
    size_t n = 0;
    while (n < m->n && !is_blank((unsigned char)m->p[n]) && m->p[n] != '[' && m->p[n] != ':')
        n++;
    struct text program = text_of(m->p, n);
    *m = text_skip(*m, n);
    if (m->n && m->p[0] == '[')
        *m = text_skip(*m, text_find(*m, 0, ']') + 1);
    log_scan_eat(m, TEXT(":"));
    log_scan_blanks(m);
    return program;
}

static void through_exim(struct log_event *e, struct text m)
{
    e->program = LOG_EXIM;
    log_exim_read(e, m, true);
    if (e->kind == LOG_UNKNOWN)
        e->kind = LOG_OTHER;
}

static void by_program(struct log_event *e, struct text program, struct text m)
{
    if (log_scan_eat(&m, TEXT("gatepost: ")) || text_eq(program, TEXT("gatepost")))
        log_gatepost_read(e, m);
    else if (text_starts_nocase(program, TEXT("postfix")) || text_ends_nocase(program, TEXT("/smtpd")) ||
             text_ends_nocase(program, TEXT("/cleanup")) || text_ends_nocase(program, TEXT("/postscreen")))
        log_postfix_read(e, m);
    else if (text_starts_nocase(program, TEXT("sm-")) || text_starts_nocase(program, TEXT("sendmail")) ||
             text_ends_nocase(program, TEXT("sendmail")) || text_ends_nocase(program, TEXT("mta")))
        log_sendmail_read(e, m);
    else if (text_starts_nocase(program, TEXT("exim")))
        through_exim(e, m);
}

/* RFC 5424 section 6, behind "<22>1 " and the stamp: host, program, process, message id, data. */
static void structured(struct log_event *e, struct text m)
{
    log_scan_token(&m);
    struct text program = log_scan_token(&m);
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
    by_program(e, program, m);
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

/* Takes the stamp, with what syslog puts before it on its way or, unless `bare`, grep. */
static bool take_stamp(struct log_event *e, struct text *m, bool bare, bool *is_structured)
{
    unsigned number;
    if (log_scan_eat(m, TEXT("<"))) {
        size_t digits = 0;
        while (digits < m->n && digits < 3 && is_digit((unsigned char)m->p[digits]))
            digits++;
        if (!log_scan_digits(m, digits, &number) || !log_scan_eat(m, TEXT(">")))
            return false;
        *is_structured = log_scan_eat(m, TEXT("1 "));
    }
    if (log_time_take(m, &e->stamp))
        return true;
    size_t colon = text_find(*m, 0, ':');
    if (bare || *is_structured || colon == m->n || text_find(text_of(m->p, colon), 0, ' ') < colon)
        return false;
    *m = text_skip(*m, colon + 1);
    e->line = *m;
    return log_time_take(m, &e->stamp);
}

void log_line_read(struct text line, bool bare, struct log_event *e)
{
    struct log_stamp second;
    struct text m = line;
    bool is_structured = false;
    e->kind = bare ? LOG_OTHER : LOG_UNKNOWN;
    e->has_stamp = e->has_client = e->has_sender = e->has_recipient = e->temporary = false;
    e->id = e->name = e->sender = e->recipient = e->reason = TEXT("");
    e->used = 0;
    while (!bare && (log_scan_gap(&m) || log_scan_eat(&m, TEXT(">"))))
        continue;
    e->line = m;
    if (exim_envelope(e, line) || (!bare && log_mercury_read(e, m)))
        return;
    if (!take_stamp(e, &m, bare, &is_structured))
        return;
    e->has_stamp = true;
    e->kind = LOG_UNKNOWN;
    if (is_structured) {
        structured(e, m);
        return;
    }
    if (log_time_take(&m, &second)) /* a container's log round the server's own */
        e->stamp = second;
    log_exim_read(e, m, false); /* its own files have no host and program */
    if (e->kind != LOG_UNKNOWN)
        return;
    struct text rest = m;
    if (rest.n && rest.p[0] == '<') /* "<mail.info>", as BSD can be told to write */
        log_scan_token(&rest);
    log_scan_blanks(&rest);
    log_scan_token(&rest);
    log_scan_blanks(&rest);
    struct text program = take_program(&rest);
    by_program(e, program, rest);
    if (e->kind == LOG_UNKNOWN && e->stamp.year)
        log_exim_read(e, m, true);
}
