#include "log_time.h"

#include "tools/lib/calendar.h"
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

/* "Z", "+02:00", "-0700". */
static void skip_zone(struct text *t)
{
    struct text rest = *t;
    unsigned number;
    if (log_scan_eat(&rest, TEXT("Z")) ||
        ((log_scan_eat(&rest, TEXT("+")) || log_scan_eat(&rest, TEXT("-"))) &&
         log_scan_digits(&rest, 2, &number) &&
         (log_scan_eat(&rest, TEXT(":")), log_scan_digits(&rest, 2, &number))))
        if (!rest.n || is_blank((unsigned char)rest.p[0]))
            *t = rest;
}

/* "2003-07-24T01:11:45.123-07:00", "2003-07-24 01:11:45 -0700". */
static bool take_iso(struct text *t, struct log_stamp *s)
{
    if (!log_scan_digits(t, 4, &s->year) || !log_scan_eat(t, TEXT("-")) || !log_scan_digits(t, 2, &s->month) ||
        !log_scan_eat(t, TEXT("-")) || !log_scan_digits(t, 2, &s->day) ||
        !(log_scan_eat(t, TEXT("T")) || log_scan_eat(t, TEXT(" "))) || !take_clock(t, s))
        return false;
    skip_zone(t);
    struct text zone = *t;
    if (log_scan_eat(&zone, TEXT(" "))) {
        size_t before = zone.n;
        skip_zone(&zone);
        if (zone.n < before)
            *t = zone;
    }
    return true;
}

/* "Jul 24 01:11:45", "Jul  4 01:11:45", "Jul 24 2003 01:11:45". */
static bool take_syslog(struct text *t, struct log_stamp *s)
{
    if (t->n < 4 || !is_blank((unsigned char)t->p[3]))
        return false;
    s->month = calendar_month(text_of(t->p, 3));
    if (!s->month)
        return false;
    *t = text_skip(*t, 4);
    log_scan_blanks(t);
    struct text day = log_scan_token(t), rest = *t;
    uint64_t number;
    if (day.n > 2 || !text_number(day, 31, &number))
        return false;
    s->day = (unsigned)number;
    if (log_scan_digits(&rest, 4, &s->year) && log_scan_eat(&rest, TEXT(" ")))
        *t = rest;
    else
        s->year = 0;
    return take_clock(t, s);
}

bool log_time_take(struct text *t, struct log_stamp *out)
{
    struct text rest = *t;
    struct log_stamp s = {.year = 0};
    bool taken = rest.n && (is_digit((unsigned char)rest.p[0]) ? take_iso(&rest, &s) : take_syslog(&rest, &s));
    if (!taken || (rest.n && !is_blank((unsigned char)rest.p[0])))
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

/* A clock may be of any zone: up to a day ahead is not the future. */
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
