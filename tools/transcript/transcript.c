#include "transcript.h"

#include "core/gatepost.h"
#include "core/mail/domain.h"
#include "core/mail/header.h"
#include "core/mail/mailbox.h"
#include "core/pattern/pattern.h"
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
        if (text.p[i] == '\r' || text.p[i] == '\n' || text.p[i] == '\0') {
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

/* Whether this is the line of the server that took the message in. */
static bool is_taken_in(const struct transcript *t, const struct received *r)
{
    if (!r->has_client || r->fetched)
        return false;
    if (!t->by_domain.n && !t->by_code)
        return ip_is_public(&r->client);
    /* What a server hands itself, through a filter say, it had taken in before. */
    if (is_loopback(&r->client))
        return false;
    struct text name = domain_trim(r->by);
    return (t->by_domain.n &&
            (text_eq_nocase(name, t->by_domain) ||
             (text_ends_nocase(name, t->by_domain) && name.p[name.n - t->by_domain.n - 1] == '.'))) ||
           (t->by_code && pattern_match(t->by_code, t->by_size, name));
}

/* Finds the Received field and gathers what stands above it. 1 found, 0 not, -1 out of memory. */
static int find_session(struct transcript *t, const struct mbox_message *m, struct session *s)
{
    struct text rest = m->header;
    struct text lines;
    struct text name;
    struct text delivered = text_of(NULL, 0);
    struct text original = text_of(NULL, 0);
    bool known;
    while (mbox_field(&rest, &lines, &name)) {
        bool received = text_eq_nocase(name, TEXT("Received"));
        bool path = text_eq_nocase(name, TEXT("Return-Path")) || text_eq_nocase(name, TEXT("X-Envelope-From"));
        bool first = text_eq_nocase(name, TEXT("X-Original-To")) || text_eq_nocase(name, TEXT("Envelope-To"));
        if (!received && !path && !first && !text_eq_nocase(name, TEXT("Delivered-To")))
            continue;
        struct text value = field_value(t, lines);
        if (!value.p)
            return -1;
        if (path && !s->has_sender) {
            s->has_sender = field_address(value, &s->sender);
        } else if (first) {
            field_address(value, &original);
        } else if (!received && !path) {
            field_address(value, &delivered);
        } else if (received) {
            received_parse(value, &s->received);
            if (is_taken_in(t, &s->received))
                break;
            s->received.has_client = false;
        }
    }
    if (!s->received.has_client)
        return 0;
    s->body = rest;
    s->recipient = s->received.recipient.n ? s->received.recipient : original.n ? original : delivered;
    if (s->received.has_sender) {
        s->sender = s->received.sender;
        s->has_sender = true;
    }
    /* Exchange writes Return-Path below the fields of the message. */
    while (!s->has_sender && mbox_field(&rest, &lines, &name))
        if (text_eq_nocase(name, TEXT("Return-Path"))) {
            struct text value = field_value(t, lines);
            if (!value.p)
                return -1;
            s->has_sender = field_address(value, &s->sender);
        }
    if (!s->has_sender && m->postmark.n) {
        s->sender = mbox_postmark_sender(m->postmark, &known);
        s->has_sender = known;
    }
    return 1;
}

/*
 * Whether the storing side wrote this field though it stands among the client's. Return-Path is the final
 * delivery's alone (RFC 5321 section 4.4). The others are marks that mail programs keep in their mailboxes: at
 * the end (UW IMAP, mutt, Dovecot) or on top (Mozilla). Delivered-To below the Received field stays: it is a
 * trace of a list or a forwarder, and came with the message.
 */
static bool is_added(struct text name)
{
    static const char *const names[] = {"Return-Path",
                                        "Status",
                                        "X-Status",
                                        "X-Keywords",
                                        "X-UID",
                                        "X-UIDL",
                                        "X-IMAP",
                                        "X-IMAPbase",
                                        "X-Evolution",
                                        "X-Mozilla-Status",
                                        "X-Mozilla-Status2",
                                        "X-Mozilla-Keys"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_eq_nocase(name, text_z(names[i])))
            return true;
    return false;
}

/*
 * Sendmail, Postfix and Exim give a message without Message-ID one, below their Received field, made of their
 * own queue id
 * (<200307240811.h6O8BjCE012345@janus.example.org>). The client had sent none.
 */
static bool is_own_message_id(const struct received *r, struct text name, struct text lines)
{
    return text_eq_nocase(name, TEXT("Message-ID")) && r->id.n >= 6 && text_find_nocase(lines, r->id) < lines.n;
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
    put_line(t, writer_text(&w), r->name.n ? r->name : TEXT("unknown"), text_of(NULL, 0));
    if (!r->helo.n || !s->has_sender || !s->recipient.n) {
        put(t, TEXT("unknown"));
        put(t, r->helo.n ? text_of(NULL, 0) : TEXT(" helo"));
        put(t, s->has_sender ? text_of(NULL, 0) : TEXT(" mail"));
        put(t, s->recipient.n ? text_of(NULL, 0) : TEXT(" rcpt"));
        put(t, TEXT("\n"));
    }
}

static void put_session(struct transcript *t, const char *source, unsigned number, const struct session *s)
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
        if (is_added(name))
            continue;
        if (is_own_message_id(r, name, lines))
            t->counts.own_message_id++;
        else
            put_field(t, lines);
    }
    put(t, TEXT("C:\nC: .\n"));
}

bool transcript_message(struct transcript *t, const char *source, unsigned number, const struct mbox_message *m)
{
    struct session s = {.has_sender = false};
    t->counts.messages++;
    int found = find_session(t, m, &s);
    if (found == 1) {
        t->counts.sessions++;
        t->counts.no_helo += !s.received.helo.n;
        t->counts.no_sender += !s.has_sender;
        t->counts.no_recipient += !s.recipient.n;
        t->counts.no_time += !s.received.has_time;
        put_session(t, source, number, &s);
    } else if (found == 0) {
        t->counts.no_received++;
    }
    arena_fini(&t->arena);
    return found >= 0;
}
