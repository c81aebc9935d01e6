/* The lines that gatepost itself writes into the log of its server. */
#include "log_servers.h"

#include "log_scan.h"

/* The value of a field of our own lines: quoted with escapes, or bare. It is unescaped into *W. */
static bool take_value(struct text *t, struct writer *w)
{
    if (!log_scan_eat(t, TEXT("\""))) {
        writer_add(w, log_scan_token(t));
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

bool log_gatepost_field(struct text *rest, struct text *key, struct writer *value)
{
    log_scan_blanks(rest);
    size_t end = text_find(*rest, 0, '=');
    *key = text_of(rest->p, end);
    value->n = 0;
    value->p[0] = '\0';
    if (end == rest->n || text_find(*key, 0, ' ') < key->n)
        return false;
    *rest = text_skip(*rest, end + 1);
    return take_value(rest, value);
}

/* "refuse phase=helo client=203.0.113.9 helo="mail.example.com" rule=gatepost.conf:3 reply="554 ..."". What
 * would only have been refused, and what `log` rules say, is of no concern. */
void log_gatepost_read(struct log_event *e, struct text m)
{
    e->own = m;
    struct text action = log_scan_token(&m);
    e->program = LOG_GATEPOST;
    e->kind = LOG_OTHER;
    if (!text_eq(action, TEXT("fail")) && !text_eq(action, TEXT("refuse")) && !text_eq(action, TEXT("close")) &&
        !text_eq(action, TEXT("drop")) && !text_eq(action, TEXT("hold")))
        return;
    e->reason = action;
    char memory[1024];
    struct writer value = writer_on(memory, sizeof memory);
    struct text key;
    while (log_gatepost_field(&m, &key, &value)) {
        struct text v = writer_text(&value);
        if (text_eq(key, TEXT("client")))
            e->has_client = ip_parse(v, &e->client);
        else if (text_eq(key, TEXT("from")) && v.n <= LOG_ADDRESS_MAX)
            log_event_address(e, false, log_event_keep(e, v));
        else if (text_eq(key, TEXT("to")) && v.n <= LOG_ADDRESS_MAX)
            log_event_address(e, true, log_event_keep(e, v));
        else if (text_eq(key, TEXT("reply")))
            log_event_reason(e, log_event_keep(e, text_of(v.p, v.n < LOG_REASON_MAX ? v.n : LOG_REASON_MAX)));
    }
    e->kind = LOG_REFUSAL;
}
