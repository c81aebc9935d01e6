#include "dialogue.h"

#include "core/gatepost.h"
#include "core/base/scan.h"
#include "core/mail/ip.h"
#include "tools/lib/calendar.h"
#include "tools/lib/output.h"

struct word {
    const char *name;
    unsigned value;
};

static const struct word directives[] = {
    {"config", ITEM_CONFIG},   {"time", ITEM_TIME},       {"wait", ITEM_WAIT}, {"label", ITEM_LABEL},
    {"connect", ITEM_CONNECT}, {"unknown", ITEM_UNKNOWN}, {"auth", ITEM_AUTH}};

static const struct word servers[] = {{"exim", SERVER_EXIM},
                                      {"exim-scan", SERVER_EXIM_SCAN},
                                      {"sendmail", SERVER_SENDMAIL},
                                      {"postfix", SERVER_POSTFIX},
                                      {"mercury", SERVER_MERCURY}};

static const struct word facts[] = {{"helo", GP_FACT_HELO},
                                    {"mail", GP_FACT_MAIL},
                                    {"rcpt", GP_FACT_RCPT},
                                    {"header", GP_FACT_ALL_FIELDS},
                                    {"name", GP_FACT_NAME}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct word *word_find(const struct word *list, size_t n, struct text t)
{
    for (size_t i = 0; i < n; i++)
        if (text_eq_nocase(text_z(list[i].name), t))
            return &list[i];
    return NULL;
}

static const char *word_near(const struct word *list, size_t n, struct text t)
{
    struct scan_near near = scan_near(t);
    for (size_t i = 0; i < n; i++)
        scan_near_try(&near, list[i].name);
    return near.name;
}

unsigned dialogue_server(struct text name)
{
    const struct word *found = word_find(servers, COUNT(servers), name);
    return found ? found->value : 0;
}

void dialogue_init(struct dialogue *d, const char *file, struct text bytes, struct report *report)
{
    *d = (struct dialogue){.file = file, .rest = bytes, .report = report};
    if (text_starts_nocase(bytes, TEXT("\xef\xbb\xbf")))
        d->rest = text_skip(bytes, 3);
    if (d->rest.n && d->rest.p[d->rest.n - 1] == 0x1A) /* Ctrl-Z, which DOS wrote at the end */
        d->rest.n--;
    /* CR ends a line if the file has no LF. */
    d->end = text_find(d->rest, 0, '\n') == d->rest.n && text_find(d->rest, 0, '\r') < d->rest.n ? '\r' : '\n';
}

/* Reports MESSAGE at the place AT within LINE. Always false. */
static bool wrong(struct dialogue *d, struct text line, const char *at, const char *message)
{
    struct error e;
    error_set(&e, d->file, d->line, (unsigned)(at - line.p) + 1, "%s", message);
    error_report(d->report, &e, false, line);
    return false;
}

/* "unknown KIND 'WORD'; did you mean 'NEAR'?" */
static bool unknown_word(struct dialogue *d, struct text line, struct text word, const char *kind,
                         const char *near, const char *help)
{
    struct error e;
    char shown[200];
    struct writer w = writer_on(shown, sizeof shown);
    output_add(&w, word, 40);
    if (near)
        error_set(&e, d->file, d->line, (unsigned)(word.p - line.p) + 1, "unknown %s '%s'; did you mean '%s'?",
                  kind, shown, near);
    else
        error_set(&e, d->file, d->line, (unsigned)(word.p - line.p) + 1, "unknown %s '%s'; %s", kind, shown,
                  help);
    error_report(d->report, &e, false, line);
    return false;
}

/* Without a comment at its end and surrounding blanks. */
static struct text strip(struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] == '#' && (i == 0 || is_blank((unsigned char)t.p[i - 1])))
            t.n = i;
    return text_trim(t);
}

