#include "transcript.h"

#include "core/gatepost.h"
#include "core/mail/domain.h"
#include "core/mail/header.h"
#include "core/mail/mailbox.h"
#include "core/pattern/pattern.h"
#include "added.h"
#include "received.h"

/* Unfolded fields of one message; a larger message is one that no server would have taken. */
enum { MESSAGE_CEILING = 64 << 20 };

/* What was found out about a message. */
struct session {
    struct received received;
    struct text body; /* the header below that Received field */
    struct text sender;
    bool has_sender;
    struct text recipient;
    struct text passed_to; /* the last server above that took it from the network */
    bool passed_on;        /* that is another organisation's: what it wrote is not about this session */
    struct added added;
};

void transcript_init(struct transcript *t, void (*put)(void *context, const char *bytes, size_t n),
                     void *context)
{
    *t = (struct transcript){.put = put, .context = context};
    arena_init(&t->arena, MESSAGE_CEILING);
}

void transcript_fini(struct transcript *t)
{
    arena_fini(&t->arena);
}

struct text transcript_label(struct text path)
{
    struct text label = text_of(NULL, 0);
    while (path.n) {
        size_t slash = 0;
        while (slash < path.n && path.p[slash] != '/' && path.p[slash] != '\\')
            slash++;
        struct text part = text_of(path.p, slash);
        bool spam = false;
        bool ham = false;
        for (size_t at = 0; at < part.n;) {
            size_t end = at;
            while (end < part.n && is_alpha((unsigned char)part.p[end]))
                end++;
            struct text word = text_of(part.p + at, end - at);
            spam = spam || text_eq_nocase(word, TEXT("spam"));
            ham = ham || text_eq_nocase(word, TEXT("ham"));
            at = end + 1;
        }
        if (spam != ham)
            label = spam ? TEXT("spam") : TEXT("ham");
        path = text_skip(path, slash + 1);
    }
    return label;
}

static void put(struct transcript *t, struct text text)
{
    t->put(t->context, text.p, text.n);
}

/* Text of others within a line: what would end the line or is none of a line's business becomes a blank. */
static void put_safe(struct transcript *t, struct text text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= '\r' && (text.p[i] == '\r' || text.p[i] == '\n' || text.p[i] == '\0')) {
            put(t, text_of(text.p + from, i - from));
            put(t, TEXT(" "));
            from = i + 1;
        }
    put(t, text_skip(text, from));
}

static void put_line(struct transcript *t, struct text before, struct text text, struct text after)
{
    put(t, before);
    put_safe(t, text);
    put(t, after);
    put(t, TEXT("\n"));
}

/* The field's value, unfolded. Its p is NULL when out of memory. */
static struct text field_value(struct transcript *t, struct text lines)
{
    struct text value = text_skip(lines, text_find(lines, 0, ':') + 1);
    struct text copy = arena_text(&t->arena, value);
    char *p = copy.p ? arena_alloc(&t->arena, copy.n + 1) : NULL;
    if (!p)
        return text_of(NULL, 0);
    if (copy.n)
        memcpy(p, copy.p, copy.n);
    return text_trim(text_of(p, header_unfold(p, copy.n)));
}

/* The address of a Return-Path or Delivered-To field. */
static bool field_address(struct text value, struct text *out)
{
    struct mailbox m;
    if (!mailbox_parse(value, &m) || (!m.null_sender && !m.domain.n))
        return false;
    *out = m.address;
    return true;
}

static bool is_loopback(const struct ip *ip)
{
    static const struct ip v6 = {.byte = {[15] = 1}, .v6 = 1};
    return ip->v6 ? ip_eq(ip, &v6) : ip->byte[0] == 127;
}

/* Whether `--by` means that server. */
static bool is_by(const struct transcript *t, struct text by)
{
    struct text name = domain_trim(by);
    return (t->by_domain.n &&
            (text_eq_nocase(name, t->by_domain) ||
             (text_ends_nocase(name, t->by_domain) && name.p[name.n - t->by_domain.n - 1] == '.'))) ||
           (t->by_code && pattern_match(t->by_code, t->by_size, name));
}

/* A server that hands a message to itself, under whatever address: through a filter say. */
static bool is_self(const struct received *r)
{
    return is_loopback(&r->client) || (r->has_by_ip && ip_eq(&r->client, &r->by_ip)) ||
           (r->name_state == RECEIVED_NAME_VERIFIED &&
            text_eq_nocase(domain_trim(r->name), domain_trim(r->by)));
}

