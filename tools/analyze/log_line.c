#include "log_line.h"

#include "log_scan.h"

/* A copy that outlives the buffer it stands in now; empty if there is no room, which cannot be: each part is
 * bounded. */
static struct text keep(struct log_event *e, struct text t)
{
    if (t.n > sizeof e->memory - e->used)
        return TEXT("");
    memcpy(e->memory + e->used, t.p, t.n);
    struct text copy = text_of(e->memory + e->used, t.n);
    e->used += t.n;
    return copy;
}

/* Archives of mailing lists write "user at example.com". */
void logline_address(struct log_event *e, bool recipient, struct text address)
{
    address = text_trim(address);
    if (address.n > LOG_ADDRESS_MAX || (recipient && (!address.n || e->has_recipient)) ||
        (!recipient && e->has_sender))
        return;
    size_t at = scan_find(address, 0, TEXT(" at "));
    if (at < address.n && text_find(address, 0, '@') == address.n) {
        char memory[LOG_ADDRESS_MAX];
        struct writer w = writer_on(memory, sizeof memory);
        writer_add(&w, text_of(address.p, at));
        writer_char(&w, '@');
        writer_add(&w, text_skip(address, at + 4));
        address = keep(e, writer_text(&w));
    }
    *(recipient ? &e->recipient : &e->sender) = address;
    *(recipient ? &e->has_recipient : &e->has_sender) = true;
}

void logline_reason(struct log_event *e, struct text reply)
{
    unsigned code;
    struct text rest = reply = text_trim(reply);
    e->reason = reply;
    e->temporary = reply.n && reply.p[0] == '4' &&
                   (scan_digits(&rest, 3, &code) ||
                    (rest.n > 3 && rest.p[1] == '.' && is_digit((unsigned char)rest.p[2])));
}

/* The value of a field of our own lines: quoted with escapes, or bare. It is unescaped into *W. */
static bool take_value(struct text *t, struct writer *w)
{
    if (!scan_eat(t, TEXT("\""))) {
        writer_add(w, scan_token(t));
        return true;
    }
    size_t i = 0;
    for (; i < t->n && t->p[i] != '"'; i++) {
        uint64_t high;
        if (t->p[i] != '\\' || i + 1 == t->n) {
            writer_char(w, t->p[i]);
        } else if (t->p[++i] != 'x') {
            writer_char(w, t->p[i]);
        } else if (i + 2 < t->n) {
            unsigned byte = 0;
            for (unsigned k = 1; k <= 2; k++) {
                unsigned char c = fold((unsigned char)t->p[i + k]);
                if (text_number(text_of((const char *)&c, 1), 9, &high))
                    byte = byte * 16 + (unsigned)high;
                else if (c >= 'a' && c <= 'f')
                    byte = byte * 16 + c - 'a' + 10;
                else
                    return false;
            }
            writer_char(w, (char)byte);
            i += 2;
        }
    }
    bool closed = i < t->n;
    *t = text_skip(*t, i + 1);
    return closed;
}

/* "refuse phase=helo client=203.0.113.9 helo="mail.example.com" rule=gatepost.conf:3 reply="554 ..."". What
 * would only have been refused, and what `log` rules say, is of no concern. */
void logline_gatepost(struct log_event *e, struct text m)
{
    struct text action = scan_token(&m);
    e->program = LOG_GATEPOST;
    e->kind = LOG_OTHER;
    if (!text_eq(action, TEXT("fail")) && !text_eq(action, TEXT("refuse")) && !text_eq(action, TEXT("close")) &&
        !text_eq(action, TEXT("drop")))
        return;
    e->reason = action;
    for (;;) {
        char memory[1024];
        struct writer value = writer_on(memory, sizeof memory);
        scan_blanks(&m);
        size_t end = text_find(m, 0, '=');
        struct text key = text_of(m.p, end);
        if (end == m.n || text_find(key, 0, ' ') < key.n)
            break;
        m = text_skip(m, end + 1);
        if (!take_value(&m, &value))
            break;
        struct text v = writer_text(&value);
        if (text_eq(key, TEXT("client")))
            e->has_client = ip_parse(v, &e->client);
        else if (text_eq(key, TEXT("from")) && v.n <= LOG_ADDRESS_MAX)
            logline_address(e, false, keep(e, v));
        else if (text_eq(key, TEXT("to")) && v.n <= LOG_ADDRESS_MAX)
            logline_address(e, true, keep(e, v));
        else if (text_eq(key, TEXT("reply")))
            logline_reason(e, keep(e, text_of(v.p, v.n < LOG_REASON_MAX ? v.n : LOG_REASON_MAX)));
    }
    e->kind = LOG_REFUSAL;
}

