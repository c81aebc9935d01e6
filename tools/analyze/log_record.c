#include "log_record.h"

#include "core/base/scan.h"
#include "core/base/writer.h"
#include "log_scan.h"
#include "log_time.h"
#include "tools/lib/calendar.h"

/* The fields with the same meaning under many names, the better ones first. */
static const char *const message_names[] = {"MESSAGE", "message", "msg", "log", "@message"};
static const char *const program_names[] = {"SYSLOG_IDENTIFIER", "PROGRAM", "program",  "programname",
                                            "app-name",          "appname", "app_name", "ident",
                                            "syslogtag",         "tag"};
static const char *const time_names[] = {"_SOURCE_REALTIME_TIMESTAMP",
                                         "__REALTIME_TIMESTAMP",
                                         "time",
                                         "@timestamp",
                                         "timestamp",
                                         "timereported",
                                         "ISODATE",
                                         "DATE"};

static bool is_one_of(struct text name, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_eq(name, text_z(names[i])))
            return true;
    return false;
}

#define IS_ONE_OF(name, names) is_one_of(name, names, sizeof(names) / sizeof *(names))

static size_t copy(char *to, size_t cap, struct text from)
{
    size_t n = from.n < cap ? from.n : cap;
    memcpy(to, from.p, n);
    return n;
}

enum log_record_form log_record_form(struct text line)
{
    struct text t = text_trim(line);
    if (text_starts_nocase(t, TEXT("data: {")) || text_starts_nocase(t, TEXT("\x1e{")) ||
        (t.n && t.p[0] == '{'))
        return LOG_RECORD_JSON;
    if (text_starts_nocase(line, TEXT("__CURSOR=")))
        return LOG_RECORD_EXPORT;
    if (log_scan_find(t, 0, TEXT(" [s=")) < t.n && t.p[t.n - 1] == ']')
        return LOG_RECORD_VERBOSE;
    return LOG_RECORD_NONE;
}

/* Microseconds since 1970, as in the journal, or a date. */
static void set_time(struct log_record *r, struct text value)
{
    uint64_t micros;
    struct writer w = writer_on(r->time, sizeof r->time);
    if (value.n >= 14 && text_number(value, UINT64_MAX, &micros))
        calendar_format_utc(&w, (int64_t)(micros / 1000000));
    else
        writer_add(&w, text_of(value.p, value.n < 64 ? value.n : 64));
    r->time_size = writer_text(&w).n;
}

void log_record_value(struct log_record *r, struct text name, struct text value)
{
    if (!r->has_message && IS_ONE_OF(name, message_names)) {
        r->is_stream = text_eq(name, TEXT("log"));
        r->whole = !r->is_stream || (value.n && value.p[value.n - 1] == '\n');
        r->has_message = true;
        value.n = text_find(value, 0, '\n');
        r->message_size = copy(r->message, sizeof r->message, value);
    } else if (!r->program_size && IS_ONE_OF(name, program_names)) {
        value.n = text_find(value, 0, '[');
        if (text_find(value, 0, ' ') == value.n)
            r->program_size = copy(r->program, sizeof r->program, value);
        r->program_size -= r->program_size && r->program[r->program_size - 1] == ':';
    } else if (!r->time_size && IS_ONE_OF(name, time_names)) {
        set_time(r, value);
    }
}

static void start(struct log_record *r)
{
    r->message_size = r->program_size = r->time_size = 0;
    r->has_message = r->is_stream = r->whole = false;
}

/* Builds the line of a complete record. */
static bool finish(struct log_record *r, struct text *out)
{
    struct writer w = writer_on(r->line, sizeof r->line);
    struct text time = text_of(r->time, r->time_size);
    struct log_stamp stamp;
    if (!r->has_message)
        return false;
    if (log_time_take(&time, &stamp)) {
        writer_add(&w, text_of(r->time, r->time_size));
        writer_char(&w, ' ');
    }
    if (r->is_stream && w.n)
        writer_add(&w, r->whole ? TEXT("stdout F ") : TEXT("stdout P "));
    if (r->program_size) {
        writer_add(&w, TEXT("- "));
        writer_add(&w, text_of(r->program, r->program_size));
        writer_add(&w, TEXT("[0]: "));
    }
    writer_add(&w, text_of(r->message, r->message_size));
    *out = writer_text(&w);
    start(r);
    return true;
}

/*
 * JSON
 */

static void put_utf8(struct writer *w, unsigned c)
{
    if (c < 0x80) {
        writer_char(w, (char)c);
    } else if (c < 0x800) {
        writer_char(w, (char)(0xc0 | c >> 6));
        writer_char(w, (char)(0x80 | (c & 0x3f)));
    } else {
        writer_char(w, (char)(0xe0 | c >> 12));
        writer_char(w, (char)(0x80 | (c >> 6 & 0x3f)));
        writer_char(w, (char)(0x80 | (c & 0x3f)));
    }
}