enum hop { HOP_OTHER, HOP_TAKEN_IN, HOP_UNKNOWN };

/* Whether this is the field of the server that took the message in. */
static enum hop judge_hop(const struct transcript *t, const struct received *r)
{
    bool any = !t->by_domain.n && !t->by_code;
    if (!r->form && !r->fetched && (any || !r->by.n ? r->from_network : is_by(t, r->by)))
        return HOP_UNKNOWN;
    if (!r->has_client || r->fetched || is_self(r))
        return HOP_OTHER;
    return (any ? ip_is_public(&r->client) : is_by(t, r->by)) ? HOP_TAKEN_IN : HOP_OTHER;
}

/* The addresses that the fields above the session's say. */
struct delivery {
    struct text path, original, delivered;
    bool has_path;
};

/* Finds the Received field and gathers what is above it. Returns 1 found, 0 not, 2 in an unknown form (*LINES is
 * the field), -1 out of memory. */
static int find_hop(struct transcript *t, struct text *rest, struct session *s, struct delivery *d,
                    struct text *lines)
{
    struct text name;
    while (mbox_field(rest, lines, &name)) {
        bool received = text_eq_nocase(name, TEXT("Received"));
        bool path = text_eq_nocase(name, TEXT("Return-Path")) || text_eq_nocase(name, TEXT("X-Envelope-From"));
        bool first = text_eq_nocase(name, TEXT("X-Original-To")) || text_eq_nocase(name, TEXT("Envelope-To"));
        if (!received && !path && !first && !text_eq_nocase(name, TEXT("Delivered-To")))
            continue;
        struct text value = field_value(t, *lines);
        if (!value.p)
            return -1;
        if (path && !d->has_path) {
            d->has_path = field_address(value, &d->path);
        } else if (first) {
            field_address(value, &d->original);
        } else if (!received && !path) {
            field_address(value, &d->delivered);
        } else if (received) {
            received_parse(value, &s->received);
            enum hop hop = judge_hop(t, &s->received);
            if (hop != HOP_OTHER)
                return hop == HOP_TAKEN_IN ? 1 : 2;
            added_server(&s->added, s->received.by);
            if (s->received.has_client && !s->received.fetched && ip_is_public(&s->received.client) &&
                !is_self(&s->received))
                s->passed_to = s->received.by;
        }
    }
    return 0;
}

/* The envelope, from whoever wrote it down before the message went on. */
static bool find_envelope(struct transcript *t, const struct mbox_message *m, struct session *s,
                          struct delivery *d)
{
    struct text rest = s->body, lines, name;
    const struct received *r = &s->received;
    /* Exchange writes Return-Path below the fields of the message. */
    while (!d->has_path && mbox_field(&rest, &lines, &name))
        if (text_eq_nocase(name, TEXT("Return-Path"))) {
            struct text value = field_value(t, lines);
            if (!value.p)
                return false;
            d->has_path = field_address(value, &d->path);
        }
    if (!d->has_path && m->postmark.n)
        d->path = mbox_postmark_sender(m->postmark, &d->has_path);
    s->recipient = r->recipient;
    if (!s->recipient.n && !s->passed_on)
        s->recipient = d->original.n ? d->original : d->delivered;
    s->has_sender = r->has_sender;
    s->sender = r->sender;
    if (!s->has_sender && d->has_path && !s->passed_on && !added_is_resent(&s->added, d->path)) {
        s->sender = d->path;
        s->has_sender = true;
    }
    return true;
}

/* Finds the session of a message. Returns as find_hop(). */
static int find_session(struct transcript *t, const struct mbox_message *m, struct session *s,
                        struct text *lines)
{
    struct delivery d = {.has_path = false};
    struct text rest = m->header, name, body;
    int found = find_hop(t, &rest, s, &d, lines);
    if (found != 1)
        return found;
    s->body = body = rest;
    added_server(&s->added, s->received.by);
    s->passed_on = s->passed_to.n && !added_is_own(&s->added, s->passed_to);
    while (mbox_field(&body, lines, &name))
        added_look(&s->added, name, *lines);
    return find_envelope(t, m, s, &d) ? 1 : -1;
}

static void put_field(struct transcript *t, struct text lines)
{
    struct text line;
    while (mbox_line(&lines, &line))
        put_line(t, line.n && line.p[0] == '.' ? TEXT("C: .") : TEXT("C: "), line, text_of(NULL, 0));
}

