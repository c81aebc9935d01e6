#include "arrival.h"

#include "tools/analyze/log_scan.h"

/* A name before an address counts as verified if it is one and no word of the server for "none". */
static struct text verified(struct text name)
{
    static const char *const none[] = {"unknown", "localhost", "may-be-forged"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (text_eq_nocase(name, text_z(none[i])))
            return TEXT("");
    for (size_t i = 0; i < name.n; i++)
        if (!is_alnum((unsigned char)name.p[i]) && !strchr(".-_", name.p[i]))
            return TEXT("");
    return text_find(name, 0, '.') < name.n ? name : TEXT("");
}

/* Takes "[192.0.2.1]" off the front of *T. */
static bool take_literal(struct text *t, struct ip *out)
{
    size_t end = text_find(*t, 0, ']');
    if (!t->n || t->p[0] != '[' || end == t->n || !log_scan_ip(text_of(t->p + 1, end - 1), out))
        return false;
    *t = text_skip(*t, end + 1);
    return true;
}

/* "1qCBoy-0003ji-G9" or, since 4.97, "1qCBoy-00000000abc-1xyz". */
static bool is_exim_id(struct text t)
{
    size_t first = text_find(t, 0, '-'), second = text_find(t, first + 1, '-');
    bool fits = (t.n == 16 && first == 6 && second == 13) || (t.n == 23 && first == 6 && second == 18);
    for (size_t i = 0; i < t.n && fits; i++)
        fits = is_alnum((unsigned char)t.p[i]) || i == first || i == second;
    return fits;
}

/* "ID <= sender H=name (helo) [192.0.2.1]:4101 …". The HELO is the client's and may hold what looks like an address; so
 * it is passed over up to its last parenthesis before a bracket that follows directly. */
static bool read_exim(struct text line, struct arrival *out)
{
    size_t at = log_scan_find(line, 0, TEXT(" <= "));
    struct text before = text_of(line.p, at), rest = text_skip(line, at + 4);
    size_t word = before.n;
    while (word && before.p[word - 1] != ' ')
        word--;
    if (at == line.n || !is_exim_id(text_skip(before, word)))
        return false;
    out->sender = log_scan_token(&rest);
    if (text_eq(out->sender, TEXT("<>")))
        out->sender = TEXT("");
    if (!log_scan_eat(&rest, TEXT("H=")))
        return false; /* of this host itself */
    if (rest.n && rest.p[0] != '(' && rest.p[0] != '[')
        out->name = verified(log_scan_token(&rest));
    if (rest.n && rest.p[0] == '(') {
        size_t close = log_scan_find(rest, 0, TEXT(") ["));
        if (close == rest.n || log_scan_find(rest, close + 1, TEXT(") [")) < rest.n)
            return false;
        rest = text_skip(rest, close + 2);
    }
    return take_literal(&rest, &out->client);
}

/* "postfix/smtpd[901]: 9BAE872A12E: client=name[192.0.2.1]" */
static bool read_postfix(struct text line, struct arrival *out)
{
    size_t at = log_scan_find(line, 0, TEXT("]: ")), name;
    struct text rest = text_skip(line, at + 3);
    size_t id = 0;
    while (id < rest.n && is_alnum((unsigned char)rest.p[id]))
        id++;
    if (id < 6)
        return false;
    rest = text_skip(rest, id);
    if (!log_scan_eat(&rest, TEXT(": client=")))
        return false;
    name = text_find(rest, 0, '[');
    out->name = verified(text_of(rest.p, name));
    rest = text_skip(rest, name);
    return take_literal(&rest, &out->client);
}

/* "ID: from=<sender>, size=…, nrcpts=1, …, relay=name [192.0.2.1] (may be forged)": relay= is the last field. */
static bool read_sendmail(const struct log_event *e, struct arrival *out)
{
    size_t nrcpts = log_scan_find_last(e->line, TEXT(", nrcpts=")),
           at = log_scan_find_last(e->line, TEXT(", relay="));
    struct text rest = text_skip(e->line, at + 8);
    if (e->kind != LOG_PART || !e->has_sender || at == e->line.n || nrcpts > at ||
        (nrcpts + 9 < e->line.n && e->line.p[nrcpts + 9] == '0'))
        return false;
    size_t bracket = text_find(rest, 0, '[');
    struct text name = text_trim(text_of(rest.p, bracket));
    rest = text_skip(rest, bracket);
    if (!take_literal(&rest, &out->client))
        return false;
    out->name = text_trim(rest).n ? TEXT("") : verified(name);
    out->sender = e->sender;
    return true;
}

bool arrival_read(const struct log_event *e, struct arrival *out)
{
    *out = (struct arrival){.name = TEXT("")};
    if (e->kind != LOG_OTHER && e->kind != LOG_PART)
        return false;
    switch (e->program) {
    case LOG_EXIM:
        return read_exim(e->line, out);
    case LOG_POSTFIX:
        return read_postfix(e->line, out);
    case LOG_SENDMAIL:
        return read_sendmail(e, out);
    default:
        return false;
    }
}
