#include "log_time.h"

#include "tools/lib/calendar.h"
#include "core/base/scan.h"
#include "log_scan.h"

enum { DAY = 86400, HALF_YEAR = 183 * DAY };

/* "01:11:45", and a fraction. */
static bool take_clock(struct text *t, struct log_stamp *s)
{
    if (!log_scan_digits(t, 2, &s->hour) || !log_scan_eat(t, TEXT(":")) || !log_scan_digits(t, 2, &s->minute) ||
        !log_scan_eat(t, TEXT(":")) || !log_scan_digits(t, 2, &s->second))
        return false;
    if (t->n && (t->p[0] == '.' || t->p[0] == ','))
        do
            *t = text_skip(*t, 1);
        while (t->n && is_digit((unsigned char)t->p[0]));
    return true;
}

static bool ends_word(struct text t)
{
    return !t.n || is_blank((unsigned char)t.p[0]);
}

/* "Z", "+02:00", "-0700", "+02". */
static void skip_zone(struct text *t)
{
    struct text rest = *t;
    unsigned number;
    if (log_scan_eat(&rest, TEXT("Z"))) {
        if (ends_word(rest))
            *t = rest;
        return;
    }
    if ((!log_scan_eat(&rest, TEXT("+")) && !log_scan_eat(&rest, TEXT("-"))) ||
        !log_scan_digits(&rest, 2, &number))
        return;
    if (!ends_word(rest)) {
        log_scan_eat(&rest, TEXT(":"));
        if (!log_scan_digits(&rest, 2, &number))
            return;
    }
    if (ends_word(rest))
        *t = rest;
}

/* A zone after a blank: "+0000", or one of the names that `date` prints. A host may not have such a name. */
static void skip_named_zone(struct text *t)
{
    static const char *const names[] = {"UTC", "GMT", "CET", "CEST", "EET",  "EEST", "WET", "WEST",
                                        "BST", "IST", "MSK", "EST",  "EDT",  "CST",  "CDT", "MST",
                                        "MDT", "PST", "PDT", "JST",  "AEST", "AEDT"};
    struct text rest = *t;
    if (t->n < 4 || t->p[0] != ' ' ||
        !(strchr("+-", t->p[1]) || (t->p[1] >= 'A' && t->p[1] <= 'Z' && t->p[2] <= 'Z')))
        return;
    rest = text_skip(rest, 1);
    struct text zone = rest, word = log_scan_token(&rest);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_eq(word, text_z(names[i]))) {
            *t = text_skip(zone, word.n);
            return;
        }
    size_t before = zone.n;
    skip_zone(&zone);
    if (zone.n < before)
        *t = zone;
}

/* "2003-07-24T01:11:45.123-07:00", "2003-07-24 01:11:45 -0700", "2003/07/24 01:11:45". */
static bool take_iso(struct text *t, struct log_stamp *s)
{
    if (!log_scan_digits(t, 4, &s->year))
        return false;
    struct text mark = log_scan_eat(t, TEXT("/")) ? TEXT("/") : TEXT("-");
    if ((mark.p[0] == '-' && !log_scan_eat(t, mark)) || !log_scan_digits(t, 2, &s->month) ||
        !log_scan_eat(t, mark) || !log_scan_digits(t, 2, &s->day) ||
        !(log_scan_eat(t, TEXT("T")) || log_scan_eat(t, TEXT(" "))) || !take_clock(t, s))
        return false;
    skip_zone(t);
    skip_named_zone(t);
    return true;
}

static bool take_year(struct text *t, struct log_stamp *s)
{
    struct text rest = *t;
    unsigned year;
    if (!log_scan_digits(&rest, 4, &year) || year < 1970 || !ends_word(rest))
        return false;
    log_scan_eat(&rest, TEXT(" "));
    s->year = year;
    *t = rest;
    return true;
}

/* "Jul 24 01:11:45", "Jul  4 01:11:45", "Jul 24 2003 01:11:45", "2003 Jul 24 01:11:45", "Jul 24 01:11:45 2003". */
static bool take_syslog(struct text *t, struct log_stamp *s)
{
    s->year = 0;
    bool first = t->n && is_digit((unsigned char)t->p[0]);
    if ((first && !take_year(t, s)) || t->n < 4 || !is_blank((unsigned char)t->p[3]))
        return false;
    s->month = calendar_month(text_of(t->p, 3));
    if (!s->month)
        return false;
    *t = text_skip(*t, 4);
    log_scan_blanks(t);
    struct text day = log_scan_token(t);
    uint64_t number;
    if (day.n > 2 || !text_number(day, 31, &number))
        return false;
    s->day = (unsigned)number;
    if (!first)
        take_year(t, s);
    if (!take_clock(t, s))
        return false;
    skip_zone(t);
    skip_named_zone(t);
    struct text rest = *t;
    if (!s->year && log_scan_eat(&rest, TEXT(" ")) && take_year(&rest, s))
        *t = rest.p > t->p && rest.n ? text_of(rest.p - 1, rest.n + 1) : rest;
    return true;
}

static void from_seconds(uint64_t seconds, struct log_stamp *s)
{
    char memory[40];
    struct writer w = writer_on(memory, sizeof memory);
    calendar_format_utc(&w, (int64_t)seconds);
    struct text t = writer_text(&w);
    take_iso(&t, s);
}