static bool parse_wait(struct text t, int64_t *seconds)
{
    static const struct {
        char unit;
        unsigned seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    uint64_t count;
    for (size_t i = 0; t.n > 1 && i < COUNT(units); i++)
        if (fold((unsigned char)t.p[t.n - 1]) == (unsigned char)units[i].unit &&
            text_number(text_of(t.p, t.n - 1), 36500, &count)) {
            *seconds = (int64_t)(count * units[i].seconds);
            return true;
        }
    return false;
}

static bool parse_connect(struct dialogue *d, struct text line, struct text rest, struct item *out)
{
    struct ip ip;
    uint64_t port = 25;
    d->connected = true; /* also after an error, so that one mistake gives one message */
    d->spoken = false;
    out->text = scan_word(&rest);
    out->name = scan_word(&rest);
    struct text last = scan_word(&rest);
    if (!ip_parse(out->text, &ip))
        return wrong(
            d, line, out->text.p,
            "not an IP address; write 'connect ADDRESS NAME', with the name 'unknown' if there is none");
    if (!out->name.n)
        return wrong(d, line, out->name.p, "the client's host name is missing; write 'unknown' if it has none");
    if (last.n && (!text_number(last, 65535, &port) || port == 0))
        return wrong(d, line, last.p, "not a port number; write 1 to 65535, or nothing for port 25");
    if (text_trim(rest).n)
        return wrong(d, line, text_trim(rest).p, "too many words; write 'connect ADDRESS NAME PORT'");
    if (text_eq_nocase(out->name, TEXT("unknown")))
        out->name.n = 0;
    out->number = (int64_t)port;
    return true;
}

static bool parse_unknown(struct dialogue *d, struct text line, struct text rest, struct item *out)
{
    struct text start = rest;
    for (struct text word = scan_word(&rest); word.n; word = scan_word(&rest)) {
        const struct word *fact = word_find(facts, COUNT(facts), word);
        if (!fact)
            return unknown_word(d, line, word, "fact", word_near(facts, COUNT(facts), word),
                                "write helo, mail, rcpt, header or name");
        out->number |= fact->value;
    }
    if (!out->number)
        return wrong(d, line, start.p, "say what is unknown: helo, mail, rcpt, header or name");
    if (d->spoken)
        return wrong(d, line, line.p, "'unknown' must be before the first C: line of its session");
    return true;
}

static bool parse_directive(struct dialogue *d, struct text line, struct text rest, struct item *out)
{
    struct moment moment;
    struct text all = strip(rest);
    struct text word = scan_word(&rest);
    const struct word *found = word_find(directives, COUNT(directives), word);
    if (!found)
        return unknown_word(
            d, line, word, "directive", word_near(directives, COUNT(directives), word),
            "a line begins with C:, S:, #, connect, config, time, wait, label, unknown or auth");
    struct text value = text_trim(text_skip(all, word.n));
    out->kind = (enum item_kind)found->value;
    out->text = value;
    d->expecting = false;
    switch (out->kind) {
    case ITEM_CONFIG:
        d->connected = false;
        return value.n || wrong(d, line, value.p, "the name of a rule file is missing");
    case ITEM_TIME:
        d->connected = false;
        if (!calendar_parse_iso(value, &moment))
            return wrong(d, line, value.p,
                         "not a time; write 'time 2003-07-24T01:11:45-07:00', with an offset or Z");
        out->number = moment.seconds;
        return true;
    case ITEM_WAIT:
        return parse_wait(value, &out->number) ||
               wrong(d, line, value.p, "not a time span; write 'wait 3s' (or m, h, d)");
    case ITEM_LABEL:
        d->connected = false;
        return text_eq(value, TEXT("spam")) || text_eq(value, TEXT("ham")) ||
               wrong(d, line, value.p, "a label is 'spam' or 'ham'");
    case ITEM_CONNECT:
        return parse_connect(d, line, value, out);
    case ITEM_UNKNOWN:
        if (!d->connected)
            return wrong(d, line, word.p, "there is no session; write 'connect ADDRESS NAME' first");
        return parse_unknown(d, line, value, out);
    default:
        if (!d->connected)
            return wrong(d, line, word.p, "there is no session; write 'connect ADDRESS NAME' first");
        return !value.n || wrong(d, line, value.p, "'auth' takes no words");
    }
}

/* What follows C: or S:, without one blank. */
static struct text after_mark(struct text t)
{
    return t.n && t.p[0] == ' ' ? text_skip(t, 1) : t;
}

static bool parse_expectation(struct dialogue *d, struct text line, struct text t, struct item *out)
{
    t = text_trim(t);
    out->kind = ITEM_SERVER;
    out->text = t;
    if (!d->connected)
        return wrong(d, line, line.p, "there is no session; write 'connect ADDRESS NAME' first");
    if (text_eq(t, TEXT("closed")))
        return true;
    size_t digits = 0;
    while (digits < t.n && is_digit((unsigned char)t.p[digits]))
        digits++;
    bool sound = (digits == 3 && (t.n == 3 || t.p[3] == ' ')) || (digits == 1 && t.n == 1);
    if (!sound || t.p[0] < '2' || t.p[0] > '5')
        return wrong(d, line, t.p,
                     "not a reply; write a code (554), a code and the whole text, one digit (5), or 'closed'");
    return true;
}

/* "S@exim,sendmail: 550": T begins after the @. */
static bool parse_server_expectation(struct dialogue *d, struct text line, struct text t, struct item *out)
{
    size_t colon = text_find(t, 0, ':');
    bool alone = !d->expecting;
    if (colon == t.n)
        return wrong(d, line, t.p, "the ':' after the names of servers is missing");
    struct text names = text_of(t.p, colon);
    while (names.n) {
        size_t comma = text_find(names, 0, ',');
        struct text name = text_trim(text_of(names.p, comma));
        unsigned server = dialogue_server(name);
        if (!server)
            return unknown_word(d, line, name, "server", word_near(servers, COUNT(servers), name),
                                "servers are exim, exim-scan, sendmail, postfix and mercury");
        out->servers |= server;
        names = text_skip(names, comma + 1);
    }
    if (!out->servers)
        return wrong(d, line, t.p, "the name of a server is missing");
    if (!parse_expectation(d, line, after_mark(text_skip(t, colon + 1)), out))
        return false;
    if (alone)
        return wrong(d, line, line.p, "an S@ line replaces the S: line before it, and there is none");
    return true;
}

static bool parse_line(struct dialogue *d, struct text line, struct item *out)
{
    *out = (struct item){.line = d->line};
    if (text_starts_nocase(line, TEXT("C:"))) {
        out->kind = ITEM_CLIENT;
        out->text = after_mark(text_skip(line, 2));
        d->expecting = false;
        d->spoken = true;
        return d->connected ||
               wrong(d, line, line.p, "there is no session; write 'connect ADDRESS NAME' first");
    }
    if (text_starts_nocase(line, TEXT("S:"))) {
        d->expecting = true;
        return parse_expectation(d, line, after_mark(text_skip(line, 2)), out);
    }
    if (text_starts_nocase(line, TEXT("S@")))
        return parse_server_expectation(d, line, text_skip(line, 2), out);
    struct text rest = text_trim(line);
    if (!rest.n || rest.p[0] == '#')
        return false;
    return parse_directive(d, line, rest, out);
}

bool dialogue_next(struct dialogue *d, struct item *out)
{
    while (d->rest.n) {
        size_t end = text_find(d->rest, 0, d->end);
        struct text line = text_of(d->rest.p, end);
        d->rest = text_skip(d->rest, end + 1);
        d->line++;
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        if (parse_line(d, line, out))
            return true;
    }
    return false;
}
