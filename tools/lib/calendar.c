#include "calendar.h"

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct date {
    unsigned year, month, day, hour, minute, second;
    int offset;
};

static bool date_moment(const struct date *d, struct moment *out)
{
    static const unsigned char length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);
    if (d->year < 1900 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1 ||
        d->day > length[d->month - 1] || (d->month == 2 && d->day == 29 && !leap) || d->hour > 23 ||
        d->minute > 59 || d->second > 60 || d->offset < -24 * 60 || d->offset > 24 * 60)
        return false;
    out->seconds =
        ((days_of(d->year, d->month, d->day) * 24 + d->hour) * 60 + d->minute - d->offset) * 60 + d->second;
    out->offset = d->offset;
    return true;
}

bool calendar_seconds(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                      unsigned second, int64_t *out)
{
    struct date d = {
        .year = year, .month = month, .day = day, .hour = hour, .minute = minute, .second = second};
    struct moment m;
    if (!date_moment(&d, &m))
        return false;
    *out = m.seconds;
    return true;
}

/* Takes COUNT digits from the front of *T. */
static bool take_digits(struct text *t, size_t count, unsigned *out)
{
    uint64_t value;
    if (t->n < count || !text_number(text_of(t->p, count), 9999, &value))
        return false;
    *out = (unsigned)value;
    *t = text_skip(*t, count);
    return true;
}

static bool take_char(struct text *t, char c)
{
    if (!t->n || t->p[0] != c)
        return false;
    *t = text_skip(*t, 1);
    return true;
}

/* "+hh:mm", "+hhmm" or "Z". */
static bool take_offset(struct text *t, int *out)
{
    unsigned hours;
    unsigned minutes;
    if (take_char(t, 'Z') || take_char(t, 'z')) {
        *out = 0;
        return true;
    }
    int sign = take_char(t, '+') ? 1 : take_char(t, '-') ? -1 : 0;
    if (!sign || !take_digits(t, 2, &hours))
        return false;
    take_char(t, ':');
    if (!take_digits(t, 2, &minutes) || minutes > 59)
        return false;
    *out = sign * (int)(hours * 60 + minutes);
    return true;
}

bool calendar_parse_iso(struct text t, struct moment *out)
{
    struct date d = {0};
    return take_digits(&t, 4, &d.year) && take_char(&t, '-') && take_digits(&t, 2, &d.month) &&
           take_char(&t, '-') && take_digits(&t, 2, &d.day) &&
           (take_char(&t, 'T') || take_char(&t, 't') || take_char(&t, ' ')) && take_digits(&t, 2, &d.hour) &&
           take_char(&t, ':') && take_digits(&t, 2, &d.minute) && take_char(&t, ':') &&
           take_digits(&t, 2, &d.second) && take_offset(&t, &d.offset) && t.n == 0 && date_moment(&d, out);
}

unsigned calendar_month(struct text t)
{
    static const char *const names[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
    for (unsigned i = 0; t.n >= 3 && i < 12; i++)
        if (text_starts_nocase(text_z(names[i]), t))
            return i + 1;
    return 0;
}

/* The zones of RFC 5322 section 4.3, and those that servers around the world wrote before it. */
static bool named_zone(struct text t, int *offset)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6},  {"CDT", -5},  {"MST", -7}, {"MDT", -6},
                 {"PST", -8}, {"PDT", -7}, {"CET", 1},   {"MET", 1},   {"CEST", 2}, {"MEST", 2},
                 {"BST", 1},  {"JST", 9},  {"HST", -10}, {"AKST", -9}, {"AKDT", -8}};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
        if (text_eq_nocase(t, text_z(zones[i].name))) {
            *offset = zones[i].hours * 60;
            return true;
        }
    *offset = 0;
    return t.n > 0 && is_alpha((unsigned char)t.p[0]);
}

/* The next word; blanks and commas separate words, a comment ends the text. */
static struct text take_word(struct text *t)
{
    while (t->n && (is_space((unsigned char)t->p[0]) || t->p[0] == ','))
        *t = text_skip(*t, 1);
    size_t n = 0;
    while (n < t->n && !is_space((unsigned char)t->p[n]) && t->p[n] != ',' && t->p[n] != '(')
        n++;
    struct text word = text_of(t->p, n);
    *t = text_skip(*t, n);
    return word;
}

/* "01:11", "01:11:45", also with one digit for the hour. */
static bool clock_time(struct text t, struct date *d)
{
    uint64_t hour;
    size_t colon = text_find(t, 0, ':');
    if (colon == t.n || !colon || colon > 2 || !text_number(text_of(t.p, colon), 23, &hour))
        return false;
    d->hour = (unsigned)hour;
    t = text_skip(t, colon + 1);
    if (!take_digits(&t, 2, &d->minute))
        return false;
    return !take_char(&t, ':') || take_digits(&t, 2, &d->second);
}

bool calendar_parse_mail(struct text t, struct moment *out)
{
    struct date d = {0};
    bool timed = false;
    bool zoned = false;
    bool dated = false;
    for (struct text word = take_word(&t); word.n; word = take_word(&t)) {
        uint64_t number;
        if (!timed && clock_time(word, &d)) {
            timed = true;
        } else if (!d.month && calendar_month(word)) {
            d.month = calendar_month(word);
        } else if (text_number(word, 9999, &number)) {
            if (!d.day && word.n <= 2) {
                d.day = (unsigned)number;
            } else if (!dated && word.n >= 2) {
                /* RFC 5322 section 4.3: two digits up to 49 are in this century; three count from 1900. */
                d.year = (unsigned)(word.n == 2 && number < 50 ? number + 2000
                                    : word.n < 4               ? number + 1900
                                                               : number);
                dated = true;
            }
        } else if (timed && !zoned && (word.p[0] == '+' || word.p[0] == '-')) {
            struct text zone = word;
            zoned = take_offset(&zone, &d.offset);
        } else if (timed && !zoned && dated) {
            zoned = named_zone(word, &d.offset);
        }
    }
    return timed && dated && date_moment(&d, out);
}

/* Date and time of day, as a clock in that zone shows them. */
static void format_wall(struct writer *w, int64_t local)
{
    int64_t days = local / 86400 - (local % 86400 < 0);
    unsigned second = (unsigned)(local - days * 86400);
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned slot = (5 * of_year + 2) / 153;
    unsigned month = slot < 10 ? slot + 3 : slot - 9;
    int64_t year = era * 400 + year_of_era + (month <= 2);
    writer_printf(w, "%04lld-%02u-%02uT%02u:%02u:%02u", (long long)year, month,
                  of_year - (153 * slot + 2) / 5 + 1, second / 3600, second / 60 % 60, second % 60);
}

void calendar_format_iso(struct writer *w, struct moment m)
{
    unsigned offset = (unsigned)(m.offset < 0 ? -m.offset : m.offset);
    format_wall(w, m.seconds + (int64_t)m.offset * 60);
    writer_printf(w, "%c%02u:%02u", m.offset < 0 ? '-' : '+', offset / 60, offset % 60);
}

void calendar_format_utc(struct writer *w, int64_t seconds)
{
    format_wall(w, seconds);
    writer_char(w, 'Z');
}