/* "1059034305.123456", as in `journalctl -o short-unix`. */
static bool take_epoch(struct text *t, struct log_stamp *s)
{
    struct text rest = *t;
    uint64_t seconds;
    if (rest.n < 10 || !text_number(text_of(rest.p, 10), UINT32_MAX, &seconds))
        return false;
    rest = text_skip(rest, 10);
    if (log_scan_eat(&rest, TEXT(".")))
        while (rest.n && is_digit((unsigned char)rest.p[0]))
            rest = text_skip(rest, 1);
    if (!ends_word(rest))
        return false;
    from_seconds(seconds, s);
    *t = rest;
    return true;
}

/* "@400000003f1f9a0b2c3d4e5f" (TAI64N), as in multilog and s6-log: seconds since 1970, plus ten. */
static bool take_tai(struct text *t, struct log_stamp *s)
{
    struct text rest = *t;
    uint64_t seconds = 0;
    if (rest.n < 25 || !log_scan_eat(&rest, TEXT("@40000000")))
        return false;
    for (size_t i = 0; i < 16; i++) {
        int digit = scan_hex_digit((unsigned char)rest.p[i]);
        if (digit < 0)
            return false;
        seconds = i < 8 ? seconds * 16 + (unsigned)digit : seconds;
    }
    rest = text_skip(rest, 16);
    if (!ends_word(rest) || seconds < 10)
        return false;
    from_seconds(seconds - 10, s);
    *t = rest;
    return true;
}

/* "Thu ", "Thu, " before a date. */
static void skip_weekday(struct text *t)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (size_t i = 0; i < 7; i++) {
        struct text rest = *t;
        if (!log_scan_eat(&rest, text_of(days[i], 3)))
            continue;
        log_scan_eat(&rest, TEXT(","));
        if (log_scan_eat(&rest, TEXT(" ")))
            *t = rest;
        return;
    }
}

bool log_time_take(struct text *t, struct log_stamp *out)
{
    struct text rest = *t;
    struct log_stamp s = {.year = 0};
    bool taken = false;
    if (!rest.n)
        return false;
    if (rest.p[0] >= 'F' && rest.p[0] <= 'W')
        skip_weekday(&rest);
    if (rest.n > 4 && is_digit((unsigned char)rest.p[0]))
        taken = rest.p[4] == ' '                       ? take_syslog(&rest, &s)
                : rest.p[4] == '-' || rest.p[4] == '/' ? take_iso(&rest, &s)
                                                       : take_epoch(&rest, &s);
    else if (rest.n)
        taken = rest.p[0] == '@' ? take_tai(&rest, &s) : take_syslog(&rest, &s);
    if (!taken || !ends_word(rest))
        return false;
    *t = text_skip(rest, 1);
    *out = s;
    return true;
}

bool log_time_take_mercury(struct text *t, struct log_stamp *out)
{
    struct text rest = *t;
    struct log_stamp s;
    if (!log_scan_digits(&rest, 4, &s.year) || !log_scan_digits(&rest, 2, &s.month) ||
        !log_scan_digits(&rest, 2, &s.day) || !log_scan_gap(&rest) || !log_scan_digits(&rest, 2, &s.hour) ||
        !log_scan_digits(&rest, 2, &s.minute) || !log_scan_digits(&rest, 2, &s.second) || !log_scan_gap(&rest))
        return false;
    *t = rest;
    *out = s;
    return true;
}

static bool seconds_in(const struct log_stamp *s, unsigned year, int64_t *out)
{
    return calendar_seconds(year, s->month, s->day, s->hour, s->minute, s->second, out);
}

/* A clock may be in any zone: up to a day ahead is not the future. */
static bool is_future(const struct log_years *y, int64_t t)
{
    return !y->first_year && t > y->now + DAY;
}

/* Eight years without a 29 February are possible (1896 to 1904). */
static bool first_year(const struct log_years *y, const struct log_stamp *s, unsigned *year, int64_t *out)
{
    if (y->first_year) {
        *year = y->first_year;
        return seconds_in(s, *year, out);
    }
    *year = 1971 + (unsigned)((y->now > 0 ? y->now : 0) / 31556952);
    for (unsigned i = 0; i < 10; i++, (*year)--)
        if (seconds_in(s, *year, out) && !is_future(y, *out))
            return true;
    return false;
}

static uint64_t distance(int64_t a, int64_t b)
{
    return (uint64_t)(a > b ? a - b : b - a);
}

static bool nearest_year(const struct log_years *y, const struct log_stamp *s, unsigned *year, int64_t *out)
{
    bool found = false;
    if (seconds_in(s, y->year, out) && distance(*out, y->last) < HALF_YEAR && !is_future(y, *out)) {
        *year = y->year;
        return true;
    }
    for (unsigned candidate = y->year - 1; candidate <= y->year + 1; candidate++) {
        int64_t t;
        if (!seconds_in(s, candidate, &t) || is_future(y, t) ||
            (found && distance(t, y->last) >= distance(*out, y->last)))
            continue;
        found = true;
        *out = t;
        *year = candidate;
    }
    return found;
}

bool log_time_resolve(struct log_years *y, const struct log_stamp *s, int64_t *seconds)
{
    unsigned year = s->year;
    if (year ? !seconds_in(s, year, seconds)
             : !(y->begun ? nearest_year(y, s, &year, seconds) : first_year(y, s, &year, seconds)))
        return false;
    y->begun = true;
    y->year = year;
    y->last = *seconds;
    return true;
}

void log_time_format(struct writer *w, int64_t seconds)
{
    char memory[40];
    struct writer iso = writer_on(memory, sizeof memory);
    calendar_format_iso(&iso, (struct moment){.seconds = seconds});
    writer_add(w, text_of(memory, 10));
    writer_char(w, ' ');
    writer_add(w, text_of(memory + 11, 8));
}