static void put_head(struct transcript *t, const char *source, unsigned number, const struct session *s)
{
    char line[128];
    const struct received *r = &s->received;
    struct text label = t->label ? text_z(t->label) : transcript_label(text_z(source));
    struct writer w = writer_on(line, sizeof line);
    writer_printf(&w, ":%u", number);
    put_line(t, TEXT("\n# "), text_z(source), number ? writer_text(&w) : text_of(NULL, 0));
    if (label.n)
        put_line(t, TEXT("label "), label, text_of(NULL, 0));
    if (r->has_time) {
        w = writer_on(line, sizeof line);
        calendar_format_iso(&w, r->time);
        put_line(t, TEXT("time "), writer_text(&w), text_of(NULL, 0));
    }
    char address[IP_TEXT_MAX];
    ip_format(&r->client, address);
    w = writer_on(line, sizeof line);
    writer_printf(&w, "connect %s ", address);
    bool named = r->name_state != RECEIVED_NAME_UNKNOWN;
    put_line(t, writer_text(&w), r->name.n ? r->name : TEXT("unknown"), text_of(NULL, 0));
    if (!named || !r->helo.n || !s->has_sender || !s->recipient.n) {
        put(t, TEXT("unknown"));
        put(t, named ? text_of(NULL, 0) : TEXT(" name"));
        put(t, r->helo.n ? text_of(NULL, 0) : TEXT(" helo"));
        put(t, s->has_sender ? text_of(NULL, 0) : TEXT(" mail"));
        put(t, s->recipient.n ? text_of(NULL, 0) : TEXT(" rcpt"));
        put(t, TEXT("\n"));
    }
}

static void put_session(struct transcript *t, const char *source, unsigned number, struct session *s)
{
    const struct received *r = &s->received;
    struct text rest = s->body;
    struct text lines;
    struct text name;
    put_head(t, source, number, s);
    /* RFC 5321 section 4.4: "SMTP" says that it began with HELO; every other protocol word, and none, is taken
     * for EHLO. */
    if (r->helo.n)
        put_line(t, text_eq_nocase(r->protocol, TEXT("SMTP")) ? TEXT("C: HELO ") : TEXT("C: EHLO "), r->helo,
                 text_of(NULL, 0));
    if (r->authenticated)
        put(t, TEXT("auth\n"));
    put_line(t, TEXT("C: MAIL FROM:<"), s->sender, TEXT(">"));
    put_line(t, TEXT("C: RCPT TO:<"), s->recipient.n ? s->recipient : TEXT("postmaster"), TEXT(">"));
    put(t, TEXT("C: DATA\n"));
    while (mbox_field(&rest, &lines, &name)) {
        enum added_kind kind = added_kind(&s->added, r, name, lines);
        if (kind == ADDED_BY_STORE)
            continue;
        if (kind == ADDED_MESSAGE_ID)
            t->counts.own_message_id++;
        else if (kind == ADDED_BY_SERVER)
            t->counts.own_fields++;
        else
            put_field(t, lines);
    }
    put(t, TEXT("C:\nC: .\n"));
}

/* "PATH:N: the field on one line" */
static void put_unknown(struct transcript *t, const char *source, unsigned number, struct text lines)
{
    char colon[16];
    struct text line;
    struct writer w = writer_on(colon, sizeof colon);
    if (number)
        writer_printf(&w, ":%u", number);
    put_safe(t, text_z(source));
    put(t, writer_text(&w));
    put(t, TEXT(":"));
    while (mbox_line(&lines, &line)) {
        put(t, TEXT(" "));
        put_safe(t, text_trim(line));
    }
    put(t, TEXT("\n"));
}

bool transcript_message(struct transcript *t, const char *source, unsigned number, const struct mbox_message *m)
{
    struct session s = {.has_sender = false};
    struct text lines;
    t->counts.messages++;
    int found = find_session(t, m, &s, &lines);
    if (found == 1) {
        t->counts.sessions++;
        t->counts.no_name += s.received.name_state == RECEIVED_NAME_UNKNOWN;
        t->counts.no_helo += !s.received.helo.n;
        t->counts.no_sender += !s.has_sender;
        t->counts.no_recipient += !s.recipient.n;
        t->counts.no_time += !s.received.has_time;
        if (!t->list_unknown)
            put_session(t, source, number, &s);
    } else if (found == 2) {
        t->counts.unknown_form++;
        if (t->list_unknown)
            put_unknown(t, source, number, lines);
    } else if (found == 0) {
        t->counts.no_received++;
    }
    arena_fini(&t->arena);
    return found >= 0;
}