/* Reads a string, unescaped into *W as far as there is room. Returns false if it is not closed. */
static bool take_string(struct text *t, struct writer *w)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    size_t i = 1;
    for (; i < t->n && t->p[i] != '"'; i++) {
        char c = t->p[i];
        if (c == '\\' && i + 1 < t->n) {
            c = t->p[++i];
            const char *at = memchr(from, c, sizeof from - 1);
            if (c == 'u' && i + 4 < t->n) {
                unsigned code = 0;
                for (unsigned k = 1; k <= 4; k++) {
                    int digit = scan_hex_digit((unsigned char)t->p[i + k]);
                    code = code * 16 + (digit < 0 ? 0 : (unsigned)digit);
                }
                i += 4;
                put_utf8(w, code);
                continue;
            }
            c = at ? to[at - from] : c;
        }
        writer_char(w, c);
    }
    bool closed = i < t->n;
    *t = text_skip(*t, closed ? i + 1 : t->n);
    return closed;
}

/* Reads an array or object, whatever is in it. An array of numbers is text in bytes: the journal writes
 * bytes that are not UTF-8 in this way. */
static void take_nested(struct text *t, struct writer *w)
{
    unsigned depth = 0;
    for (size_t i = 0; i < t->n; i++) {
        char c = t->p[i];
        if (c == '"') {
            char memory[4];
            struct writer ignored = writer_on(memory, sizeof memory);
            struct text rest = text_skip(*t, i);
            take_string(&rest, &ignored);
            i = t->n - rest.n - 1;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if ((c == ']' || c == '}') && --depth == 0) {
            *t = text_skip(*t, i + 1);
            return;
        } else if (depth == 1 && is_digit((unsigned char)c)) {
            unsigned byte = 0;
            for (; i < t->n && is_digit((unsigned char)t->p[i]); i++)
                byte = (byte * 10 + (unsigned)(t->p[i] - '0')) & 0xfff;
            i--;
            writer_char(w, (char)byte);
        }
    }
    *t = text_skip(*t, t->n);
}

static void skip_space(struct text *t)
{
    while (t->n && is_space((unsigned char)t->p[0]))
        *t = text_skip(*t, 1);
}

/* Reads `"name": value` and the comma after it. Returns false at the end of the object, or of what can be
 * read. */
static bool take_member(struct log_record *r, struct text *t)
{
    char name[64], value[LOG_RECORD_MESSAGE];
    struct writer n = writer_on(name, sizeof name), v = writer_on(value, sizeof value);
    skip_space(t);
    if (!t->n || t->p[0] != '"' || !take_string(t, &n))
        return false;
    skip_space(t);
    if (!log_scan_eat(t, TEXT(":")))
        return false;
    skip_space(t);
    if (t->n && t->p[0] == '"') {
        if (!take_string(t, &v))
            return false;
    } else if (t->n && strchr("[{", t->p[0])) {
        take_nested(t, &v);
    } else {
        size_t end = 0;
        while (end < t->n && !strchr(",} \t", t->p[end]))
            end++;
        writer_add(&v, text_of(t->p, end));
        *t = text_skip(*t, end);
    }
    log_record_value(r, writer_text(&n), writer_text(&v));
    skip_space(t);
    log_scan_eat(t, TEXT(","));
    return true;
}

static bool take_json(struct log_record *r, struct text line, struct text *out)
{
    struct text t = line;
    while (t.n && (is_space((unsigned char)t.p[0]) || t.p[0] == '\x1e'))
        t = text_skip(t, 1);
    log_scan_eat(&t, TEXT("data: "));
    if (log_scan_eat(&t, TEXT("{"))) {
        start(r);
    } else if (!t.n || !strchr("\"}],", t.p[0])) {
        *out = line;
        return true;
    }
    while (take_member(r, &t))
        continue;
    skip_space(&t);
    return t.n && t.p[0] == '}' && finish(r, out);
}

/*
 * Fields
 */

static bool is_name(struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!is_alnum((unsigned char)t.p[i]) && t.p[i] != '_')
            return false;
    return t.n > 0;
}

bool log_record_is_binary(const struct log_record *r, struct text line)
{
    return r->form == LOG_RECORD_EXPORT && is_name(line);
}

static void take_field(struct log_record *r, struct text line)
{
    size_t equals = text_find(line, 0, '=');
    struct text name = text_of(line.p, equals);
    if (equals < line.n && is_name(name))
        log_record_value(r, name, text_skip(line, equals + 1));
}

bool log_record_take(struct log_record *r, struct text line, struct text *out)
{
    bool done = false;
    switch (r->form) {
    case LOG_RECORD_JSON:
        return take_json(r, line, out);
    case LOG_RECORD_EXPORT:
        if (line.n == 0)
            return finish(r, out);
        take_field(r, line);
        return false;
    case LOG_RECORD_VERBOSE:
        if (line.n > 4 && memcmp(line.p, "    ", 4) == 0) {
            take_field(r, text_skip(line, 4));
            return false;
        }
        done = finish(r, out);
        start(r);
        set_time(r, text_of(line.p, log_scan_find(line, 0, TEXT(" [s="))));
        return done;
    default:
        *out = line;
        return true;
    }
}

bool log_record_end(struct log_record *r, struct text *out)
{
    return r->form != LOG_RECORD_NONE && r->form != LOG_RECORD_JSON && finish(r, out);
}
