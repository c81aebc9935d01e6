#include "log_event.h"

#include "log_scan.h"

struct text log_event_keep(struct log_event *e, struct text t)
{
    if (t.n > sizeof e->memory - e->used)
        return TEXT("");
    memcpy(e->memory + e->used, t.p, t.n);
    struct text copy = text_of(e->memory + e->used, t.n);
    e->used += t.n;
    return copy;
}

/* Archives of mailing lists write "user at example.com". */
void log_event_address(struct log_event *e, bool recipient, struct text address)
{
    address = text_trim(address);
    if (address.n > LOG_ADDRESS_MAX || (recipient && (!address.n || e->has_recipient)) ||
        (!recipient && e->has_sender))
        return;
    size_t at = log_scan_find(address, 0, TEXT(" at "));
    if (at < address.n && text_find(address, 0, '@') == address.n) {
        char memory[LOG_ADDRESS_MAX];
        struct writer w = writer_on(memory, sizeof memory);
        writer_add(&w, text_of(address.p, at));
        writer_char(&w, '@');
        writer_add(&w, text_skip(address, at + 4));
        address = log_event_keep(e, writer_text(&w));
    }
    *(recipient ? &e->recipient : &e->sender) = address;
    *(recipient ? &e->has_recipient : &e->has_sender) = true;
}

bool log_event_is_inside(const struct ip *client)
{
    static const struct ip loopback = {.byte = {[15] = 1}, .v6 = 1};
    const unsigned char *b = client->byte;
    if (client->v6)
        return ip_eq(client, &loopback) || (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
    return b[0] == 127 || b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168);
}

enum log_code log_event_code(struct text reply)
{
    unsigned code;
    struct text rest = reply;
    bool is_code = log_scan_digits(&rest, 3, &code) && (!rest.n || strchr(" -", rest.p[0])),
         is_enhanced = reply.n > 3 && reply.p[1] == '.' && is_digit((unsigned char)reply.p[2]);
    if (!is_code && !is_enhanced)
        return LOG_CODE_NONE;
    return reply.p[0] == '4' ? LOG_CODE_TEMPORARY : reply.p[0] == '5' ? LOG_CODE_FINAL : LOG_CODE_NONE;
}

void log_event_reason(struct log_event *e, struct text reply)
{
    e->reason = text_trim(reply);
    e->temporary = log_event_code(e->reason) == LOG_CODE_TEMPORARY;
}

void log_event_take_id(struct log_event *e, struct text *m)
{
    size_t n = 0;
    bool digit = false;
    for (; n < m->n && n < 32 && is_alnum((unsigned char)m->p[n]); n++)
        digit = digit || is_digit((unsigned char)m->p[n]);
    struct text id = text_of(m->p, n), rest = text_skip(*m, n);
    if (!n || !log_scan_eat(&rest, TEXT(": ")))
        return;
    if (digit)
        e->id = id;
    if (digit || text_eq(id, TEXT("NOQUEUE")))
        *m = rest;
}