/* MercuryS: a letter, date, time, session, text. Returns whether it is such a line. */
static bool mercury(struct log_event *e, struct text line)
{
    struct text m = line;
    if (!m.n || !is_alpha((unsigned char)m.p[0]))
        return false;
    m = text_skip(m, 1);
    if (!scan_gap(&m) || !logtime_take_mercury(&m, &e->stamp))
        return false;
    while (m.n && (is_digit((unsigned char)m.p[0]) ||
                   (is_alpha((unsigned char)m.p[0]) && fold((unsigned char)m.p[0]) <= 'f')))
        m = text_skip(m, 1);
    if (!scan_gap(&m))
        return false;
    e->has_stamp = true;
    e->program = LOG_MERCURY;
    e->kind = LOG_OTHER;
    e->line = line;
    m = text_trim(m);
    bool host = scan_eat(&m, TEXT("Host "));
    if (!host && !scan_eat(&m, TEXT("Connection from ")))
        return true;
    struct text name = scan_token(&m);
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
    scan_eat(m, TEXT(":"));
    scan_blanks(m);
    return program;
}

static void through_exim(struct log_event *e, struct text m)
{
    e->program = LOG_EXIM;
    logline_exim(e, m, true);
    if (e->kind == LOG_UNKNOWN)
        e->kind = LOG_OTHER;
}

static void by_program(struct log_event *e, struct text program, struct text m)
{
    if (scan_eat(&m, TEXT("gatepost: ")) || text_eq(program, TEXT("gatepost")))
        logline_gatepost(e, m);
    else if (text_starts_nocase(program, TEXT("postfix")) || text_ends_nocase(program, TEXT("/smtpd")) ||
             text_ends_nocase(program, TEXT("/cleanup")) || text_ends_nocase(program, TEXT("/postscreen")))
        logline_postfix(e, m);
    else if (text_starts_nocase(program, TEXT("sm-")) || text_starts_nocase(program, TEXT("sendmail")) ||
             text_ends_nocase(program, TEXT("sendmail")) || text_ends_nocase(program, TEXT("mta")))
        logline_sendmail(e, m);
    else if (text_starts_nocase(program, TEXT("exim")))
        through_exim(e, m);
}

/* RFC 5424 section 6, behind "<22>1 " and the stamp: host, program, process, message id, data. */
static void structured(struct log_event *e, struct text m)
{
    scan_token(&m);
    struct text program = scan_token(&m);
    scan_token(&m);
    scan_token(&m);
    if (!scan_eat(&m, TEXT("-")))
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
    scan_blanks(&m);
    scan_eat(&m, TEXT("\xEF\xBB\xBF"));
    by_program(e, program, m);
}

/* The fields in front of the entry that Exim's reject log shows below a refused message. */
static bool exim_envelope(struct log_event *e, struct text line)
{
    struct text address;
    bool recipient = scan_eat(&line, TEXT("Envelope-to: "));
    if ((!recipient && !scan_eat(&line, TEXT("Envelope-from: "))) || !scan_bracketed(&line, &address))
        return false;
    e->kind = LOG_PART;
    e->program = LOG_EXIM;
    logline_address(e, recipient, address);
    return true;
}

/* Takes the stamp, with what syslog puts before it on its way or, unless `bare`, grep. */
static bool take_stamp(struct log_event *e, struct text *m, bool bare, bool *is_structured)
{
    unsigned number;
    if (scan_eat(m, TEXT("<"))) {
        size_t digits = 0;
        while (digits < m->n && digits < 3 && is_digit((unsigned char)m->p[digits]))
            digits++;
        if (!scan_digits(m, digits, &number) || !scan_eat(m, TEXT(">")))
            return false;
        *is_structured = scan_eat(m, TEXT("1 "));
    }
    if (logtime_take(m, &e->stamp))
        return true;
    size_t colon = text_find(*m, 0, ':');
    if (bare || *is_structured || colon == m->n || text_find(text_of(m->p, colon), 0, ' ') < colon)
        return false;
    *m = text_skip(*m, colon + 1);
    e->line = *m;
    return logtime_take(m, &e->stamp);
}

void logline_read(struct text line, bool bare, struct log_event *e)
{
    struct log_stamp second;
    struct text m = line;
    bool is_structured = false;
    e->kind = bare ? LOG_OTHER : LOG_UNKNOWN;
    e->has_stamp = e->has_client = e->has_sender = e->has_recipient = e->temporary = false;
    e->id = e->name = e->sender = e->recipient = e->reason = TEXT("");
    e->used = 0;
    while (!bare && (scan_gap(&m) || scan_eat(&m, TEXT(">"))))
        continue;
    e->line = m;
    if (exim_envelope(e, line) || (!bare && mercury(e, m)))
        return;
    if (!take_stamp(e, &m, bare, &is_structured))
        return;
    e->has_stamp = true;
    e->kind = LOG_UNKNOWN;
    if (is_structured) {
        structured(e, m);
        return;
    }
    if (logtime_take(&m, &second)) /* a container's log round the server's own */
        e->stamp = second;
    logline_exim(e, m, false); /* its own files have no host and program */
    if (e->kind != LOG_UNKNOWN)
        return;
    struct text rest = m;
    if (rest.n && rest.p[0] == '<') /* "<mail.info>", as BSD can be told to write */
        scan_token(&rest);
    scan_blanks(&rest);
    scan_token(&rest);
    scan_blanks(&rest);
    struct text program = take_program(&rest);
    by_program(e, program, rest);
    if (e->kind == LOG_UNKNOWN && e->stamp.year)
        logline_exim(e, m, true);
}
